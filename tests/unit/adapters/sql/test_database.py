from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Connection, event, text

from ordo.adapters.sql.database import Database
from ordo.adapters.sql.file import SqliteFile
from ordo.domain.errors import ErrorCode, Invalid, Unavailable

INSERT = text("INSERT INTO note VALUES (:value)")
SELECT = text("SELECT value FROM note ORDER BY rowid")


def note(value: object) -> Callable[[Connection], object]:
    def run(connection: Connection) -> object:
        connection.execute(INSERT, {"value": value})
        return value

    return run


def notes(connection: Connection) -> list[object]:
    return list(connection.execute(SELECT).scalars())


def pragma(name: str) -> Callable[[Connection], object]:
    return lambda connection: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one_or_none()


class Barrier:
    """A job that holds the writer until it is let go, so that what is queued meanwhile makes one batch."""

    def __init__(self) -> None:
        self._entered, self._released = Event(), Event()

    def __call__(self, _connection: Connection) -> None:
        self._entered.set()
        self._released.wait()

    async def entered(self) -> None:
        await asyncio.to_thread(self._entered.wait)

    def release(self) -> None:
        self._released.set()


@pytest.fixture
async def barrier(database: Database) -> AsyncIterator[Barrier]:
    await database.write(lambda connection: connection.execute(text("CREATE TABLE note (value TEXT NOT NULL)")))
    barrier = Barrier()
    holding = asyncio.create_task(database.write(barrier))
    await barrier.entered()
    yield barrier
    barrier.release()
    await holding


def writing(database: Database) -> Connection:
    """The connection of the writer."""
    assert isinstance(database._medium, SqliteFile)
    assert database._medium._writer is not None
    connection = database._medium._writer._connection
    assert connection is not None
    return connection


@pytest.fixture
def commits(database: Database) -> list[str]:
    """What the writer has committed and rolled back since."""
    seen: list[str] = []
    connection = writing(database)
    event.listen(connection.engine, "commit", lambda _: seen.append("commit"))
    event.listen(connection.engine, "rollback", lambda _: seen.append("rollback"))
    return seen


def queue(database: Database, *jobs: Callable[[Connection], object]) -> list[asyncio.Task[object]]:
    return [asyncio.create_task(database.write(job)) for job in jobs]


async def settle(tasks: list[asyncio.Task[object]]) -> list[object]:
    return await asyncio.gather(*tasks, return_exceptions=True)


def broken(connection: Connection) -> None:
    connection.execute(INSERT, {"value": "half done"})
    raise LookupError("the job's own error")


async def test_what_waits_is_committed_together(database: Database, barrier: Barrier, commits: list[str]) -> None:
    tasks = queue(database, *(note(f"{n}") for n in range(200)))
    await asyncio.sleep(0)
    barrier.release()
    assert await settle(tasks) == [f"{n}" for n in range(200)]
    assert commits == ["commit", "commit"]  # The barrier's own, and one for all the others.
    assert await database.read(notes) == [f"{n}" for n in range(200)]


async def test_no_batch_grows_without_bound(database: Database, barrier: Barrier, commits: list[str]) -> None:
    tasks = queue(database, *(note(f"{n}") for n in range(600)))
    await asyncio.sleep(0)
    barrier.release()
    await settle(tasks)
    assert commits == ["commit"] * 4


async def test_a_failing_job_fails_alone(database: Database, barrier: Barrier, commits: list[str]) -> None:
    tasks = queue(database, note("a"), broken, note("b"), note(None), note("c"))
    await asyncio.sleep(0)
    barrier.release()
    a, own, b, refused, c = await settle(tasks)
    assert (a, b, c) == ("a", "b", "c")
    assert isinstance(own, LookupError)
    assert "NOT NULL" in str(refused)
    assert await database.read(notes) == ["a", "b", "c"]
    assert commits == ["commit", "rollback", "commit", "rollback", "commit", "rollback", "commit"]


async def test_an_error_message_holds_no_parameters(database: Database, barrier: Barrier) -> None:
    barrier.release()
    statement = text("INSERT INTO note VALUES (:value), (:canary)")
    with pytest.raises(Exception, match="NOT NULL") as caught:
        await database.write(lambda connection: connection.execute(statement, {"value": None, "canary": "canary"}))
    assert "canary" not in str(caught.value).replace(":canary", "")


async def test_an_answer_comes_after_the_commit(database: Database, barrier: Barrier, path: Path) -> None:
    answered = queue(database, note("a"))
    at_commit: list[bool] = []
    event.listen(writing(database).engine, "commit", lambda _: at_commit.append(answered[0].done()))
    barrier.release()
    await settle(answered)
    assert at_commit == [False, False]
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT value FROM note").fetchall() == [("a",)]


async def test_a_commit_that_fails_fails_the_whole_batch(database: Database, barrier: Barrier) -> None:
    def defer_a_broken_promise(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED)"))
        connection.execute(text("INSERT INTO child VALUES (1)"))

    tasks = queue(database, note("a"), defer_a_broken_promise, note("b"))
    await asyncio.sleep(0)
    barrier.release()
    answers = await settle(tasks)
    assert ["FOREIGN KEY" in str(answer) for answer in answers] == [True] * 3
    assert await database.read(notes) == []
    assert await database.write(note("c")) == "c"


async def test_a_connection_that_broke_is_replaced(database: Database, barrier: Barrier) -> None:
    def break_it(connection: Connection) -> None:
        connection.execute(INSERT, {"value": "half done"})
        assert connection.connection.dbapi_connection is not None
        connection.connection.dbapi_connection.close()

    tasks = queue(database, break_it)
    barrier.release()
    assert ["closed database" in str(answer) for answer in await settle(tasks)] == [True]
    assert await database.write(note("a")) == "a"
    assert await database.read(notes) == ["a"]


