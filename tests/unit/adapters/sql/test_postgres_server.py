"""What becomes of reads and writes when a server is away, slow, read-only or full, and when it comes back."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ordo.adapters.sql import server as module
from ordo.adapters.sql.database import Database
from ordo.adapters.sql.idempotency import SqlIdempotencyStore
from ordo.adapters.sql.journal import SqlJournal
from ordo.adapters.sql.medium import CommitUnknown
from ordo.adapters.sql.owners import PostgresOwners
from ordo.adapters.sql.postgres import GIVEN_UP_SECONDS
from ordo.domain.errors import ErrorCode, OutcomeUnknown, Unavailable
from ordo.domain.idempotency import IntentState
from ordo.ports.journal import Entry
from tests.contract.values import ACCOUNT, NOW, intent, key
from tests.support.postgres import PostgresServer, started, the_server

INSERT = text("INSERT INTO journal_entry VALUES ('note', :seq, 'text')")
COUNT = text("SELECT count(*) FROM journal_entry")


def note(seq: int) -> Callable[[Connection], int]:
    def run(connection: Connection) -> int:
        connection.execute(INSERT, {"seq": seq})
        return seq

    return run


def notes(connection: Connection) -> int:
    return int(connection.execute(COUNT).scalar_one())


@pytest.fixture(scope="module")
def own() -> Iterator[PostgresServer]:
    """A server that may be ended."""
    server = started()
    yield server
    assert server.child is not None
    server.child.end()


@pytest.fixture
def url() -> str:
    return the_server().migrated()


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.open()
    yield database
    await database.close()


def cut_connections(url: str) -> None:
    the_server().execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        database=url,
    )


async def test_connections_that_were_cut_are_replaced_without_a_word(database: Database, url: str) -> None:
    await asyncio.gather(*(database.write(note(seq)) for seq in range(5)))
    cut_connections(url)
    assert await asyncio.gather(*(database.read(notes) for _ in range(5))) == [5] * 5
    cut_connections(url)
    assert await asyncio.gather(*(database.write(note(seq)) for seq in range(5, 10))) == [5, 6, 7, 8, 9]


async def test_jobs_that_meet_half_way_are_both_carried_out(database: Database) -> None:
    await database.write(note(1))
    await database.write(note(2))
    met = asyncio.Barrier(2)
    tried: list[int] = []
    loop = asyncio.get_running_loop()

    def crossing(first: int, second: int) -> Callable[[Connection], None]:
        change = text("UPDATE journal_entry SET text = text || 'x' WHERE seq = :seq")

        def run(connection: Connection) -> None:
            tried.append(first)
            connection.execute(change, {"seq": first})
            if len(tried) <= 2:
                connection.execute(text("SELECT 1"))
                waiting.append(loop.create_task(met.wait()))
            connection.execute(change, {"seq": second})

        return run

    waiting: list[asyncio.Task[int]] = []
    await asyncio.gather(database.write(crossing(1, 2)), database.write(crossing(2, 1)))
    await asyncio.gather(*waiting)
    texts = text("SELECT text FROM journal_entry ORDER BY seq")
    assert await database.read(lambda one: list(one.execute(texts).scalars())) == ["textxx", "textxx"]


async def test_a_reader_can_not_write(database: Database) -> None:
    with pytest.raises(Unavailable, match="read-only"):
        await database.read(note(1))
    assert await database.read(notes) == 0


async def test_a_jobs_own_error_is_its_own_and_leaves_nothing(database: Database) -> None:
    def broken(connection: Connection) -> None:
        connection.execute(INSERT, {"seq": 1})
        raise LookupError("the job's own error")

    with pytest.raises(LookupError, match="own error"):
        await database.write(broken)
    assert await database.read(notes) == 0


async def test_a_cancelled_caller_loses_its_answer_and_not_its_job(database: Database) -> None:
    task = asyncio.create_task(database.write(note(1)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await database.close()
    await database.open()
    assert await database.read(notes) == 1


async def test_a_server_without_a_free_connection_says_so(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CONNECTIONS", 1)
    monkeypatch.setattr(module, "_MORE_CONNECTIONS", 0)
    monkeypatch.setattr(module, "_POOL_SECONDS", 0.05)
    database = Database(url)
    await database.open()
    slow = asyncio.create_task(database.read(lambda one: one.execute(text("SELECT pg_sleep(0.5)")).scalar_one()))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="connections were busy"):
        await database.write(note(1))
    await slow
    assert await database.write(note(1)) == 1
    await database.close()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("ALTER DATABASE {name} CONNECTION LIMIT 0", "connection"),
        ("ALTER DATABASE {name} SET default_transaction_read_only = on", "read-only"),
    ],
)
async def test_a_server_that_lets_nobody_write_is_named(own: PostgresServer, settings: str, reason: str) -> None:
    url = own.migrated()
    name = url.partition("?")[0].rpartition("/")[2]
    own.execute("DROP ROLE IF EXISTS plain", "CREATE ROLE plain LOGIN", settings.format(name=name))
    with pytest.raises(Unavailable, match=reason) as caught:
        await Database(url.replace("//ordo@", "//plain@")).open()
    assert caught.value.code is ErrorCode.STORE_UNAVAILABLE


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("//ordo@", "//nobody@"), "refuses this user"),
        (("/ordo_test", "/no_such"), "no such database"),
        (("?host=", "?host=/nowhere"), "can't be reached"),
    ],
)
async def test_a_server_that_does_not_serve_at_the_start_is_named(
    own: PostgresServer, change: tuple[str, str], reason: str
) -> None:
    with pytest.raises(Unavailable, match=reason) as caught:
        await Database(own.migrated().replace(*change)).open()
    assert caught.value.code is ErrorCode.STORE_UNAVAILABLE


async def test_a_server_that_is_stopped_or_killed_serves_again_when_it_is_back(own: PostgresServer) -> None:
    assert own.child is not None
    database = Database(own.migrated())
    await database.open()
    store = SqlIdempotencyStore(database)
    for number, end in enumerate((own.child.stop, own.child.kill)):
        assert await store.reserve(intent(f"before-{number}", 10 * number), now=NOW) is None
        end()
        for _ in range(3):
            with pytest.raises(Unavailable) as caught:
                await store.reserve(intent(f"away-{number}", 10 * number + 1), now=NOW)
            assert caught.value.code is ErrorCode.STORE_UNAVAILABLE
            with pytest.raises(Unavailable):
                await store.find(key(f"before-{number}"), now=NOW)
        own.child.start()
        assert await store.find(key(f"before-{number}"), now=NOW) == intent(f"before-{number}", 10 * number)
        assert await store.reserve(intent(f"away-{number}", 10 * number + 1), now=NOW) is None
    assert len(await store.unsettled()) == 4
    await database.close()


async def test_a_server_that_hangs_is_not_waited_for_longer_than_its_time(
    own: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert own.child is not None
    monkeypatch.setattr(module, "_ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(module, "_CONNECT_SECONDS", 0.2)
    url = own.migrated()
    database = Database(url)
    await database.open()
    with pytest.raises(Unavailable, match="did not answer"):
        await database.read(lambda one: one.execute(text("SELECT pg_sleep(9)")))
    # A connection has a process of its own, which goes on while the server's first one is stopped.
    own.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'ordo_test%'")
    own.child.suspend()
    try:
        with pytest.raises(Unavailable, match="did not answer"):
            await database.write(note(1))
    finally:
        own.child.resume()
    assert await database.write(note(1)) == 1
    await database.close()


class _CutAtCommit:
    """Ends the server's side of a connection just before, or just after, its commit."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, after: bool) -> None:
        self._after = after
        self._is_armed = True
        self._commit = AsyncConnection.commit
        this = self

        async def commit(connection: AsyncConnection) -> None:
            await this.commit(connection)

        monkeypatch.setattr(AsyncConnection, "commit", commit)

    async def commit(self, connection: AsyncConnection) -> None:
        if not self._is_armed:
            return await self._commit(connection)
        self._is_armed = False
        if self._after:
            await self._commit(connection)
        raise ConnectionResetError(104, "cut")


