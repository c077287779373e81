from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from ordo.adapters.circuits import PurgatoryCircuits
from ordo.application.master_sync import MasterSync
from ordo.application.status import StatusService
from ordo.domain.errors import OutcomeUnknown, Unavailable
from ordo.domain.masters import MasterReport, MasterState
from ordo.domain.orders import OrderStatus
from ordo.domain.safety import KillState
from ordo.domain.sessions import SessionState
from tests.support.broker import Mishap, lost
from tests.support.house import House
from tests.support.orders import ACCOUNT
from tests.support.stores import fail


def _status(house: House, probes: dict[str, Callable[[], Awaitable[object]]] | None = None) -> StatusService:
    masters = MasterSync(house.instruments, (), house.clock, house.now.trail, at=time(8, 30))
    now = house.now
    circuits = PurgatoryCircuits(house.circuit_states, house.clock)
    return StatusService(probes or {}, now.sessions, now.safety, now.store, house.clock, masters, circuits, now.pacing)


async def test_the_status_shows_what_an_order_depends_on(house: House) -> None:
    service = _status(house, {"intents": house.intents.unsettled, "audit": fail})
    started = house.clock.now()
    await house.now.safety.set(KillState.HALTED, "careful")
    house.broker.next("place", Mishap(before=lost()))
    house.clock.step(timedelta(seconds=9))
    status = await service.status()
    assert (status.started_at, status.now) == (started, house.clock.now())
    assert status.kill_switch.state is KillState.HALTED
    assert [(report.account, report.state) for report in status.sessions] == [(ACCOUNT, SessionState.ACTIVE)]
    assert [(report.name, report.ok, report.message) for report in status.stores] == [
        ("intents", True, None),
        ("audit", False, "the disk is full"),
    ]
    assert status.unknown_orders == ()


async def test_orders_of_unknown_outcome_are_shown(house: House) -> None:
    house.broker.next("place", Mishap(before=lost()))
    with pytest.raises(OutcomeUnknown):
        await house.place()
    (order,) = (await _status(house).status()).unknown_orders
    assert order.status is OrderStatus.UNKNOWN


async def test_a_status_that_can_not_be_read_is_not_guessed(house: House) -> None:
    house.now.store.before["unsettled"] = fail
    with pytest.raises(Unavailable):
        await _status(house).status()


async def test_the_sources_of_instruments_are_shown_with_what_is_wrong_with_them(house: House) -> None:
    loaded = MasterReport(name="fyers", as_of=date(2026, 11, 20), loaded_at=house.clock.now(), rows=9)
    shipped = replace(loaded, name="catalogue", loaded_at=None)
    for report in (shipped, replace(loaded, stale_reason="it is empty")):
        await house.instruments.note(report)
    catalogue, fyers = (await _status(house).status()).masters
    assert (catalogue.name, catalogue.state) == ("catalogue", MasterState.CURRENT)
    assert (fyers.state, fyers.stale_reason, fyers.as_of, fyers.rows) == (
        MasterState.STALE,
        "it is empty",
        date(2026, 11, 20),
        9,
    )
