from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from ordo.domain.directory import InstrumentDirectory
from ordo.domain.instruments import Instrument, InstrumentKey, Kind
from ordo.domain.masters import MasterReport
from ordo.ports.instruments import InstrumentStore
from tests.contract.store_harness import Medium, Stores
from tests.contract.values import CATALOGUE, CATALOGUE_REPORT, NOW, intent, listed

SBIN = InstrumentKey.parse("NSE:SBIN")
FYERS = MasterReport(name="fyers", as_of=date(2026, 11, 23), loaded_at=NOW, rows=2)
HDFC = MasterReport(name="hdfc", as_of=date(2026, 11, 20), loaded_at=NOW - timedelta(days=3), rows=0)
CALL = listed("NFO:M&M:20261229:292.5:CE", "77", kind=Kind.OPTION, references={"fyers": "NSE:M&M26DEC292.5CE"})
LOADED = (CALL, listed("NSE:M&M:BE", "2031", references={"fyers": "NSE:M&M-BE", "hdfc": "MAHMAHEQNR"}))


@pytest.fixture
def store(stores: Stores) -> InstrumentStore:
    return stores.instruments


def many(day: int) -> tuple[Instrument, ...]:
    """More than fit into one transaction; on each day with another lot."""
    return tuple(replace(listed(f"NSE:S{number:05}", f"{number}"), lot_size=day) for number in range(5_000))


async def test_at_first_it_holds_what_it_was_made_with(store: InstrumentStore) -> None:
    assert tuple(store.directory()) == CATALOGUE
    assert store.reports() == (CATALOGUE_REPORT,)


async def test_what_replaces_the_instruments_is_all_there_is(store: InstrumentStore) -> None:
    await store.replace(InstrumentDirectory(LOADED), (HDFC, FYERS))
    assert tuple(store.directory()) == LOADED
    assert store.directory().get(SBIN) is None
    assert store.directory().by_reference("hdfc", "MAHMAHEQNR") == LOADED[1]
    assert store.reports() == (FYERS, HDFC)


async def test_the_instruments_are_replaced_as_often_as_needed_even_by_none(store: InstrumentStore) -> None:
    for instruments in (LOADED, CATALOGUE, (), many(1), (), LOADED):
        await store.replace(InstrumentDirectory(instruments), ())
        assert tuple(store.directory()) == instruments
        assert store.reports() == ()


async def test_who_holds_the_old_directory_keeps_it(store: InstrumentStore) -> None:
    before = store.directory()
    await store.replace(InstrumentDirectory(LOADED), (FYERS,))
    assert tuple(before) == CATALOGUE


async def test_a_note_changes_the_report_of_its_source_alone(store: InstrumentStore) -> None:
    await store.replace(InstrumentDirectory(LOADED), (FYERS, HDFC))
    stale = replace(FYERS, stale_reason="the file ends too early ₹")
    await store.note(stale)
    assert store.reports() == (stale, HDFC)
    assert tuple(store.directory()) == LOADED


async def test_a_source_that_was_never_loaded_can_be_noted(store: InstrumentStore) -> None:
    absent = MasterReport(name="fyers", as_of=None, loaded_at=None, rows=0, stale_reason="no route to the host")
    await store.note(absent)
    assert store.reports() == (CATALOGUE_REPORT, absent)
    assert tuple(store.directory()) == CATALOGUE


async def test_readers_see_the_old_or_the_new_and_never_a_mix(store: InstrumentStore) -> None:
    await store.replace(InstrumentDirectory(many(1)), (replace(FYERS, rows=1),))
    task = asyncio.create_task(store.replace(InstrumentDirectory(many(2)), (replace(FYERS, rows=2),)))
    seen = set()
    while not task.done():
        directory, (report,) = store.directory(), store.reports()
        first, last = directory.get(InstrumentKey.parse("NSE:S00000")), directory.get(InstrumentKey.parse("NSE:S04999"))
        assert first is not None
        assert last is not None
        seen.add((first.lot_size, last.lot_size, report.rows))
        await asyncio.sleep(0)
    await task
    assert seen <= {(1, 1, 1), (2, 2, 2)}
    assert tuple(store.directory()) == many(2)


async def test_replacements_at_once_leave_one_of_them(store: InstrumentStore) -> None:
    await asyncio.gather(
        *(store.replace(InstrumentDirectory(many(day)), (replace(FYERS, rows=day),)) for day in (1, 2, 3))
    )
    (report,) = store.reports()
    assert tuple(store.directory()) == many(report.rows)


async def test_reservations_slip_in_between_the_parts_of_a_replacement(durable: Medium) -> None:
    async with durable.opened() as stores:
        task = asyncio.create_task(stores.instruments.replace(InstrumentDirectory(many(1)), ()))
        await asyncio.sleep(0)
        meanwhile = 0
        for number in range(5):
            assert await stores.idempotency.reserve(intent(f"key-{number}", number), now=NOW) is None
            meanwhile += not task.done()
        await task
        assert meanwhile > 0
        assert len(await stores.idempotency.unsettled()) == 5


@pytest.mark.parametrize("instruments", [LOADED, many(1), ()])
async def test_the_last_replacement_survives_a_restart(durable: Medium, instruments: tuple[Instrument, ...]) -> None:
    stale = replace(HDFC, stale_reason="yesterday's file")
    async with durable.opened() as stores:
        await stores.instruments.replace(InstrumentDirectory(many(7)), (CATALOGUE_REPORT,))
        await stores.instruments.replace(InstrumentDirectory(instruments), (FYERS, HDFC))
        await stores.instruments.note(stale)
    async with durable.opened() as stores:
        assert tuple(stores.instruments.directory()) == instruments
        assert stores.instruments.reports() == (FYERS, stale)


async def test_a_note_survives_a_restart_before_anything_was_loaded(durable: Medium) -> None:
    absent = replace(FYERS, as_of=None, loaded_at=None, rows=0, stale_reason="404")
    async with durable.opened() as stores:
        await stores.instruments.note(absent)
    async with durable.opened() as stores:
        assert tuple(stores.instruments.directory()) == CATALOGUE
        assert stores.instruments.reports() == (CATALOGUE_REPORT, absent)


@pytest.mark.parametrize("turns", [1, 3, 10, 30])
async def test_a_replacement_that_was_given_up_left_the_old_or_the_new(durable: Medium, turns: int) -> None:
    async with durable.opened() as stores:
        await stores.instruments.replace(InstrumentDirectory(many(1)), (replace(FYERS, rows=1),))
        task = asyncio.create_task(stores.instruments.replace(InstrumentDirectory(many(2)), (replace(FYERS, rows=2),)))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
    async with durable.opened() as stores:
        (report,) = stores.instruments.reports()
        assert tuple(stores.instruments.directory()) == many(report.rows)
        await stores.instruments.replace(InstrumentDirectory(LOADED), (FYERS,))
    async with durable.opened() as stores:
        assert tuple(stores.instruments.directory()) == LOADED


async def test_another_process_finds_what_was_replaced_when_it_opens(shared: Medium) -> None:
    async with shared.opened() as mine, shared.opened() as theirs:
        await mine.instruments.replace(InstrumentDirectory(LOADED), (FYERS,))
        assert tuple(theirs.instruments.directory()) == CATALOGUE
        await theirs.instruments.open()
        assert tuple(theirs.instruments.directory()) == LOADED
        assert theirs.instruments.reports() == (FYERS,)