@pytest.mark.parametrize("after", [False, True])
async def test_a_reservation_whose_commit_is_in_doubt_does_not_stay(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    after: bool,  # noqa: FBT001
) -> None:
    store = SqlIdempotencyStore(database)
    _CutAtCommit(monkeypatch, after=after)
    with pytest.raises(CommitUnknown, match="may be there or not"):
        await store.reserve(intent(), now=NOW)
    (undoing,) = database._medium._undoing  # type: ignore[attr-defined]
    await undoing
    assert await store.unsettled() == ()
    assert await store.reserve(intent(), now=NOW) is None


@pytest.mark.parametrize("after", [False, True])
async def test_a_key_whose_successor_is_in_doubt_goes_back_to_its_holder(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    after: bool,  # noqa: FBT001
) -> None:
    store, failed = SqlIdempotencyStore(database), replace(intent(), state=IntentState.FAILED)
    await store.reserve(intent(), now=NOW)
    await store.settle(failed)
    _CutAtCommit(monkeypatch, after=after)
    with pytest.raises(CommitUnknown):
        await store.reserve(intent(number=2), now=NOW, instead_of=failed.order_id)
    (undoing,) = database._medium._undoing  # type: ignore[attr-defined]
    await undoing
    assert await store.find(failed.key, now=NOW) == failed
    assert await store.placement(ACCOUNT, failed.order_id) == failed
    assert await store.reserve(intent(number=2), now=NOW, instead_of=failed.order_id) is None


