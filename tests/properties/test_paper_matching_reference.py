"""The paper exchange against a naive matcher that was written from the rules alone: lists, loops and sorting."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordo.adapters.paper.state import PaperOrder
from ordo.domain.orders import OrderStatus, Product, Validity
from tests.unit.adapters.paper.paper_desk import SBIN, Desk, Side_, terms_of

TICK, MIDDLE = 5, 78_000  # In paise.


@dataclass
class Wish:
    """An order as the naive matcher sees it: `limit` in paise or `None` for a market order, `trigger` likewise."""

    number: int
    buy: bool
    quantity: int
    limit: int | None
    trigger: int | None
    ioc: bool
    place: int
    worst: int = 0
    waiting: bool = False
    live: bool = True
    fills: list[tuple[int, int]] = field(default_factory=list)

    @property
    def left(self) -> int:
        return self.quantity - sum(quantity for _, quantity in self.fills)

    def accepts(self, price: int) -> bool:
        return price <= self.worst if self.buy else price >= self.worst


class NaiveMatcher:
    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.last, self.asks, self.bids = MIDDLE, [], []  # type: int, list[list[int]], list[list[int]]
        self.places = 0

    def next_place(self) -> int:
        self.places += 1
        return self.places

    def take(self, wish: Wish, at: int | None = None) -> None:
        """Walk the other side as far as the limit goes; fill at the levels' prices, or at one price if it is given."""
        left = wish.left
        for level in self.asks if wish.buy else self.bids:
            part = min(left, level[1]) if wish.accepts(level[0]) else 0
            left, level[1] = left - part, level[1] - part
            if part and at is None:
                wish.fills.append((level[0], part))
        if at is not None and wish.left > left:
            wish.fills.append((at, wish.left - left))
        wish.live = left > 0

    def arrive(self, wish: Wish) -> None:
        reached = wish.trigger is not None and (self.last >= wish.trigger if wish.buy else self.last <= wish.trigger)
        wish.waiting = wish.trigger is not None and not reached
        if not wish.waiting:
            wish.trigger = None
            self.take(wish)
            wish.live = wish.live and not wish.ioc

    def add(self, wish: Wish) -> None:
        """A stop that comes too late is turned away."""
        self.wishes.append(wish)
        wish.worst = self.worst_of(wish)
        late = wish.trigger is not None and (self.last > wish.trigger if wish.buy else self.last < wish.trigger)
        wish.live = not late
        if wish.live:
            self.arrive(wish)

    def worst_of(self, wish: Wish) -> int:
        """Protection of half a percent, to the tick on the far side; every price here is above 500 rupees."""
        if wish.limit is not None:
            return wish.limit
        start = self.last if wish.trigger is None else wish.trigger
        far = start * (1005 if wish.buy else 995)
        return -(-far // (1000 * TICK)) * TICK if wish.buy else far // (1000 * TICK) * TICK

    def move(self, last: int, bids: list[list[int]], asks: list[list[int]]) -> None:
        self.last, self.bids, self.asks = last, bids, asks
        stops = sorted((one for one in self.wishes if one.live and one.waiting), key=lambda one: one.place)
        resting = [one for one in self.wishes if one.live and not one.waiting]
        for buy in (True, False):
            line = [one for one in resting if one.buy is buy]
            for wish in sorted(line, key=lambda one: (-one.worst if buy else one.worst, one.place)):
                self.take(wish, at=wish.worst)
        for wish in stops:
            assert wish.trigger is not None
            if last >= wish.trigger if wish.buy else last <= wish.trigger:
                wish.place = self.next_place()
                self.arrive(wish)


# A narrow market and small orders, so that orders meet one another's leavings.
prices = st.integers(-2, 2).map(lambda ticks: MIDDLE + ticks * TICK)
sides = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 5)), max_size=2, unique_by=lambda one: one[0])
places = st.tuples(
    st.just("place"),
    st.booleans(),
    st.integers(2, 6),
    st.sampled_from([True, True, True, False]).flatmap(lambda limited: prices if limited else st.none()),
    st.sampled_from([None, None, None, -1, 0, 1, 1, 2]),
    st.sampled_from([False, False, False, True]),
)
moves = st.tuples(st.just("move"), prices, sides, sides)
numbers = st.integers(0, 9)
steps = st.one_of(
    places,
    places,
    places,
    moves,
    moves,
    st.tuples(st.just("cancel"), numbers),
    st.tuples(st.just("resize"), numbers, st.integers(1, 6)),
    st.tuples(st.just("reprice"), numbers, prices),
)


