"""Thousands of unknown orders: what they cost is counted, and what is said of each stays as well proven as before."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from ordo.application import searches
from ordo.application.reconcile import Reconciler
from ordo.application.searches import Asking, Search
from ordo.domain.accounts import Account
from ordo.domain.errors import OutcomeUnknown
from ordo.domain.idempotency import Intent, IntentState
from ordo.domain.matching import BookRead
from ordo.domain.orders import OrderStatus
from tests.support.broker import Mishap, lost
from tests.support.clock import quiet
from tests.support.house import House
from tests.support.orders import ACCOUNT, BUY_TEN, OTHER
from tests.support.stores import Hook, fail_times

_NAMES = count(373_200_000_000_000)
_A_DAY = timedelta(days=1)


async def _lose(house: House, number: int, account: Account = ACCOUNT, *, owner: str | None = None) -> list[Intent]:
    """As many orders as that of which nobody knows whether they were placed; or, of an `owner`, are still at work."""
    one = await house.intent()
    if one is None:
        house.broker.next("place", Mishap(before=lost()))
        house.broker.unreadable = lost()
        with pytest.raises(OutcomeUnknown):
            await house.place()
        house.broker.unreadable = None
        one = await house.intent()
        assert one is not None
        await house.intents.release(one.key, one.order_id)
    made = []
    for name in map(str, (next(_NAMES) for _ in range(number))):
        order = replace(one.order, order_id=name, account=account, created_at=house.clock.now())
        intent = replace(one, key=replace(one.key, account=account, key=name), order=order, created_at=order.created_at)
        if owner is not None:
            order = replace(order, status=OrderStatus.SUBMITTING, history=order.history[:1])
            intent = replace(intent, owner=owner, state=IntentState.OPEN, order=order)
        assert await house.intents.reserve(intent, now=house.clock.now()) is None
        made.append(intent)
    return made


def _counted(house: House, *names: str) -> Counter[str]:
    calls = Counter[str]()

    def hook(name: str) -> Hook:
        async def noted() -> None:
            calls[name] += 1

        return noted

    house.now.store.before |= {name: hook(name) for name in names}
    return calls


@asynccontextmanager
async def _watching(house: House) -> AsyncIterator[None]:
    task = asyncio.ensure_future(house.now.reconciler.watch())
    await quiet()
    try:
        yield
        await _settle_down()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _settle_down() -> None:
    """A round over many lets others have their turn, more often than `quiet` gives it."""
    for _ in range(10):
        await quiet()


async def _states(house: House) -> Counter[str]:
    return Counter(one.state for one in await house.intents.placements(ACCOUNT, since=house.clock.now() - _A_DAY))


async def test_a_round_reads_a_book_and_its_placements_once_for_all_of_an_account(house: House) -> None:
    await house.log_in(OTHER)
    await _lose(house, 400)
    await _lose(house, 300, OTHER)
    books = house.broker.count("orders")
    calls = _counted(house, "unsettled", "placements", "find", "placement")
    async with _watching(house):
        await house.clock.advance(0.5)
        await _settle_down()
        assert house.broker.count("orders") == books + 2
        assert calls == {"unsettled": 1, "placements": 2}  # None of them is looked up by itself.


async def test_one_read_settles_all_that_it_shows_and_no_other(house: House) -> None:
    intents = await _lose(house, 250)
    for intent in intents[::50]:
        house.broker.external(BUY_TEN, tag=intent.order_id)
    books = house.broker.count("orders")
    async with _watching(house):
        await house.clock.advance(0.5)
        await _settle_down()
        assert house.broker.count("orders") == books + 1
        assert await _states(house) == {IntentState.DONE: 5, IntentState.UNKNOWN: 245}
        for intent in intents[::50]:
            assert (await house.kept(intent.order_id)).status is OrderStatus.OPEN


async def test_all_are_proven_absent_by_the_same_reads_a_minute_after_the_first_and_not_before(house: House) -> None:
    await _lose(house, 250)
    books = house.broker.count("orders")
    async with _watching(house):
        await house.clock.advance(0.5)
        await _settle_down()
        for _ in range(119):
            await house.clock.advance(0.5)
            await _settle_down()
            assert await _states(house) == {IntentState.UNKNOWN: 250}
        for _ in range(10):
            await house.clock.advance(0.5)
            await _settle_down()
        assert await _states(house) == {IntentState.FAILED: 250}
        assert house.broker.count("orders") <= books + 10


async def test_a_read_that_several_share_is_one_read(house: House) -> None:
    house.patience = replace(house.patience, absence=timedelta(0))
    house.start()
    (intent,) = await _lose(house, 1)
    books = house.broker.count("orders")
    await asyncio.gather(house.now.reconciler.look(intent), house.now.reconciler._round())
    assert house.broker.count("orders") == books + 1
    assert await _states(house) == {IntentState.UNKNOWN: 1}
    assert (await house.now.reconciler.look(intent)).state is IntentState.FAILED


async def test_what_was_seen_of_an_order_says_nothing_of_the_next_under_its_key(house: House) -> None:
    (former,) = await _lose(house, 1)
    await house.now.reconciler.look(former)
    await house.clock.advance(61)
    await house.intents.release(former.key, former.order_id)  # As another gateway may have it settled.
    order = replace(former.order, order_id=str(next(_NAMES)), created_at=house.clock.now())
    again = replace(former, order=order, created_at=order.created_at)
    assert await house.intents.reserve(again, now=house.clock.now()) is None
    assert (await house.now.reconciler.look(again)).state is IntentState.UNKNOWN
    assert (await house.now.reconciler.look(again)).state is IntentState.UNKNOWN
    await house.clock.advance(60)
    assert (await house.now.reconciler.look(again)).state is IntentState.FAILED


async def test_many_that_a_gateway_left_open_are_taken_up_and_found_by_one_read(house: House) -> None:
    intents = await _lose(house, 150, owner="a gateway that is gone")
    house.broker.external(BUY_TEN, tag=intents[7].order_id)
    books = house.broker.count("orders")
    async with _watching(house):
        await house.clock.advance(0.5)
        await _settle_down()
        assert await _states(house) == {IntentState.DONE: 1, IntentState.UNKNOWN: 149}
        assert house.broker.count("orders") == books + 1


async def test_the_more_there_are_the_longer_the_watch_rests(house: House) -> None:
    await _lose(house, 3000)
    calls = _counted(house, "unsettled")
    async with _watching(house):
        await house.clock.advance(0.5)
        await _settle_down()
        assert calls["unsettled"] == 1
        await house.clock.advance(5.9)  # It has looked at 3,000 orders, and at as many placements beside the book.
        await _settle_down()
        assert calls["unsettled"] == 1
        await house.clock.advance(0.1)
        await _settle_down()
        assert calls["unsettled"] == 2


async def test_others_have_their_turn_while_a_round_looks_at_many(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two of their turns, no more orders than a slice of them are held against a read."""
    await _lose(house, 1000)
    judged, most = 0, 0
    genuine = Reconciler._judged

    def counted(
        self: Reconciler, intent: Intent, read: BookRead, search: Search, asking: Asking | None
    ) -> Intent | None:
        nonlocal judged
        judged += 1
        return genuine(self, intent, read, search, asking)

    monkeypatch.setattr(Reconciler, "_judged", counted)
    working = asyncio.ensure_future(house.now.reconciler._round())
    while not working.done():
        before = judged
        await asyncio.sleep(0)
        most = max(most, judged - before)
    assert judged == 1000
    assert most <= searches._SLICE