@pytest.mark.parametrize("after", [False, True])
async def test_an_entry_whose_commit_is_in_doubt_is_not_said_to_be_unwritten(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    after: bool,  # noqa: FBT001
) -> None:
    journal = SqlJournal(database)
    _CutAtCommit(monkeypatch, after=after)
    with pytest.raises(OutcomeUnknown):
        await journal.append("paper", (Entry(seq=1, text="first"),))
    assert len(await journal.read("paper", after=0)) == int(after)


async def test_a_gateway_whose_lock_was_cut_is_alive_again(url: str, database: Database) -> None:
    owners = PostgresOwners(database, url, grace_seconds=0)
    await owners.join("one")
    cut_connections(url)
    async with asyncio.timeout(30):
        while not await owners.is_alive("one"):  # noqa: ASYNC110  (PostgreSQL tells nobody that a lock is taken)
            await asyncio.sleep(0.05)
    await owners.leave("one")
    assert not await owners.is_alive("one")


async def test_nobody_is_held_for_gone_by_a_server_that_has_just_started(url: str, database: Database) -> None:
    assert await PostgresOwners(database, url, grace_seconds=3600).is_alive("one")


async def test_a_machine_that_falls_silent_loses_its_connections_soon() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = started(port=port)
    assert server.child is not None
    database = Database(server.migrated())
    await database.open()
    try:
        told = await database.read(_keepalives)
    finally:
        await database.close()
        server.child.end()
    idle, interval, count, unanswered = told
    assert (idle + interval * count, unanswered) == (GIVEN_UP_SECONDS, GIVEN_UP_SECONDS * 1000)
    assert GIVEN_UP_SECONDS <= 30


def _keepalives(connection: Connection) -> list[int]:
    """As the server has them for its end: seconds, seconds, times and milliseconds."""
    names = "'tcp_keepalives_idle', 'tcp_keepalives_interval', 'tcp_keepalives_count', 'tcp_user_timeout'"
    rows = connection.execute(text(f"SELECT name, setting FROM pg_settings WHERE name IN ({names})"))  # noqa: S608
    told = {name: int(setting) for name, setting in rows}
    return [told[name.strip("' ")] for name in names.split(",")]