def rupees(paise: int) -> str:
    return f"{paise // 100}.{paise % 100:02}"


class Both:
    """Does the same at both, and compares."""

    def __init__(self) -> None:
        self.desk, self.naive = Desk("100000000000.00"), NaiveMatcher()
        self.pairs: list[tuple[PaperOrder, Wish]] = []
        self.desk.tell(SBIN, rupees(MIDDLE))
        self.move(MIDDLE, [(1, 5), (2, 5)], [(1, 5), (2, 5)])

    def place(self, buy: bool, quantity: int, limit: int | None, ahead: int | None, ioc: bool) -> None:  # noqa: FBT001
        """A stop's trigger lies so many ticks ahead of the market, and its limit as many beyond, or nowhere."""
        side: Side_ = "BUY" if buy else "SELL"
        trigger = None
        if ahead is not None:
            sign = 1 if buy else -1
            trigger = self.naive.last + sign * ahead * TICK
            limit = None if limit is None else trigger + sign * abs(ahead) * TICK
        terms = terms_of(
            SBIN,
            side,
            quantity,
            None if limit is None else rupees(limit),
            trigger=None if trigger is None else rupees(trigger),
            product=Product.MIS,
            validity=Validity.IOC if ioc else Validity.DAY,
        )
        wish = Wish(
            number=len(self.pairs),
            buy=buy,
            quantity=quantity,
            limit=limit,
            trigger=trigger,
            ioc=ioc,
            place=self.naive.next_place(),
        )
        self.naive.add(wish)
        self.pairs.append((self.desk.place(terms), wish))

    def move(self, last: int, below: list[tuple[int, int]], above: list[tuple[int, int]]) -> None:
        bids = [[last - gap * TICK, size] for gap, size in sorted(below)]
        asks = [[last + gap * TICK, size] for gap, size in sorted(above)]
        self.naive.move(last, [*map(list, bids)], [*map(list, asks)])
        self.desk.move(
            SBIN,
            rupees(last),
            bids=tuple((rupees(price), size) for price, size in bids),
            asks=tuple((rupees(price), size) for price, size in asks),
        )

    def live(self, which: int) -> tuple[PaperOrder, Wish] | None:
        live = [pair for pair in self.pairs if pair[1].live]
        return live[which % len(live)] if live else None

    def cancel(self, which: int) -> None:
        if (pair := self.live(which)) is not None:
            order, wish = pair
            wish.live = False
            self.desk.cancel(order)

    def resize(self, which: int, quantity: int) -> None:
        """A smaller quantity keeps its place; a larger one comes as if it were new."""
        if (pair := self.live(which)) is not None:
            order, wish = pair
            if wish.limit is not None and quantity > wish.quantity - wish.left:
                larger = quantity > wish.quantity
                self.desk.modify(order, replace(order.terms, quantity=quantity))
                wish.quantity = quantity
                if larger:
                    wish.place = self.naive.next_place()
                    self.naive.arrive(wish)

    def reprice(self, which: int, price: int) -> None:
        """Give a limit order another price; the same one again changes nothing."""
        if (pair := self.live(which)) is not None:
            order, wish = pair
            if order.terms.trigger_price is None and wish.limit not in (None, price):
                self.desk.modify(order, replace(order.terms, price=Decimal(rupees(price))))
                wish.limit = wish.worst = price
                wish.place = self.naive.next_place()
                self.naive.arrive(wish)

    def compare(self) -> None:
        for order, wish in self.pairs:
            expected = [(rupees(price), quantity) for price, quantity in wish.fills]
            assert self.desk.prices(order) == expected
            assert order.status.is_live is wish.live
            if order.status is OrderStatus.TRIGGER_PENDING:
                assert wish.waiting


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=20, max_size=40))
def test_the_exchange_matches_as_the_naive_matcher_does(script: list[tuple[str, ...]]) -> None:
    both = Both()
    for action, *arguments in script:
        getattr(both, action)(*arguments)
        both.compare()
