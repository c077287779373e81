from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from ordo.adapters.sql.database import Database
from ordo.adapters.sql.idempotency import SqlIdempotencyStore
from ordo.adapters.sql.instruments import SqlInstruments
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.instruments import Instrument
from ordo.domain.masters import MasterReport
from tests.contract.values import CATALOGUE, CATALOGUE_REPORT, NOW, intent, listed
from tests.support.instruments import full_day

FYERS = MasterReport(name="fyers", as_of=NOW.date(), loaded_at=NOW, rows=5_000)


def many(day: int, count: int = 5_000) -> tuple[Instrument, ...]:
    return tuple(replace(listed(f"NSE:S{number:05}", f"{number}"), lot_size=day) for number in range(count))


async def _execute(database: Database, statement: str) -> None:
    def run(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    await database.write(run)


async def _generations(database: Database) -> dict[int, int]:
    def run(connection: Connection) -> dict[int, int]:
        counted = text("SELECT generation, count(*) AS rows FROM instrument GROUP BY generation")
        return {row.generation: row.rows for row in connection.execute(counted)}

    return await database.read(run)


@pytest.fixture
async def store(database: Database) -> SqlInstruments:
    store = SqlInstruments(database, CATALOGUE, (CATALOGUE_REPORT,))
    await store.replace(InstrumentDirectory(many(1)), (FYERS,))
    return store


async def test_old_generations_go(database: Database, store: SqlInstruments) -> None:
    assert await _generations(database) == {1: 5_000}
    await store.replace(InstrumentDirectory(many(2, 3_000)), (FYERS,))
    assert await _generations(database) == {2: 3_000}


async def test_what_another_process_loaded_is_taken_up_with_all_its_look_ups(
    database: Database, store: SqlInstruments
) -> None:
    other = SqlInstruments(database)
    await other.open()
    assert other.directory()._index is None, "a start waits for no look-up but by key"
    await store.replace(InstrumentDirectory(many(2)), (FYERS,))
    await other.open()
    assert tuple(other.directory()) == many(2)
    assert other.directory()._index is not None, "the first look-up would hold up the event loop"


async def test_a_disk_that_fills_up_leaves_the_old_and_gives_back_its_room(
    database: Database, store: SqlInstruments
) -> None:
    def pages(connection: Connection) -> int:
        return int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())

    room = await database.read(pages) + 60
    await _execute(database, f"PRAGMA max_page_count = {room}")
    with pytest.raises(Unavailable, match="the disk is full") as caught:
        await store.replace(InstrumentDirectory(many(2)), (replace(FYERS, rows=2),))
    assert caught.value.code is ErrorCode.STORE_UNAVAILABLE
    assert tuple(store.directory()) == many(1)
    assert store.reports() == (FYERS,)
    assert await _generations(database) == {1: 5_000}
    await store.open()
    assert tuple(store.directory()) == many(1)
    assert store.reports() == (FYERS,)


async def test_a_database_that_can_not_be_written_leaves_the_old(database: Database, store: SqlInstruments) -> None:
    await _execute(database, "PRAGMA query_only = ON")
    with pytest.raises(Unavailable, match="read-only"):
        await store.replace(InstrumentDirectory(CATALOGUE), ())
    with pytest.raises(Unavailable, match="read-only"):
        await store.note(replace(FYERS, stale_reason="no such file"))
    assert tuple(store.directory()) == many(1)
    assert store.reports() == (FYERS,)


@pytest.mark.parametrize("table", ["instrument_set", "master"])
async def test_a_failure_at_the_last_step_leaves_the_old(database: Database, store: SqlInstruments, table: str) -> None:
    trigger = f"CREATE TRIGGER broken BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END"
    await _execute(database, trigger)
    with pytest.raises(Exception, match="the disk is gone"):
        await store.replace(InstrumentDirectory(many(2)), (replace(FYERS, rows=2),))
    assert tuple(store.directory()) == many(1)
    assert await _generations(database) == {1: 5_000}
    await store.open()
    assert tuple(store.directory()) == many(1)
    assert store.reports() == (FYERS,)
    await _execute(database, "DROP TRIGGER broken")
    await store.replace(InstrumentDirectory(many(3)), ())
    assert len(await _generations(database)) == 1


