"""Loading masters: all of today's instruments, or those of before and the reason; one load at a time."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from shutil import rmtree

import pytest

from ordo.adapters.masters.fyers import FyersMaster
from ordo.adapters.masters.hdfc import HdfcMaster
from ordo.adapters.memory.audit import MemoryAuditLog
from ordo.adapters.memory.instruments import MemoryInstruments
from ordo.application.master_sync import MasterSync
from ordo.application.trail import Trail
from ordo.domain.audit import AuditKind
from ordo.domain.calendar import IST
from ordo.domain.errors import ErrorCode, Invalid, Unavailable
from ordo.domain.instruments import Instrument, InstrumentKey
from ordo.domain.master_rows import MasterRefused
from ordo.domain.masters import MasterReport, MasterState
from tests.support.clock import VirtualClock, quiet
from tests.support.masters import TODAY, market, write_fyers, write_hdfc
from tests.support.orders import SBIN, share

_LISTED = market(100)[:-1]
_NEW = market(100)[-1]
_PAPER_ONLY = replace(share(InstrumentKey.parse("NSE:PAPERONLY")), exchange_token="999999999")
_FUTURE = "NFO:NIFTY:20261229:FUT"
_CATALOGUE = MasterReport(name="catalogue", as_of=date(2026, 11, 22), loaded_at=None, rows=1)


class _Desk:
    """Both brokers' masters in a folder, and a gateway's part that loads them."""

    def __init__(
        self, folder: Path, *, hdfc: bool = True, at: time = time(8, 30), always: tuple[Instrument, ...] = ()
    ) -> None:
        self.folder = folder
        self.clock = VirtualClock()
        self.audit = MemoryAuditLog()
        self.store = MemoryInstruments((share(),), (_CATALOGUE,))
        sources = (FyersMaster(str(folder / "fyers")), *((HdfcMaster(str(self.hdfc), self.clock),) if hdfc else ()))
        trail = Trail(self.audit, self.clock)
        self.sync = MasterSync(self.store, sources, self.clock, trail, at=at, always=always)

    @property
    def hdfc(self) -> Path:
        return self.folder / "hdfc.csv"

    def publish(self, day: date = TODAY) -> None:
        write_fyers(_LISTED, self.folder / "fyers", day=day)
        write_hdfc(_LISTED, self.hdfc)
        moment = datetime.combine(day, time(7), IST).timestamp()
        os.utime(self.hdfc, (moment, moment))

    def states(self) -> dict[str, MasterState]:
        return {one.name: one.state for one in self.sync.standings()}


@pytest.fixture
def desk(tmp_path: Path) -> _Desk:
    desk = _Desk(tmp_path)
    desk.publish()
    return desk


async def test_a_load_replaces_all_instruments_and_reports(desk: _Desk) -> None:
    assert desk.states() == {
        "catalogue": MasterState.CURRENT,
        "fyers": MasterState.ABSENT,
        "hdfc": MasterState.ABSENT,
    }
    told: list[tuple[str, int]] = []
    reports = await desk.sync.sync(lambda source, rows: told.append((source, rows)))
    assert {(one.name, one.rows, one.as_of) for one in reports} == {
        ("fyers", len(_LISTED), TODAY),
        ("hdfc", len(_LISTED), TODAY),
    }
    assert desk.states() == {"fyers": MasterState.CURRENT, "hdfc": MasterState.CURRENT}
    assert len(desk.store.directory()) == len(_LISTED)
    found = desk.store.directory().get(SBIN)
    assert found is not None
    assert set(found.references) == {"fyers", "hdfc"}
    assert told[-1] == ("hdfc", len(_LISTED))
    assert told == sorted(told)
    (event,) = desk.audit.events
    assert event.kind is AuditKind.INSTRUMENTS_LOADED
    assert event.facts["instruments"] == str(len(_LISTED))


async def test_the_first_master_that_is_refused_leaves_all_as_it_was(desk: _Desk) -> None:
    await desk.sync.sync()
    before = desk.store.directory()
    for file in (desk.folder / "fyers").iterdir():
        file.write_text("<html>maintenance</html>", "utf-8")
    with pytest.raises(MasterRefused):
        await desk.sync.sync()
    assert desk.store.directory() is before
    fyers, hdfc = desk.sync.standings()
    assert (fyers.state, hdfc.state) == (MasterState.STALE, MasterState.CURRENT)


async def test_another_master_that_is_refused_keeps_what_it_said_and_holds_up_nobody(desk: _Desk) -> None:
    await desk.sync.sync()
    before = desk.store.directory()
    write_fyers([*_LISTED, _NEW], desk.folder / "fyers")
    desk.hdfc.write_text("<html>maintenance</html>", "utf-8")
    with pytest.raises(MasterRefused):
        await desk.sync.sync()
    after = desk.store.directory()
    assert {one.key for one in after} - {one.key for one in before} == {InstrumentKey.parse(_NEW.key)}
    for one in before:
        found = after.get(one.key)
        assert found is not None
        assert (found.references, found.facts) == (one.references, one.facts)
    fyers, hdfc = desk.sync.standings()
    assert (fyers.state, fyers.stale_reason, fyers.reading) == (MasterState.CURRENT, None, None)
    assert (hdfc.state, hdfc.rows, hdfc.as_of) == (MasterState.STALE, len(_LISTED), TODAY)
    assert hdfc.stale_reason is not None
    assert "HTML" in hdfc.stale_reason
    event = desk.audit.events[-2]
    assert (event.kind, event.facts["source"]) == (AuditKind.INSTRUMENTS_REFUSED, "hdfc")
    assert desk.audit.events[-1].kind is AuditKind.INSTRUMENTS_LOADED
    desk.publish()
    await desk.sync.sync()
    assert set(desk.states().values()) == {MasterState.CURRENT}


async def test_the_log_tells_what_a_load_left_out(desk: _Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    listed = market(1_500, strikes=3)
    write_fyers(listed, desk.folder / "fyers")
    write_hdfc([replace(one, lot=one.lot + 1) if one.key == _FUTURE else one for one in listed], desk.hdfc)
    write_fyers(listed, desk.folder / "fyers", kind="csv")
    (desk.folder / "fyers" / "NSE_CD_sym_master.json").unlink()
    await desk.sync.sync()
    told = "\n".join(record.getMessage() for record in caplog.records)
    parts = ("loaded: fyers", "NSE_CD was read from the CSV", "left out: ", "can't be traded: ", f"such as {_FUTURE}")
    for part in parts:
        assert part in told


async def test_a_file_that_is_not_there_is_told_of_its_source(desk: _Desk) -> None:
    desk.hdfc.unlink()
    with pytest.raises(Unavailable):
        await desk.sync.sync()
    fyers, hdfc = desk.sync.standings()
    assert (fyers.state, fyers.stale_reason) == (MasterState.CURRENT, None)
    assert (hdfc.state, hdfc.rows) == (MasterState.ABSENT, 0)
    assert hdfc.stale_reason
    found = desk.store.directory().get(SBIN)
    assert found is not None
    assert set(found.references) == {"fyers"}


async def test_what_only_a_lost_master_lists_stays_listed(desk: _Desk) -> None:
    await desk.sync.sync()
    write_fyers([one for one in _LISTED if one.key != str(SBIN)], desk.folder / "fyers")
    desk.hdfc.unlink()
    with pytest.raises(Unavailable):
        await desk.sync.sync()
    found = desk.store.directory().get(SBIN)
    assert found is not None
    assert found.references["hdfc"]


async def test_what_the_paper_exchange_trades_is_always_listed(tmp_path: Path) -> None:
    desk = _Desk(tmp_path, always=(replace(share(), name="of the catalogue"), _PAPER_ONLY))
    desk.publish()
    await desk.sync.sync()
    found, ours = (desk.store.directory().get(key) for key in (SBIN, _PAPER_ONLY.key))
    assert found is not None
    assert found.name != "of the catalogue"
    assert ours == _PAPER_ONLY
    assert desk.states()["catalogue"] is MasterState.CURRENT


async def test_yesterdays_master_is_refused_on_a_weekday_and_fridays_serves_on_a_weekend(desk: _Desk) -> None:
    desk.publish(TODAY - timedelta(days=3))
    with pytest.raises(MasterRefused, match="it is of 2026-11-20, and today is 2026-11-23"):
        await desk.sync.sync()
    desk.clock.step(-timedelta(days=1))
    await desk.sync.sync()
    assert {one.as_of for one in desk.sync.standings()} == {date(2026, 11, 20)}
    assert set(desk.states().values()) == {MasterState.STALE}


async def test_a_master_that_has_shrunk_is_refused(desk: _Desk) -> None:
    await desk.sync.sync()
    write_fyers(_LISTED[:1000], desk.folder / "fyers")
    with pytest.raises(MasterRefused, match="by more than a fifth") as refusal:
        await desk.sync.sync()
    assert refusal.value.source == "fyers"


async def test_who_asks_during_a_load_gets_that_one(desk: _Desk) -> None:
    desk.sync.start()
    assert {one.name: one.reading for one in desk.sync.standings()} == {"catalogue": None, "fyers": 0, "hdfc": 0}
    first, second = await asyncio.gather(desk.sync.sync(), desk.sync.sync())
    assert first is second
    assert [event.kind for event in desk.audit.events] == [AuditKind.INSTRUMENTS_LOADED]
    assert {one.reading for one in desk.sync.standings()} == {None}


async def test_who_stops_waiting_does_not_stop_the_load(desk: _Desk) -> None:
    waiting = asyncio.ensure_future(desk.sync.sync())
    await asyncio.sleep(0)
    waiting.cancel()
    await desk.sync.sync()
    assert [event.kind for event in desk.audit.events] == [AuditKind.INSTRUMENTS_LOADED]


async def test_a_load_that_is_ended_changes_nothing(desk: _Desk) -> None:
    desk.sync.start()
    await desk.sync.close()
    assert {one.reading for one in desk.sync.standings()} == {None}
    assert desk.store.reports() == (_CATALOGUE,)
    await desk.sync.sync()
    await desk.sync.close()
    assert set(desk.states().values()) == {MasterState.CURRENT}


async def test_nothing_is_configured() -> None:
    clock = VirtualClock()
    sync = MasterSync(MemoryInstruments(), (), clock, Trail(MemoryAuditLog(), clock), at=time(8, 30))
    assert not sync.configured
    with pytest.raises(Invalid, match="ORDO_INSTRUMENTS__FYERS_URL") as refusal:
        sync.start()
    assert refusal.value.code is ErrorCode.UNSUPPORTED
    with pytest.raises(Invalid, match="ORDO_INSTRUMENTS__HDFC_URL"):
        await sync.sync()


async def _settled(desk: _Desk, events: int) -> None:
    """Wait for the outcomes of so many loads."""
    while len(desk.audit.events) < events:
        await asyncio.wait_for(asyncio.to_thread(lambda: None), 60)
    await quiet()


async def test_the_job_loads_at_start_and_every_morning(desk: _Desk) -> None:
    job = asyncio.ensure_future(desk.sync.keep_current())
    await _settled(desk, 1)
    assert set(desk.states().values()) == {MasterState.CURRENT}
    desk.publish(TODAY + timedelta(days=1))
    await desk.clock.advance(22.5 * 3600 - 1)
    assert set(desk.states().values()) == {MasterState.STALE}
    assert len(desk.audit.events) == 1
    await desk.clock.advance(1)
    await _settled(desk, 2)
    assert desk.clock.now().astimezone(IST).time() == time(8, 30)
    assert set(desk.states().values()) == {MasterState.CURRENT}
    job.cancel()


async def test_the_job_tries_again_soon_in_the_morning_and_hourly_later(desk: _Desk) -> None:
    rmtree(desk.folder / "fyers")
    desk.clock.step(timedelta(hours=-1, minutes=-5))  # 08:55
    job = asyncio.ensure_future(desk.sync.keep_current())
    await desk.clock.advance(35 * 60)
    failed = [f"{event.at.astimezone(IST):%H:%M}" for event in desk.audit.events]
    assert failed == ["08:55", "09:00", "09:05", "09:10", "09:15", "09:20", "09:25", "09:30"]
    desk.publish()
    await desk.clock.advance(3599)
    assert len(desk.audit.events) == len(failed)
    await desk.clock.advance(1)
    await _settled(desk, len(failed) + 1)
    assert desk.audit.events[-1].kind is AuditKind.INSTRUMENTS_LOADED
    job.cancel()


async def test_the_job_loads_nothing_twice_on_one_day(desk: _Desk) -> None:
    await desk.sync.sync()
    job = asyncio.ensure_future(desk.sync.keep_current())
    await quiet()
    await desk.clock.advance(3600)
    assert len(desk.audit.events) == 1
    job.cancel()
