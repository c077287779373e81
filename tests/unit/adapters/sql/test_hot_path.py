"""What makes an order fast must not make it false: reads where they are wanted, and commits that do not wait."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, Select, bindparam, insert, select, text, update
from sqlalchemy.exc import OperationalError

from ordo.adapters.sql import idempotency, sqlite
from ordo.adapters.sql.database import Database
from ordo.adapters.sql.idempotency import SqlIdempotencyStore
from ordo.adapters.sql.medium import Job, Link
from ordo.adapters.sql.models import DbKillSwitch
from ordo.adapters.sql.prepared import Prepared
from ordo.adapters.sql.safety import SqlSafetyStore
from ordo.adapters.sql.worker import Lastly, Worker
from ordo.domain.errors import ErrorCode, Unavailable
from tests.contract.values import ACCOUNT, NOW, WEEK, intent, key, placed

T = TypeVar("T")
_TABLE = DbKillSwitch.__table__
_GET = Prepared(select(_TABLE).where(_TABLE.c.id == bindparam("of"), _TABLE.c.reason != "never"))
_ADD = Prepared(insert(DbKillSwitch), writes=_TABLE.c.keys())
_RENAME = Prepared(update(DbKillSwitch).where(_TABLE.c.id == bindparam("of")), writes=("reason",))
_ROW = {"id": 1, "state": "HALTED", "changed_by": "canary", "changed_at": NOW, "reason": "drill"}


def synchronous(connection: Connection) -> object:
    return connection.exec_driver_sql("PRAGMA synchronous").scalar_one()


def found(connection: Link) -> object:
    return _GET.one(connection, {"of": 1})


async def test_a_prepared_statement_does_what_sqlalchemy_would(database: Database) -> None:
    assert await database.write(lambda connection: _ADD.change(connection, _ROW)) == 1
    expected = await database.read(lambda connection: connection.execute(select(_TABLE)).one())
    seen = await database.read(lambda connection: _GET.one(connection, {"of": 1}))
    assert seen is not None
    assert tuple(seen) == tuple(expected)
    assert (seen.id, seen.reason, seen.changed_at) == (1, "drill", NOW)
    renamed = {"of": 1, "reason": "never"}
    assert await database.write(lambda connection: _RENAME.change(connection, renamed)) == 1
    assert await database.read(found) is None
    assert await database.write(lambda connection: _RENAME.change(connection, renamed | {"of": 2})) == 0


async def test_a_prepared_statement_without_its_values_is_a_mistake(database: Database) -> None:
    with pytest.raises(KeyError):
        await database.read(lambda connection: _GET.one(connection, {}))
    with pytest.raises(KeyError):
        await database.write(lambda connection: _ADD.change(connection, {"id": 1}))


async def test_a_glance_sees_what_anybody_has_written(database: Database, path: Path) -> None:
    assert await database.glance(found) is None
    await database.write(lambda connection: _ADD.change(connection, _ROW))
    for number in range(20):
        await database.write(lambda connection, at=number: _RENAME.change(connection, {"of": 1, "reason": f"{at}"}))  # type: ignore[misc]
        assert await database.glance(lambda connection: found(connection).reason) == f"{number}"  # type: ignore[attr-defined]
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("UPDATE kill_switch SET reason = ?", (f"another's {number}",))
        assert await database.glance(lambda connection: found(connection).reason) == f"another's {number}"  # type: ignore[attr-defined]


async def test_a_glance_writes_nothing(database: Database) -> None:
    with pytest.raises((Unavailable, OperationalError, sqlite3.OperationalError)):
        await database.glance(lambda connection: _ADD.change(connection, _ROW))
    assert await database.glance(found) is None


async def test_a_closed_database_is_not_glanced_at(path: Path) -> None:
    database = Database(f"sqlite:///{path}")
    with pytest.raises(Unavailable):
        await database.glance(found)
    await database.open()
    assert await database.glance(found) is None
    await database.close()
    with pytest.raises(Unavailable):
        await database.glance(found)


async def test_a_glance_of_another_thread_is_a_read(database: Database) -> None:
    await database.write(lambda connection: _ADD.change(connection, _ROW))
    seen = await asyncio.to_thread(lambda: asyncio.run(database.glance(found)))
    assert seen == await database.glance(found)


async def test_a_glance_that_meets_a_lock_waits_as_a_read_does(database: Database) -> None:
    looked: list[str] = []

    def locked_at_first(connection: Link) -> object:
        looked.append("once")
        if len(looked) == 1:
            raise sqlite3.OperationalError("database is locked")
        return found(connection)

    await database.write(lambda connection: _ADD.change(connection, _ROW))
    assert await database.glance(locked_at_first) == await database.glance(found)
    assert len(looked) == 2


async def test_only_what_shall_last_waits_for_the_disk(database: Database) -> None:
    assert await database.write(synchronous, lasting=False) == 1
    assert await database.write(synchronous) == 2
    assert await database.write(synchronous, lasting=False) == 1


async def test_what_lasts_makes_the_others_of_its_batch_wait_too(database: Database) -> None:
    entered, released = Event(), Event()

    def hold(_: Connection) -> None:
        entered.set()
        released.wait()

    holding = asyncio.create_task(database.write(hold, lasting=False))
    await asyncio.to_thread(entered.wait)
    jobs = [asyncio.create_task(database.write(synchronous, lasting=lasting)) for lasting in (False, True, False)]
    await asyncio.sleep(0)
    released.set()
    assert await asyncio.gather(*jobs) == [2, 2, 2]
    await holding


@pytest.mark.parametrize("ending", [False, True])
async def test_what_did_not_wait_is_on_the_disk_a_moment_later(path: Path, *, ending: bool) -> None:
    synced = Event()
    worker = _worker(path, synced.set)
    await worker.run(lambda connection: connection.execute(text("CREATE TABLE light (n)")), lasting=False)
    if ending:
        await worker.stop()
        assert synced.is_set()
    else:
        assert await asyncio.to_thread(synced.wait, 30)
        await worker.stop()


async def test_a_sync_that_fails_is_told_and_harms_nobody(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tried = Event()

    def fail() -> None:
        tried.set()
        raise OSError(5, "canary")

    worker = _worker(path, fail)
    await worker.run(lambda connection: connection.execute(text("CREATE TABLE light (n)")), lasting=False)
    assert await asyncio.to_thread(tried.wait, 30)
    assert await worker.run(lambda connection: connection.execute(text("SELECT 1")).scalar_one()) == 1
    await worker.stop()
    assert "may not outlive a power cut" in caplog.text


async def test_a_wal_is_synced_whether_or_not_it_is_there(path: Path) -> None:
    sqlite.sync(path)
    worker = _worker(path, lambda: sqlite.sync(path))
    await worker.run(lambda connection: connection.execute(text("CREATE TABLE light (n)")), lasting=False)
    sqlite.sync(path)
    await worker.stop()


def _worker(path: Path, sync: Callable[[], None]) -> Worker:
    return Worker(
        "light",
        lambda: sqlite.connect_for_writing(path),
        begin=sqlite.BEGIN_WRITE,
        explain=lambda error: error,
        lastly=Lastly(begin=sqlite.LASTING, ease=sqlite.EASED, sync=sync),
    )


async def test_a_record_is_read_again_only_where_it_has_changed(database: Database) -> None:
    store, other = SqlIdempotencyStore(database), SqlIdempotencyStore(database)
    for number in range(3):
        await store.reserve(intent(f"key-{number}", number), now=NOW)
    before = await store.placements(ACCOUNT, since=NOW - WEEK)
    assert await other.settle(placed(intent("key-1", 1))) is None
    after = await store.placements(ACCOUNT, since=NOW - WEEK)
    assert after == (intent("key-0", 0), placed(intent("key-1", 1)), intent("key-2", 2))
    assert [one is two for one, two in zip(before, after, strict=True)] == [True, False, True]


async def test_a_known_record_is_told_as_it_stands_now(database: Database) -> None:
    store, other = SqlIdempotencyStore(database), SqlIdempotencyStore(database)
    await store.reserve(intent(), now=NOW)
    assert await store.find(key(), now=NOW) is await store.placement(ACCOUNT, intent().order_id)
    settled = placed(intent())
    assert await other.settle(settled) is None
    assert await store.find(key(), now=NOW) == await store.placement(ACCOUNT, intent().order_id) == settled
    assert await store.find(key(), now=settled.expires_at) is None
    await other.release(key(), intent().order_id)
    assert await store.find(key(), now=NOW) is None
    assert await store.placement(ACCOUNT, intent().order_id) is None


@pytest.mark.parametrize(
    ("statement", "bound"),
    [
        (idempotency._ALIKE_LATELY, "account (account=? AND created_at>?)"),
        (idempotency._ALIKE_IN_DOUBT, "unsettled (account=? AND likeness=? AND created_at<?)"),
        (idempotency._PLACEMENT, "placed_order (order_id=?)"),
        (idempotency._PLACEMENTS, "account (account=? AND created_at>?)"),
        (idempotency._MODIFICATIONS, "modified (order_id=?)"),
        (idempotency._UNSETTLED, "unsettled"),
    ],
)
async def test_what_is_looked_for_is_found_without_reading_all_that_was_ever_kept(
    database: Database, statement: Prepared[Select[Any]], bound: str
) -> None:
    def plan(connection: Connection) -> str:
        wanted = str(statement._statement.compile(connection))
        told = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {wanted}", ("",) * wanted.count("?"))
        return "; ".join(row.detail for row in told)

    seen = await database.read(plan)
    assert re.search(
        rf"(SEARCH|SCAN) idempotency_record USING (COVERING )?INDEX idempotency_record_{re.escape(bound)}", seen
    ), seen


async def test_a_switch_counts_as_soon_as_anybody_has_set_it(database: Database, path: Path) -> None:
    store = SqlSafetyStore(database)
    await database.write(lambda connection: _ADD.change(connection, _ROW))
    for state in ("ACTIVE", "HALTED", "REDUCE_ONLY", "ACTIVE"):
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("UPDATE kill_switch SET state = ?", (state,))
        assert [switch.state for switch in await store.all()] == [state]
        assert await store.all() is await store.all()
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE kill_switch SET state = 'CANARY'")
    for _ in range(2):
        with pytest.raises(Unavailable):
            await store.all()
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("DELETE FROM kill_switch")
    assert await store.all() == ()


async def test_each_of_a_batch_that_fails_is_told_by_an_error_of_its_own(path: Path) -> None:
    worker = Worker(
        "light",
        lambda: sqlite.connect_for_writing(path),
        begin="no such statement",
        explain=lambda error: LookupError(str(error)),
    )
    jobs = [asyncio.create_task(worker.run(synchronous)) for _ in range(3)]
    errors = await asyncio.gather(*jobs, return_exceptions=True)
    await worker.stop()
    assert [type(error) for error in errors] == [LookupError] * 3
    assert len(set(map(id, errors))) == 3


async def test_no_more_records_are_remembered_than_that(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "_MOST_READ", 2)
    store = SqlIdempotencyStore(database)
    for number in range(5):
        await store.reserve(intent(f"key-{number}", number), now=NOW)
    assert len(await store.placements(ACCOUNT, since=NOW - WEEK)) == 5
    assert len(store._read) <= 2


async def test_those_who_wait_for_a_days_records_share_a_read_and_see_what_they_know_of(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, reads = SqlIdempotencyStore(database), list[object]()
    genuine = database.read

    async def counted(job: Job[T]) -> T:
        reads.append(job)
        return await genuine(job)

    monkeypatch.setattr(database, "read", counted)
    first = [asyncio.create_task(store.placements(ACCOUNT, since=NOW - WEEK)) for _ in range(8)]
    await store.reserve(intent("key-0", 0), now=NOW)
    later = [asyncio.create_task(store.placements(ACCOUNT, since=NOW - WEEK)) for _ in range(8)]
    assert [one.key for one in await later[0]] == [key("key-0")]
    assert len(set(map(len, await asyncio.gather(*later)))) == 1
    assert len(set(map(len, await asyncio.gather(*first)))) == 1
    assert len(reads) <= 3


async def test_a_shared_read_that_fails_fails_for_each_and_the_next_is_made_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqlIdempotencyStore(database)

    async def broken(_: Job[T]) -> T:
        raise Unavailable(ErrorCode.STORE_UNAVAILABLE, "canary")

    with monkeypatch.context() as patched:
        patched.setattr(database, "read", broken)
        asked = [asyncio.create_task(store.placements(ACCOUNT, since=NOW - WEEK)) for _ in range(3)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 3
    assert await store.placements(ACCOUNT, since=NOW - WEEK) == ()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows the policy")
async def test_the_writer_lets_whoever_wakes_it_go_on_first(database: Database) -> None:
    assert await database.write(lambda _: os.sched_getscheduler(0)) == os.SCHED_BATCH
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


async def test_who_repeats_himself_waits_for_no_writer_and_is_told_what_is_written(database: Database) -> None:
    store, first = SqlIdempotencyStore(database), intent()
    again = intent(number=2)
    assert await store.reserve(first, now=NOW) is None
    assert await store.reserve(again, now=NOW) == first
    held, go = Event(), Event()

    def hold(_: Connection) -> None:
        held.set()
        go.wait()

    holding = asyncio.ensure_future(database.write(hold))
    await asyncio.to_thread(held.wait)
    try:
        assert await asyncio.wait_for(store.reserve(again, now=NOW), 30) == first
    finally:
        go.set()
        await holding
    other = SqlIdempotencyStore(database)
    done = placed(first)
    assert await other.settle(done) is None
    assert await store.reserve(again, now=NOW) == done
    assert await other.reserve(again, now=WEEK + NOW) is None
    assert await store.reserve(intent(number=3), now=NOW) == again
    await other.release(again.key, again.order_id)
    assert await store.reserve(again, now=NOW) is None
