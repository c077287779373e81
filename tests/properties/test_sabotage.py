"""The test of the tests: with the first commit, the tag search or the start-up pass taken out, they fail.

Which test notices what stands in `WITNESSES`; the machine notices each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from tests.properties.once_machine import OnceMachine
from tests.support.house import House
from tests.support.sabotage import HouseWithoutFirstCommit, HouseWithoutStartUpPass, HouseWithoutTagSearch
from tests.unit.application import test_late_acceptance, test_lookalikes, test_reconciling

Witness = Callable[[House], Awaitable[None]]

WITNESSES: dict[type[House], tuple[Witness, ...]] = {
    HouseWithoutFirstCommit: (
        partial(test_reconciling.test_what_a_crash_left_open_is_unknown_and_looked_for, accepted=True),
        test_reconciling.test_the_same_key_after_a_crash_looks_and_never_sends,
        test_reconciling.test_another_gateways_work_is_left_to_it_for_as_long_as_it_lives,
        test_lookalikes.test_a_double_click_under_two_keys_is_one_order,
    ),
    HouseWithoutTagSearch: (
        test_reconciling.test_a_lost_order_is_found_by_its_tag_and_the_answer_is_the_same_ever_after,
        test_reconciling.test_the_search_goes_on_while_the_caller_waits,
        test_reconciling.test_the_watch_settles_what_nobody_asks_for,
        test_late_acceptance.test_before_a_key_serves_again_the_book_is_asked_once_more,
    ),
    HouseWithoutStartUpPass: (
        partial(test_reconciling.test_what_a_crash_left_open_is_unknown_and_looked_for, accepted=True),
        test_reconciling.test_the_same_key_after_a_crash_looks_and_never_sends,
    ),
}
_CASES = [
    pytest.param(sabotaged, witness, id=f"{sabotaged.__name__}-{getattr(witness, '__name__', 'a_crash')}")
    for sabotaged, witnesses in WITNESSES.items()
    for witness in witnesses
]


async def _house(kind: type[House]) -> House:
    house = kind()
    await house.log_in()
    return house


@pytest.mark.parametrize(("sabotaged", "witness"), _CASES)
async def test_what_is_taken_out_is_noticed_by_its_witnesses(sabotaged: type[House], witness: Witness) -> None:
    await witness(await _house(House))
    house = await _house(sabotaged)
    with pytest.raises((Exception, pytest.fail.Exception)):
        async with asyncio.timeout(1):  # Some wait for what will never come.
            await witness(house)


def _place(machine: OnceMachine, mishap: str = "none", *, is_slow: bool = False) -> None:
    machine.place(
        key="k0",
        quantity=10,
        mishap=mishap,
        callers=1,
        is_slow=is_slow,
        with_row=False,
        beside=False,
        both=False,
        is_meant=True,
    )


def _an_order(machine: OnceMachine) -> None:
    _place(machine)


def _a_lost_answer(machine: OnceMachine) -> None:
    _place(machine, "lost after")


def _a_crash(machine: OnceMachine) -> None:
    _place(machine, is_slow=True)
    machine.the_gateway_crashes(arrives=True)


def _run(kind: type[House], program: Callable[[OnceMachine], None]) -> None:
    """A short program of the machine: the steps that matter, and what must hold at quiet."""
    machine = OnceMachine()
    machine.house_of = kind
    machine.open()
    program(machine)
    try:
        machine.every_answer_was_true()
    finally:
        machine.teardown()


@pytest.mark.parametrize(
    ("sabotaged", "program"),
    [
        (HouseWithoutFirstCommit, _an_order),
        (HouseWithoutTagSearch, _a_lost_answer),
        (HouseWithoutStartUpPass, _a_crash),
    ],
)
def test_the_machine_notices_each(sabotaged: type[House], program: Callable[[OnceMachine], None]) -> None:
    _run(House, program)
    with pytest.raises(AssertionError):
        _run(sabotaged, program)