async def test_what_a_crash_left_counts_for_nothing_and_goes_with_the_next(
    database: Database, store: SqlInstruments
) -> None:
    await _execute(database, "INSERT INTO instrument VALUES (2, 0, 'NSE:HALF', 'written')")
    await store.open()
    assert tuple(store.directory()) == many(1)
    await store.replace(InstrumentDirectory(many(2)), (FYERS,))
    assert await _generations(database) == {3: 5_000}


async def test_of_two_processes_at_once_the_later_generation_stays_whole(
    database: Database, store: SqlInstruments
) -> None:
    other = SqlInstruments(database)
    answers = await asyncio.gather(
        store.replace(InstrumentDirectory(many(2)), (replace(FYERS, rows=2),)),
        other.replace(InstrumentDirectory(many(3)), (replace(FYERS, rows=3),)),
        return_exceptions=True,
    )
    assert any(answer is None for answer in answers)
    for answer in answers:
        assert answer is None or (isinstance(answer, Unavailable) and "another process" in answer.message)
    await store.open()
    (report,) = store.reports()
    assert tuple(store.directory()) == many(report.rows)


async def test_one_who_is_overtaken_is_told_and_changes_nothing(database: Database, store: SqlInstruments) -> None:
    await _execute(
        database,
        "CREATE TRIGGER overtaken AFTER INSERT ON instrument WHEN NEW.generation = 2 AND NEW.place = 2999"
        " BEGIN UPDATE instrument_set SET generation = 9; END",
    )
    with pytest.raises(Unavailable, match="another process has loaded others meanwhile"):
        await store.replace(InstrumentDirectory(many(2, 3_000)), ())
    assert tuple(store.directory()) == many(1)
    assert await _generations(database) == {1: 5_000}


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM instrument WHERE place = 17",
        "UPDATE instrument SET facts = replace(facts, '0.05', '0.5') WHERE place = 17",
        "UPDATE instrument_set SET generation = 99",
    ],
)
async def test_instruments_that_were_altered_are_not_used_and_named(
    database: Database, store: SqlInstruments, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    await _execute(database, damage)
    fresh = SqlInstruments(database, CATALOGUE, (CATALOGUE_REPORT,))
    with caplog.at_level(logging.ERROR):
        await fresh.open()
    assert "can't be used" in caplog.text
    assert tuple(fresh.directory()) == CATALOGUE
    catalogue, fyers = fresh.reports()
    assert catalogue == CATALOGUE_REPORT
    assert fyers.as_of is None
    assert "damaged or incomplete" in (fyers.stale_reason or "")
    await fresh.replace(InstrumentDirectory(many(4)), (FYERS,))
    await store.open()
    assert tuple(store.directory()) == many(4)


async def test_a_large_load_is_kept_while_reservations_go_on(database: Database, path: Path) -> None:
    store, intents = SqlInstruments(database), SqlIdempotencyStore(database)
    day = await asyncio.to_thread(InstrumentDirectory, full_day(30_000))
    task = asyncio.create_task(store.replace(day, (FYERS,)))
    await asyncio.sleep(0)
    meanwhile = 0
    for number in range(20):
        await intents.reserve(intent(f"{number}", number), now=NOW)
        meanwhile += not task.done()
    await task
    assert meanwhile > 0
    await database.close()

    fresh = Database(f"sqlite:///{path}")
    await fresh.open()
    try:
        again = SqlInstruments(fresh)
        await again.open()
        assert again.directory().lines == day.lines
        assert again.reports() == (FYERS,)
        assert len(await SqlIdempotencyStore(fresh).unsettled()) == 20
    finally:
        await fresh.close()
