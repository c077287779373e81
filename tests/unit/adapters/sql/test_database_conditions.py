"""What becomes of a write when the disk, the file or another program stands in its way."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection

from ordo.adapters.sql import sqlite
from ordo.adapters.sql.database import Database
from ordo.adapters.sql.idempotency import SqlIdempotencyStore
from ordo.domain.errors import ErrorCode, Unavailable
from tests.contract.values import NOW, intent, key, placed

NOBODY = 65534


async def _pragma(database: Database, setting: str) -> None:
    def run(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA {setting}")

    await database.write(run)


@contextmanager
def write_protected(*paths: Path) -> Iterator[None]:
    """Root may write everywhere, so it becomes nobody for a while."""
    for path in paths:
        path.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        for path in paths:
            path.chmod(0o755)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def overwrite(path: Path, *, after: int) -> None:
    content = bytearray(path.read_bytes())
    content[after:] = b"\xff" * (len(content) - after)
    path.write_bytes(content)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that any user can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


async def test_a_full_disk_is_named_and_nothing_is_written(database: Database) -> None:
    store = SqlIdempotencyStore(database)
    await store.reserve(intent(), now=NOW)
    await _pragma(database, "max_page_count = 1")
    wanted = [intent(f"{number} " + "x" * 200, number + 2) for number in range(40)]
    answers = await asyncio.gather(*(store.reserve(one, now=NOW) for one in wanted), return_exceptions=True)
    refused = [answer for answer in answers if answer is not None]
    assert refused
    for answer in refused:
        assert isinstance(answer, Unavailable)
        assert answer.code is ErrorCode.STORE_UNAVAILABLE
        assert "ordo.db can't be used: the disk is full. This call wrote nothing" in answer.message
        assert "Free disk space. The same idempotency key may be used again" in answer.message
    reserved = [one for one, answer in zip(wanted, answers, strict=True) if answer is None]
    assert {one.key for one in await store.unsettled()} == {one.key for one in [intent(), *reserved]}
    await _pragma(database, "max_page_count = 1000000")
    for one in wanted:
        assert await store.reserve(one, now=NOW) in (None, one)


async def test_a_database_that_becomes_read_only_is_named_and_still_read(database: Database) -> None:
    store = SqlIdempotencyStore(database)
    await store.reserve(intent(), now=NOW)
    await _pragma(database, "query_only = ON")
    with pytest.raises(Unavailable, match=r"read-only. This call wrote nothing"):
        await store.settle(placed(intent()))
    assert await store.find(key(), now=NOW) == intent()


async def test_a_lock_of_another_program_is_waited_for_and_then_named(database: Database, path: Path) -> None:
    store = SqlIdempotencyStore(database)
    await _pragma(database, "busy_timeout = 20")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answers = await asyncio.gather(
            *(store.reserve(intent(f"{n}", n), now=NOW) for n in range(5)), return_exceptions=True
        )
        assert [isinstance(answer, Unavailable) and "locked" in answer.message for answer in answers] == [True] * 5
        assert len({id(answer) for answer in answers}) == 5
        assert await store.unsettled() == ()
        other.execute("ROLLBACK")
    assert await store.reserve(intent(), now=NOW) is None


async def test_a_new_file_that_another_program_holds_is_waited_for(path: Path) -> None:
    database = Database(f"sqlite:///{path}")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        opening = asyncio.create_task(database.open())
        await asyncio.wait({opening}, timeout=0.1)
        other.execute("ROLLBACK")
    await opening
    await database.close()


async def test_a_file_that_may_not_be_written_is_refused_at_the_start(folder: Path) -> None:
    path = folder / "ordo.db"
    database = Database(f"sqlite:///{path}")
    await database.open()
    await database.close()
    with write_protected(path, folder), pytest.raises(Unavailable, match=r"read-only|can't be opened"):
        await database.open()


async def test_a_folder_that_may_not_be_written_is_refused_at_the_start(folder: Path) -> None:
    with write_protected(folder), pytest.raises(Unavailable, match="Permission denied"):
        await Database(f"sqlite:///{folder}/ordo.db").open()
    assert names(folder) == []


async def test_a_folder_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(Unavailable, match="No such file or directory"):
        await Database(f"sqlite:///{folder}/missing/ordo.db").open()


async def test_a_sqlite_without_what_is_needed_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_OLDEST", (99, 0, 0))
    with pytest.raises(Unavailable, match="is too old"):
        await Database(f"sqlite:///{path}").open()


async def test_a_disk_that_can_not_keep_a_write_ahead_log_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_write_ahead", lambda _: "delete")
    with pytest.raises(Unavailable, match=r"journal mode is delete, not WAL. .* Put it on a local disk"):
        await Database(f"sqlite:///{path}").open()


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(folder: Path) -> None:
    path, content = folder / "ordo.db", b"some other file that somebody would miss" * 20
    path.write_bytes(content)
    with pytest.raises(Unavailable, match="not a database"):
        await Database(f"sqlite:///{path}").open()
    assert path.read_bytes() == content


async def test_a_damaged_file_is_named(database: Database, path: Path) -> None:
    store = SqlIdempotencyStore(database)
    for number in range(50):
        await store.reserve(intent(f"{number}", number), now=NOW)
    await database.close()
    overwrite(path, after=4096)
    with pytest.raises(Unavailable, match="damaged"):
        await database.open()
