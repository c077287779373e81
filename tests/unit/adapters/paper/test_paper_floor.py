"""Several paper brokers on one journal, restarts, and journals that can't be read."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from ordo.adapters.memory.journal import MemoryJournal
from ordo.adapters.memory.prices import MemoryPrices
from ordo.adapters.paper.events import OrderPlaced
from ordo.adapters.paper.floor import Floor
from ordo.adapters.paper.rules import Refusal
from ordo.adapters.paper.state import dump
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.instruments import Instrument
from ordo.domain.orders import OrderStatus, OrderTerms, Product
from ordo.ports.journal import Entry
from tests.support.clock import VirtualClock
from tests.unit.adapters.paper.paper_desk import BSE_SBIN, SBIN, Side_, terms_of

STREAM = "paper/paper"
CASH = Decimal("1000000.00")
LISTED = {SBIN.key: SBIN, BSE_SBIN.key: BSE_SBIN}


class SlowJournal(MemoryJournal):
    """A memory journal that lets others go first before everything it does, as a disk would."""

    async def read(self, stream: str, *, after: int) -> tuple[Entry, ...]:
        await asyncio.sleep(0)
        return await super().read(stream, after=after)

    async def append(self, stream: str, entries: tuple[Entry, ...]) -> bool:
        await asyncio.sleep(0)
        return await super().append(stream, entries)


class Street:
    """A journal, a market and a clock, and as many floors as wanted."""

    def __init__(self, journal: MemoryJournal | None = None) -> None:
        self.journal = journal or MemoryJournal()
        self.prices = MemoryPrices()
        self.clock = VirtualClock()
        self.tell("780.00")

    def floor(self, *, checkpoint_every: int = 1_000) -> Floor:
        return Floor(
            stream=STREAM,
            journal=self.journal,
            prices=self.prices,
            clock=self.clock,
            opening_cash=CASH,
            checkpoint_every=checkpoint_every,
        )

    def tell(self, last: str, *, size: int = 100, of: Instrument = SBIN) -> None:
        price = Decimal(last)
        bid, ask = str(price - Decimal("0.05")), str(price + Decimal("0.05"))
        self.prices.quote(of.key, self.clock.now(), last, bids=((bid, size),), asks=((ask, size),))

    async def place(self, floor: Floor, terms: OrderTerms, tag: str) -> Refusal | None:
        answer = await floor.submit(
            "A",
            lambda now: OrderPlaced(
                at=now,
                account_id="A",
                tag=tag,
                terms=terms,
                instrument=LISTED[terms.instrument],
                depth=self.prices.depth(terms.instrument, now),
            ),
        )
        return answer if isinstance(answer, Refusal) else None

    async def trade_a_while(self, floor: Floor) -> None:
        """Two days with orders of many fates."""
        for number in range(12):
            self.clock.step(timedelta(hours=3))
            self.tell(f"{778 + number % 5}.00", size=7)
            side: Side_ = "BUY" if number % 3 else "SELL"
            product = Product.CNC if number % 2 else Product.MIS
            limit = f"{777 + number % 6}.00"
            await self.place(floor, terms_of(SBIN, side, 5 + number, limit, product=product), f"T{number}")


async def state(floor: Floor) -> str:
    await floor.attend("A")
    return dump(floor.exchange.state)


@pytest.mark.parametrize("checkpoint_every", [1, 7, 1_000])
async def test_a_restart_loses_nothing(checkpoint_every: int) -> None:
    street = Street()
    first = street.floor(checkpoint_every=checkpoint_every)
    await street.trade_a_while(first)
    assert await state(street.floor()) == await state(first)
    statuses = Counter(order.status for order in first.exchange.state.orders.values())
    assert len(statuses) > 1
    assert (await street.journal.checkpoint(STREAM) is None) is (checkpoint_every == 1_000)


async def test_a_fold_from_a_checkpoint_is_the_fold_of_everything() -> None:
    plain, pruned = Street(), Street()
    await plain.trade_a_while(plain.floor())
    await pruned.trade_a_while(pruned.floor(checkpoint_every=5))
    assert await state(pruned.floor()) == await state(plain.floor())


async def test_brokers_that_race_agree_and_lose_nothing() -> None:
    street = Street(SlowJournal())
    floors = [street.floor(checkpoint_every=10) for _ in range(3)]
    street.tell("780.00", size=10)
    terms = terms_of(SBIN, "BUY", 1, "780.05")
    await asyncio.gather(
        *(street.place(floor, terms, f"{number}-{index}") for index in range(10) for number, floor in enumerate(floors))
    )
    states = [await state(floor) for floor in floors]
    assert states[0] == states[1] == states[2]
    orders = floors[0].exchange.state.orders
    assert len(orders) == 30
    assert Counter(order.status for order in orders.values()) == {OrderStatus.FILLED: 10, OrderStatus.OPEN: 20}


async def test_of_two_brokers_with_one_tag_one_is_turned_away() -> None:
    street = Street(SlowJournal())
    floors = [street.floor(), street.floor()]
    terms = terms_of(SBIN, "BUY", 1, "780.05")
    answers = await asyncio.gather(*(street.place(floor, terms, "T") for floor in floors))
    (refusal,) = [answer for answer in answers if answer is not None]
    assert refusal.code is ErrorCode.ORDER_REJECTED
    assert len(floors[0].exchange.state.orders) == 1


async def test_a_broker_far_behind_goes_on_from_the_checkpoint() -> None:
    street = Street()
    slow, busy = street.floor(), street.floor(checkpoint_every=3)
    await street.place(slow, terms_of(SBIN, "BUY", 1, "770.00"), "slow")
    await street.trade_a_while(busy)
    assert (await street.journal.read(STREAM, after=0))[0].seq > 3
    assert await state(slow) == await state(busy)
    assert await street.place(slow, terms_of(SBIN, "BUY", 1, "770.00"), "again") is None


async def test_orders_are_reached_in_the_order_of_the_market() -> None:
    street = Street()
    floor = street.floor()
    for tag, limit in (("a", "779.00"), ("b", "779.50")):
        await street.place(floor, terms_of(SBIN, "BUY", 60, limit), tag)
    street.clock.step(timedelta(seconds=1))
    street.tell("779.40")
    street.clock.step(timedelta(seconds=1))
    street.tell("778.90")
    await floor.attend("A")
    first, second = floor.exchange.state.orders.values()
    assert (first.filled, second.filled) == (60, 60)
    assert second.updated_at < first.updated_at


async def test_instruments_that_move_at_one_moment_are_reached_together() -> None:
    street = Street()
    street.tell("780.00", of=BSE_SBIN)
    floor = street.floor()
    await street.place(floor, terms_of(SBIN, "BUY", 1, "779.00"), "a")
    await street.place(floor, terms_of(BSE_SBIN, "BUY", 1, "779.00"), "b")
    street.clock.step(timedelta(seconds=1))
    street.tell("778.00")
    street.tell("778.00", of=BSE_SBIN)
    street.clock.step(timedelta(seconds=1))
    street.tell("790.00")
    street.tell("790.00", of=BSE_SBIN)
    await floor.attend("A")
    assert [order.status for order in floor.exchange.state.orders.values()] == [OrderStatus.FILLED] * 2
    (entry,) = [entry for entry in await street.journal.read(STREAM, after=0) if "market_moved" in entry.text]
    assert entry.text.index('"BSE"') < entry.text.index('"NSE"')


async def test_the_first_market_of_a_day_is_not_the_last_of_the_one_before() -> None:
    street = Street()
    floor = street.floor()
    await street.place(floor, terms_of(SBIN, "BUY", 1, "779.00"), "T")
    street.clock.step(timedelta(hours=14))  # Midnight in India.
    street.tell("770.00")
    await floor.attend("A")
    (order,) = floor.exchange.state.orders.values()
    assert (order.status, order.filled) == (OrderStatus.EXPIRED, 0)


async def test_a_long_look_back_lets_others_run() -> None:
    street = Street()
    floor = street.floor()
    await street.place(floor, terms_of(SBIN, "BUY", 1, "700.00"), "low")
    for _ in range(1_000):
        street.clock.step(timedelta(seconds=1))
        street.tell("780.00")
    breaths = 0

    async def breathe() -> None:
        nonlocal breaths
        while True:
            breaths += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(breathe())
    await floor.attend("A")
    other.cancel()
    assert breaths >= 3


@pytest.mark.parametrize("text", ["", "{}", '{"event":"order_cancelled"}', '{"event":"market_crashed"}'])
async def test_an_entry_that_is_not_understood_is_not_passed_over(text: str) -> None:
    street = Street()
    await street.journal.append(STREAM, (Entry(seq=1, text=text),))
    for _ in range(2):
        with pytest.raises(Unavailable) as error:
            await street.floor().attend("A")
        assert error.value.code is ErrorCode.STORE_UNAVAILABLE
        assert "entry 1" in error.value.message


async def test_a_checkpoint_that_is_not_understood_is_not_passed_over() -> None:
    street = Street()
    await street.place(street.floor(), terms_of(SBIN, "BUY", 1, "770.00"), "T")
    await street.journal.save_checkpoint(STREAM, Entry(seq=2, text='{"orders": 7}'))
    with pytest.raises(Unavailable, match="checkpoint 2"):
        await street.floor().attend("A")


async def test_a_journal_with_a_hole_is_not_read_across_it() -> None:
    class Holed(MemoryJournal):
        async def read(self, stream: str, *, after: int) -> tuple[Entry, ...]:
            return tuple(entry for entry in await super().read(stream, after=after) if entry.seq != 1)

    street = Street(Holed())
    text = '{"event":"account_opened","at":"2026-11-23T04:30:00Z","account_id":"A","cash":"1"}'
    await street.journal.append(STREAM, (Entry(seq=1, text=text), Entry(seq=2, text=text)))
    with pytest.raises(Unavailable, match="missing"):
        await street.floor().attend("A")


async def test_a_call_cancelled_at_any_moment_leaves_the_floor_in_order() -> None:
    placed = set()
    for moments in range(12):
        street = Street(SlowJournal())
        floor = street.floor()
        placing = asyncio.create_task(street.place(floor, terms_of(SBIN, "BUY", 1, "780.05"), "T"))
        for _ in range(moments):
            await asyncio.sleep(0)
        placing.cancel()
        await asyncio.gather(placing, return_exceptions=True)
        assert await state(floor) == await state(street.floor())
        placed.add(len(floor.exchange.state.orders))
    assert placed == {0, 1}
