from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from ordo.domain.safety import KillState, KillSwitch
from ordo.ports.safety import SafetyStore
from tests.contract.store_harness import Stores
from tests.contract.values import ACCOUNT, NOW, OTHER_ACCOUNT


@pytest.fixture
def store(stores: Stores) -> SafetyStore:
    return stores.safety


def switch(state: KillState = KillState.HALTED, reason: str = "₹ limit\nof the day") -> KillSwitch:
    return KillSwitch(state=state, changed_by="परीक्षक", changed_at=NOW, reason=reason)


async def test_a_switch_that_was_never_set_is_none(store: SafetyStore) -> None:
    assert await store.get() is None
    assert await store.get(ACCOUNT) is None
    assert await store.all() == ()


@pytest.mark.parametrize("state", KillState)
async def test_a_switch_comes_back_as_it_was_set(store: SafetyStore, state: KillState) -> None:
    await store.save(switch(state))
    assert await store.get() == switch(state)


async def test_there_is_one_switch_and_the_last_setting_counts(store: SafetyStore) -> None:
    for state in (KillState.HALTED, KillState.ACTIVE, KillState.REDUCE_ONLY):
        await store.save(switch(state, reason=f"now {state}"))
    assert await store.get() == switch(KillState.REDUCE_ONLY, reason="now REDUCE_ONLY")


async def test_the_time_of_the_change_is_kept_as_a_moment(store: SafetyStore) -> None:
    india = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    await store.save(KillSwitch(state=KillState.HALTED, changed_by="a", changed_at=india, reason=""))
    found = await store.get()
    assert found is not None
    assert found.changed_at == NOW
    assert found.changed_at.utcoffset() is not None


async def test_each_account_has_a_switch_of_its_own(store: SafetyStore) -> None:
    one = replace(switch(KillState.REDUCE_ONLY), account=ACCOUNT)
    other = replace(switch(KillState.ACTIVE), account=OTHER_ACCOUNT)
    for each in (other, one, switch()):
        await store.save(each)
    assert await store.all() == (switch(), one, other)
    assert (await store.get(), await store.get(ACCOUNT), await store.get(OTHER_ACCOUNT)) == (switch(), one, other)
    await store.save(replace(one, state=KillState.HALTED))
    assert await store.all() == (switch(), replace(one, state=KillState.HALTED), other)