async def test_a_connection_that_can_not_even_roll_back_is_replaced(database: Database, barrier: Barrier) -> None:
    def break_it(connection: Connection) -> None:
        assert connection.connection.dbapi_connection is not None
        connection.connection.dbapi_connection.close()
        raise LookupError("the job's own error")

    tasks = queue(database, break_it, note("a"))
    barrier.release()
    assert [str(answer) for answer in await settle(tasks)] == ["the job's own error", "a"]
    assert await database.read(notes) == ["a"]


async def test_a_cancelled_caller_loses_its_answer_and_nobody_elses(database: Database, barrier: Barrier) -> None:
    first, cancelled, last = queue(database, note("a"), note("b"), note("c"))
    await asyncio.sleep(0)
    cancelled.cancel()
    barrier.release()
    assert await settle([first, last]) == ["a", "c"]
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert await database.read(notes) == ["a", "b", "c"]


async def test_a_cancelled_caller_of_a_failing_job_leaves_no_trace(database: Database, barrier: Barrier) -> None:
    cancelled, other = queue(database, broken, note("a"))
    await asyncio.sleep(0)
    cancelled.cancel()
    barrier.release()
    assert await other == "a"
    assert await database.read(notes) == ["a"]


async def test_closing_carries_out_what_is_queued(database: Database, barrier: Barrier, path: Path) -> None:
    tasks = queue(database, *(note(f"{n}") for n in range(300)))
    await asyncio.sleep(0)
    closing = asyncio.create_task(database.close())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="the gateway is stopping"):
        await database.write(note("too late"))
    barrier.release()
    await closing
    assert await settle(tasks) == [f"{n}" for n in range(300)]
    assert sorted(file.name for file in path.parent.iterdir()) == ["ordo.db"]
    again = Database(f"sqlite+aiosqlite:///{path}")
    await again.open()
    assert await again.read(notes) == [f"{n}" for n in range(300)]
    await again.close()


async def test_closing_twice_or_before_opening_is_success(database: Database, path: Path) -> None:
    await database.close()
    await database.close()
    await Database(f"sqlite:///{path}").close()


@pytest.mark.parametrize("call", ["read", "write"])
async def test_a_database_that_is_not_open_serves_nobody(database: Database, path: Path, call: str) -> None:
    with pytest.raises(Unavailable, match="not open"):
        await getattr(Database(f"sqlite:///{path}"), call)(notes)
    await database.close()
    with pytest.raises(Unavailable, match="closed"):
        await getattr(database, call)(notes)


async def test_a_closed_database_can_be_opened_again(database: Database) -> None:
    await database.close()
    await database.open()
    assert await database.read(pragma("user_version")) == 0


async def test_a_reader_sees_one_state_throughout(database: Database, barrier: Barrier) -> None:
    barrier.release()
    await database.write(note("a"))
    looked, go_on = Event(), Event()

    def twice(connection: Connection) -> tuple[list[object], list[object]]:
        before = notes(connection)
        looked.set()
        go_on.wait()
        return before, notes(connection)

    reading = asyncio.create_task(database.read(twice))
    await asyncio.to_thread(looked.wait)
    await database.write(note("b"))
    go_on.set()
    assert await reading == (["a"], ["a"])
    assert await database.read(notes) == ["a", "b"]


async def test_a_reader_can_not_write(database: Database, barrier: Barrier) -> None:
    barrier.release()
    with pytest.raises(Unavailable, match="read-only"):
        await database.read(note("a"))
    assert await database.read(notes) == []


async def test_a_lost_event_loop_harms_nobody(path: Path) -> None:
    database = Database(f"sqlite:///{path}")
    barrier = Barrier()

    def elsewhere() -> None:
        async def leave_work_behind() -> None:
            await database.open()
            await database.write(lambda connection: connection.execute(text("CREATE TABLE note (value TEXT)")))
            queue(database, barrier, note("left behind"))
            await barrier.entered()

        asyncio.run(leave_work_behind())

    await asyncio.to_thread(elsewhere)
    barrier.release()
    assert await database.write(note("here")) == "here"
    assert await database.read(notes) == ["left behind", "here"]
    await database.close()


async def test_the_writer_is_set_up_to_survive_a_power_cut(database: Database) -> None:
    assert await database.write(pragma("journal_mode")) == "wal"
    assert await database.write(pragma("synchronous")) == 2
    assert await database.write(pragma("foreign_keys")) == 1
    assert await database.write(pragma("busy_timeout")) == 5000


async def test_the_file_belongs_to_its_owner_alone(database: Database, path: Path) -> None:
    await database.write(lambda connection: connection.execute(text("CREATE TABLE note (value TEXT)")))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"ordo.db": 0o600, "ordo.db-wal": 0o600, "ordo.db-shm": 0o600}


async def test_a_relative_path_is_meant_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database = Database("sqlite+aiosqlite:///ordo.db")
    await database.open()
    await database.close()
    assert (tmp_path / "ordo.db").exists()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql+psycopg://user:canary@host/ordo", r"names postgresql\+psycopg"),
        ("postgresql+asyncpg://user:canary@host", "must name a database"),
        ("mysql://canary@host/ordo", "names mysql"),
        ("canary", "is not a database URL"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("sqlite://canary/ordo.db", "must name a file"),
        ("sqlite:///ordo.db?mode=canary", "must name a file"),
    ],
)
def test_an_url_that_does_not_serve_is_refused_and_not_repeated(url: str, reason: str) -> None:
    with pytest.raises(Invalid, match=reason) as caught:
        Database(url)
    assert caught.value.code is ErrorCode.VALIDATION_ERROR
    assert "canary" not in str(caught.value)
