"""Every fault of a broker's wire, on every write, at every broker, with tags in the book and without: what the gateway
answers is held against the broker's own ledger.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from ordo_emulators.faults import Fault, Operation, sensible
from tests.torture.houses import PLACES, House, fresh_key, fresh_order, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

_OF_THE_ORDER = sorted(sensible(Operation.PLACE) - {Fault.NO_TAG_ECHO})
"""Without tags is a house of its own, and the last test: one order without makes all tags of the account worthless."""

_ONLY_REFUSED = {Fault.RATE_LIMITED, Fault.EXPIRED_SESSION}
_LOOKS = 6
_MANY = 1000
_APART_SECONDS = 20


def _has_effect(fault: Fault) -> bool:
    return not (fault in _ONLY_REFUSED or fault.endswith("_before_accept"))


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=PLACES)
async def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with opened(PLACES[request.param], tmp_path_factory.mktemp(request.param)) as house:
        yield house


def _outcome(answer: httpx2.Response) -> str:
    """What an answer says of a write: that it was done, that it had no effect, or that nobody knows."""
    if answer.status_code == 202:
        assert answer.headers["Location"]
        return "unknown"
    if answer.status_code in (200, 201):
        return "done"
    outcome = answer.json()["details"]["outcome"]
    assert outcome in ("not_sent", "refused"), answer.text
    return "none"


class _Placement:
    """One key and its order, asked for again and again."""

    def __init__(self, house: House, before: int) -> None:
        self.house, self.before = house, before
        self.key, self.body = fresh_key(), fresh_order()

    async def ask(self) -> httpx2.Response:
        answer = await self.house.write("POST", "/orders", self.key, self.body)
        accepted = (await self.house.ledger())[self.before :]
        assert len(accepted) <= 1, "placed twice"
        outcome = _outcome(answer)
        if outcome == "done":
            (there,) = accepted
            assert (there["id"], there["tag"]) == (answer.json()["broker_order_id"], answer.json()["order_id"])
        elif outcome == "none":
            assert not accepted, f"called absent: {answer.text}"
        else:
            assert answer.json()["status"] == "UNKNOWN"
        return answer

    async def settle(self) -> httpx2.Response:
        """Look until it is known, or until time alone won't help."""
        answer = await self.ask()
        for _ in range(_LOOKS):
            if answer.status_code != 202:
                break
            await self.house.clock.advance(_APART_SECONDS)
            answer = await self.ask()
        return answer


async def _started(house: House) -> _Placement:
    await house.be_ready()
    return _Placement(house, len(await house.ledger()))


@pytest.mark.parametrize(
    "faults",
    [*((fault,) for fault in _OF_THE_ORDER), (Fault.DROP_AFTER_ACCEPT, Fault.LATE_IN_BOOK)],
    ids="+".join,
)
async def test_a_placement(house: House, faults: tuple[Fault, ...]) -> None:
    placement = await _started(house)
    with house.spoilt(Operation.PLACE, *faults):
        first = await placement.ask()
    accepted = len(await house.ledger()) - placement.before
    assert accepted == _has_effect(faults[0])

    settled = await placement.settle()
    if accepted:
        assert settled.status_code == 201
        again = await placement.ask()
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.json()["order_id"] == settled.json()["order_id"]
        await _is_listed_once(house, settled.json())
    elif faults[0] in _ONLY_REFUSED:
        assert _outcome(first) == "none"
    elif house.place.echoes:
        # What is proven absent may be placed under its own key, once; the watch may have proven it before the caller.
        assert settled.status_code == 201 or settled.json()["details"]["outcome"] == "not_sent"
        placed = await placement.ask()
        assert placed.status_code == 201
        assert (await placement.ask()).json()["order_id"] == placed.json()["order_id"]
    else:
        assert settled.status_code == 202, "without tags no book proves that an order is absent"


