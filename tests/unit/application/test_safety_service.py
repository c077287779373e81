from __future__ import annotations

from datetime import timedelta

import pytest

from ordo.application.context import Context
from ordo.domain.audit import AuditKind
from ordo.domain.errors import ErrorCode, Invalid, Unsupported
from ordo.domain.safety import KillState
from tests.support.house import House


async def test_a_switch_that_nobody_set_lets_orders_through(house: House) -> None:
    switch = await house.now.safety.get()
    assert (switch.state, switch.changed_by, switch.changed_at) == (KillState.ACTIVE, "gateway", house.clock.now())
    await house.now.safety.gate()


async def test_who_pulls_the_switch_and_why_is_kept_and_told(house: House) -> None:
    house.clock.step(timedelta(seconds=5))
    context = Context(principal="desk")
    switch = await house.now.safety.set(KillState.HALTED, "runaway algo", context)
    assert (switch.changed_by, switch.changed_at, switch.reason) == ("desk", house.clock.now(), "runaway algo")
    assert await house.now.safety.get() == switch
    event = house.audit.events[-1]
    assert (event.kind, event.actor, event.correlation_id) == (
        AuditKind.KILL_SWITCH_CHANGED,
        "desk",
        context.correlation_id,
    )
    assert event.facts == {"state": "HALTED", "reason": "runaway algo"}
    with pytest.raises(Invalid) as refusal:
        await house.now.safety.gate()
    assert refusal.value.code is ErrorCode.KILL_SWITCH_ACTIVE


async def test_a_halt_outlives_a_restart_and_ends_only_by_hand(house: House) -> None:
    await house.now.safety.set(KillState.HALTED, "r")
    house.start()
    with pytest.raises(Invalid):
        await house.now.safety.gate()
    await house.now.safety.set(KillState.ACTIVE, "over")
    await house.now.safety.gate()


async def test_a_halt_stands_even_when_it_can_not_be_told(house: House) -> None:
    house.audit.fails_on.add(AuditKind.KILL_SWITCH_CHANGED)
    await house.now.safety.set(KillState.HALTED, "r")
    with pytest.raises(Invalid):
        await house.now.safety.gate()


async def test_a_state_whose_check_is_not_there_is_refused(house: House) -> None:
    with pytest.raises(Unsupported) as refusal:
        await house.now.safety.set(KillState.REDUCE_ONLY, "r")
    assert refusal.value.fields[0].field == "state"
    assert (await house.now.safety.get()).state is KillState.ACTIVE
    assert house.audit.events == []