async def test_an_account_whose_book_can_not_be_read_does_not_hold_up_the_others(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.log_in(OTHER)
    await _lose(house, 120)
    (other,) = await _lose(house, 1, OTHER)
    house.broker.external(BUY_TEN, tag=other.order_id)
    house.broker.next("orders", Mishap(before=KeyError("a mistake in the adapter")))
    async with _watching(house):
        await house.clock.advance(0.5)
        await _settle_down()
        assert await house.intents.placement(OTHER, other.order_id) != other
        assert await _states(house) == {IntentState.UNKNOWN: 120}
    assert f"120 orders of {ACCOUNT}" in caplog.text
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1


async def test_a_store_that_fails_for_one_order_does_not_hold_up_the_others(house: House) -> None:
    intents = await _lose(house, 120)
    for intent in intents[:3]:
        house.broker.external(BUY_TEN, tag=intent.order_id)
    house.now.store.before["settle"] = fail_times(1)
    async with _watching(house):
        await house.clock.advance(0.5)
        await _settle_down()
        assert await _states(house) == {IntentState.DONE: 2, IntentState.UNKNOWN: 118}
        await house.clock.advance(0.5)
        await _settle_down()
        assert await _states(house) == {IntentState.DONE: 3, IntentState.UNKNOWN: 117}


async def test_what_somebody_else_has_settled_is_not_searched_for_any_more(house: House) -> None:
    intents = await _lose(house, 120)
    async with _watching(house):
        await house.clock.advance(0.5)
        await _settle_down()
        assert len(house.now.reconciler._searches.names()) == 120
        for intent in intents[10:]:
            await house.intents.release(intent.key, intent.order_id)
        await house.clock.advance(0.5)
        await _settle_down()
        assert len(house.now.reconciler._searches.names()) == 10