@pytest.mark.parametrize("fault", sorted(sensible(Operation.ORDERS)))
async def test_a_book_that_cannot_be_read_proves_nothing(house: House, fault: Fault) -> None:
    placement = await _started(house)
    with house.spoilt(Operation.PLACE, Fault.DROP_AFTER_ACCEPT), house.spoilt(Operation.ORDERS, fault, times=_MANY):
        first = await placement.ask()
    # A reading without tags may still show the order by its terms.
    assert first.status_code == 202 or fault is Fault.NO_TAG_ECHO
    await house.be_ready()
    assert (await placement.settle()).status_code == 201


async def _is_listed_once(house: House, order: dict[str, Any]) -> None:
    await house.clock.advance(5)
    (listed,) = [one for one in await house.read("/orders") if one["price"] == order["price"]]
    assert (listed["order_id"], listed["broker_order_id"]) == (order["order_id"], order["broker_order_id"])
    assert listed["status"] == "OPEN"


class _Change:
    """One key for a modification or a cancellation of an order that rests."""

    def __init__(self, house: House, operation: Operation, placed: dict[str, Any], before: int) -> None:
        self.house, self.operation, self.before = house, operation, before
        self.path, self.broker_order_id = f"/orders/{placed['order_id']}", placed["broker_order_id"]
        self.key = fresh_key()

    def has_happened(self) -> bool:
        there = self.house.at_exchange(self.broker_order_id)
        return there.terms.quantity == 2 if self.operation is Operation.MODIFY else there.status.is_final

    async def ask(self) -> httpx2.Response:
        if self.operation is Operation.MODIFY:
            answer = await self.house.write("PATCH", self.path, self.key, {"quantity": 2})
        else:
            answer = await self.house.write("DELETE", self.path, self.key)
        assert len(await self.house.ledger()) == self.before, "a change placed an order"
        outcome = _outcome(answer)
        if outcome == "unknown":
            assert answer.json()["pending_op"] == self.operation.upper()
        else:
            assert self.has_happened() == (outcome == "done"), answer.text
        return answer

    async def settle(self) -> httpx2.Response:
        answer = await self.ask()
        for _ in range(_LOOKS):
            if answer.status_code != 202:
                break
            await self.house.clock.advance(_APART_SECONDS)
            answer = await self.ask()
        return answer


@pytest.mark.parametrize("operation", [Operation.MODIFY, Operation.CANCEL])
@pytest.mark.parametrize("fault", sorted(sensible(Operation.MODIFY)))
async def test_a_change(house: House, operation: Operation, fault: Fault) -> None:
    await house.be_ready()
    placed = await house.write("POST", "/orders", fresh_key(), fresh_order())
    change = _Change(house, operation, placed.json(), len(await house.ledger()))
    assert sensible(operation) == sensible(Operation.MODIFY)
    with house.spoilt(operation, fault):
        await change.ask()
    assert change.has_happened() == _has_effect(fault)

    settled = await change.settle()
    assert _outcome(settled) == ("done" if _has_effect(fault) else "none")
    again = await change.ask()
    assert again.status_code == settled.status_code
    assert change.has_happened() == _has_effect(fault)

    await house.be_ready()
    seen, there = await house.read(change.path), house.at_exchange(change.broker_order_id)
    assert (seen["quantity"], seen["status"]) == (there.terms.quantity, there.status)
    assert seen["pending_op"] is None


async def test_a_book_that_shows_tags_no_more(house: House) -> None:
    untagged = await _started(house)
    with house.spoilt(Operation.PLACE, Fault.NO_TAG_ECHO):
        assert (await untagged.ask()).status_code == 201
    await _is_listed_once(house, (await untagged.ask()).json())
    lost = await _started(house)
    with house.spoilt(Operation.PLACE, Fault.NO_TAG_ECHO, Fault.DROP_AFTER_ACCEPT):
        await lost.ask()
    found = await lost.settle()
    assert (found.status_code, found.json()["matched_by"]) == (201, "fingerprint")
    never_sent = await _started(house)
    with house.spoilt(Operation.PLACE, Fault.DROP_BEFORE_ACCEPT):
        await never_sent.ask()
    assert (await never_sent.settle()).status_code == 202
