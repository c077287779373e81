"""Whatever goes wrong, and in whatever order: one order a key at most, every answer true, and in the end Ordo knows
what the broker knows. Two gateways over one store, one broker with a book, and a clock that only the machine moves.

The properties are those of domain facts 11. At every step: P1, P3 (a key makes one order, for one body), P2 (no second
send while the first is at work), P4 (an intent is on record before the broker receives it), P5 (nothing is sent again),
P14 (none leaves while the switch is halted). At quiet: P6 (every order is found by its tag), P7 (both sides agree, and
a second look makes no event), P8 (what nobody explains is shown), P12 (every call has ended), P13 (what was
acknowledged is there, and what is there is on record). P9 and P11 have suites of their own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ordo.domain.audit import AuditEvent
from ordo.domain.errors import ErrorCode, InFlight, OrdoError, Outcome, OutcomeUnknown
from ordo.domain.idempotency import IntentState
from ordo.domain.orders import ModifyOrder, Order, OrderStatus, PlaceOrder
from ordo.domain.safety import KillState
from tests.support.broker import Mishap, lost, not_sent, refused
from tests.support.clock import quiet
from tests.support.house import House, Services
from tests.support.orders import ACCOUNT, BUY_TEN, ONE_SLIP
from tests.support.stores import fail_times

T = TypeVar("T")
S = OrderStatus

_KEYS = st.sampled_from(["k0", "k1", "k2", "k3"])
_MISHAPS = ["none", "lost before", "lost after", "not sent", "refused", "rejected later", "broken"]
_OPERATIONS = [
    "reserve",
    "settle",
    "release",
    "find",
    "record",
    "placement",
    "placements",
    "unsettled",
    "modifications",
]
_NOTHING_NEW = {ErrorCode.STORE_UNAVAILABLE, ErrorCode.KILL_SWITCH_ACTIVE}
# Absence is proven after a minute, so no row may stay hidden as long as that.
_MAX_HIDDEN_SECONDS = 40.0


class CrashedError(Exception):
    """The process is gone; nothing it still tries to do happens."""


@dataclass
class Flight:
    """A call that the broker holds back."""

    arrive: asyncio.Event = field(default_factory=asyncio.Event)
    answer: asyncio.Event = field(default_factory=asyncio.Event)


class OnceMachine(RuleBasedStateMachine):
    """`house_of` makes the world: another may be given that is sabotaged, to see whether this machine notices."""

    house_of: type[House] = House
    transcript: list[AuditEvent] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.wrong: list[str] = []
        self.sent_for: dict[str, str] = {}
        self.commands: dict[str, PlaceOrder] = {}
        self.first_told: dict[str, Order] = {}
        self.flights: list[Flight] = []
        self.known: list[str] = []
        self.changes = 0
        self.received_tags: Counter[str] = Counter()
        self.tasks: set[asyncio.Task[Any]] = set()
        self.hidden_for = 0.0

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def open(self) -> None:
        async def start() -> None:
            self.house = self.house_of()
            self.house.broker.on_place = self.received
            await self.house.log_in()
            self.beside = self.house.services(self.house, "beside")
            self.beside_watch = asyncio.ensure_future(self.beside.reconciler.watch())
            await self.begin()

        self.do(start())

    async def begin(self) -> None:
        self.generation = self.house.now
        await self.generation.reconciler.recover()
        self.watch = asyncio.ensure_future(self.generation.reconciler.watch())
        await quiet()

    def worker(self, *, beside: bool) -> Services:
        return self.beside if beside else self.generation

    def hears(self, worker: Services) -> bool:
        """Whether somebody still hears what this gateway tells."""
        return worker in (self.beside, self.generation)

    async def received(self, tag: str) -> None:
        """The broker receives an order: its intent must be on record."""
        self.received_tags[tag] += 1
        switch = await self.house.now.safety.get()
        if switch.state is KillState.HALTED:
            self.wrong.append(f"{tag} left while trading was halted")
        placement = await self.house.intents.placement(ACCOUNT, tag)
        if placement is None or placement.state is not IntentState.OPEN:
            self.wrong.append(f"{tag} was sent without an open intent")
        else:
            self.sent_for[tag] = placement.key.key

    # What callers do.

    @rule(
        key=_KEYS,
        quantity=st.sampled_from([10, 10, 10, 5]),
        mishap=st.sampled_from(_MISHAPS),
        is_slow=st.booleans(),
        with_row=st.booleans(),
        callers=st.sampled_from([1, 1, 2, 5]),
        beside=st.booleans(),
        both=st.booleans(),
        is_meant=st.booleans(),
    )
    def place(
        self,
        key: str,
        quantity: int,
        mishap: str,
        callers: int,
        *,
        is_slow: bool,
        with_row: bool,
        beside: bool,
        both: bool,
        is_meant: bool,
    ) -> None:
        async def act() -> None:
            self.house.broker.answers_with_row = with_row
            self.set_up("place", mishap, is_slow=is_slow)
            command = replace(BUY_TEN if is_meant else ONE_SLIP, quantity=quantity)
            workers = [self.worker(beside=beside ^ (both and number % 2 == 1)) for number in range(callers)]
            self.start(*(self.placing(worker, key, command) for worker in workers))
            await quiet()
            self.house.broker.mishaps["place"].clear()

        self.do(act())

    async def placing(self, worker: Services, key: str, command: PlaceOrder) -> None:
        try:
            order = await worker.orders.place(ACCOUNT, command, key=key)
        except CrashedError:
            return
        except OrdoError as error:
            if self.hears(worker):
                self.judge_error(key, command, error)
        else:
            if self.hears(worker):
                self.judge_order(key, command, order)

    @precondition(lambda self: self.known)
    @rule(
        data=st.data(),
        mishap=st.sampled_from(_MISHAPS),
        is_slow=st.booleans(),
        with_row=st.booleans(),
        beside=st.booleans(),
    )
    def change(self, data: st.DataObject, mishap: str, *, is_slow: bool, with_row: bool, beside: bool) -> None:
        order_id = data.draw(st.sampled_from(self.known), "order")
        price = data.draw(st.sampled_from([None, "801.00", "802.00"]), "price, or none to cancel")
        self.changes += 1
        key = f"change {self.changes}"

        async def act() -> None:
            self.house.broker.answers_with_row = with_row
            operation = "cancel" if price is None else "modify"
            self.set_up(operation, mishap, is_slow=is_slow)
            self.start(self.changing(self.worker(beside=beside), order_id, price, key))
            await quiet()
            self.house.broker.mishaps[operation].clear()

        self.do(act())

    async def changing(self, worker: Services, order_id: str, price: str | None, key: str) -> None:
        try:
            if price is None:
                await worker.orders.cancel(ACCOUNT, order_id, key=key)
            else:
                change = ModifyOrder(price=Decimal(price))
                told = await worker.orders.modify(ACCOUNT, order_id, change, key=key)
                if self.hears(worker) and told.price != Decimal(price) and not told.status.is_terminal:
                    self.wrong.append(f"{order_id} was told modified with the price {told.price}")
        except (OrdoError, CrashedError):
            pass

    @rule()
    def list_orders(self) -> None:
        async def act() -> None:
            listing = asyncio.ensure_future(self.house.now.orders.list(ACCOUNT))
            self.tasks.add(listing)
            listing.add_done_callback(self.tasks.discard)
            listing.add_done_callback(lambda done: done.cancelled() or done.exception())
            await quiet()
            if not listing.done():
                return  # Its book comes late, and by then shows what was.
            if listing.exception() is not None:
                assert isinstance(listing.exception(), OrdoError)
                return
            listed = listing.result().items
            shown = Counter(order.broker_order_id for order in listed if order.broker_order_id is not None)
            for row in self.house.broker.book.values():
                awaited = any(order.order_id == row.tag and order.broker_order_id is None for order in listed)
                is_hidden = row.broker_order_id in self.house.broker.hidden
                if shown[row.broker_order_id] != 1 and not awaited and not is_hidden:
                    self.wrong.append(f"{row.broker_order_id} is listed {shown[row.broker_order_id]} times")

        self.do(act())

    # What happens elsewhere.

    @rule(seconds=st.sampled_from([0.5, 3.0, 20.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        if self.house.broker.hidden:
            self.hidden_for += seconds
            if self.hidden_for >= _MAX_HIDDEN_SECONDS:
                self.house.broker.hidden.clear()
        self.do(self.house.clock.advance(seconds))

    @precondition(lambda self: self.flights)
    @rule(data=st.data(), arrives=st.booleans())
    def the_broker_moves_on(self, data: st.DataObject, *, arrives: bool) -> None:
        """Any of what is held back arrives, or is answered: out of turn, too."""
        flight = self.flights[data.draw(st.integers(0, len(self.flights) - 1), "flight")]
        if not arrives or flight.arrive.is_set():
            flight.answer.set()
            self.flights.remove(flight)
        flight.arrive.set()
        self.do(quiet())

    @rule()
    def a_book_comes_late(self) -> None:
        """The next read tells what stands in the book now, but not before others have been told more."""
        flight = Flight()
        self.flights.append(flight)
        self.house.broker.next("orders", Mishap(wait_after=flight.answer))

    @rule(is_late=st.booleans())
    def cancellations_wait_at_the_exchange(self, *, is_late: bool) -> None:
        self.house.broker.cancels_late = is_late

    @rule(seconds=st.sampled_from([-3600, -2, 2, 3600]))
    def somebody_sets_the_clock(self, seconds: int) -> None:
        self.house.clock.step(timedelta(seconds=seconds))

    @precondition(lambda self: self.live())
    @rule(data=st.data(), what=st.sampled_from(["fill one", "fill all", "reject", "expire"]))
    def the_exchange_acts(self, data: st.DataObject, what: str) -> None:
        number = data.draw(st.sampled_from(self.live()), "order")
        row = self.house.broker.book[number]
        left = row.quantity - row.filled_quantity
        if what.startswith("fill"):
            self.house.broker.fill(number, 1 if what == "fill one" else left)
        else:
            self.house.broker.end(number, S.REJECTED if what == "reject" else S.EXPIRED, what)

    @rule()
    def another_program_places(self) -> None:
        self.house.broker.external(BUY_TEN)

    @rule()
    def the_book_is_late(self) -> None:
        """The next order will not be shown for a while."""
        self.hidden_for = 0.0
        self.house.broker.hidden.add(f"B{len(self.house.broker.book) + 1}")

    @rule(is_readable=st.booleans())
    def the_book_can_or_can_not_be_read(self, *, is_readable: bool) -> None:
        self.house.broker.unreadable = None if is_readable else lost()

    @rule(operation=st.sampled_from(_OPERATIONS), times=st.integers(1, 2), beside=st.booleans())
    def the_store_fails(self, operation: str, times: int, *, beside: bool) -> None:
        self.worker(beside=beside).store.before[operation] = fail_times(times)

    @rule(state=st.sampled_from([KillState.ACTIVE, KillState.ACTIVE, KillState.HALTED]))
    def the_switch_is_set(self, state: KillState) -> None:
        self.do(self.house.clock.finish(self.house.now.safety.set(state, "machine")))

    @rule(arrives=st.booleans())
    def the_gateway_crashes(self, *, arrives: bool) -> None:
        """Nothing that the old process still does happens; what it has sent may arrive all the same."""

        async def crash() -> None:
            async def gone() -> None:
                raise CrashedError

            dead = self.house.now
            dead.store.before = dict.fromkeys(_OPERATIONS, gone)
            self.house.start()
            self.generation = self.house.now  # What the dead one tells, it tells nobody.
            if arrives:
                for flight in self.flights:
                    flight.arrive.set()
                    flight.answer.set()
                self.flights.clear()
                await quiet()
            left = {*dead.once._tasks, self.watch}
            for task in sorted(left, key=lambda task: (len(task.get_name()), task.get_name())):  # As they were made.
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            await self.begin()

        self.do(crash())

    # What must hold.

    @invariant()
    def a_key_never_makes_two_orders(self) -> None:
        placed = Counter(self.sent_for[row.tag] for row in self.accepted() if row.tag in self.sent_for)
        assert not [key for key, count in placed.items() if count > 1]

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        assert not [tag for tag, count in self.received_tags.items() if count > 1]

    @invariant()
    def every_answer_was_true(self) -> None:
        assert not self.wrong

    def teardown(self) -> None:
        try:
            self.do(self.settle_down())
        finally:
            self.runner.close()

    async def settle_down(self) -> None:
        """Let everything heal, and enough time pass: then both sides agree."""
        house = self.house
        for worker in (self.generation, self.beside):
            worker.store.before.clear()
        house.broker.unreadable = None
        house.broker.hidden.clear()
        house.broker.mishaps.clear()
        for flight in self.flights:
            flight.arrive.set()
            flight.answer.set()
        await house.clock.advance(300)
        await house.now.orders.list(ACCOUNT)
        await house.clock.advance(120)
        listed = (await house.now.orders.list(ACCOUNT)).items
        assert not self.wrong
        unknown = {intent.order_id for intent in await house.intents.unsettled()}
        assert not unknown or not self.tells_tags(unknown)
        assert not self.tasks
        assert Counter(order.broker_order_id for order in listed if order.broker_order_id) == Counter(
            list(house.broker.book)
        )
        for row in self.accepted():
            kept = await house.kept(str(row.tag))
            assert (kept.broker_order_id, kept.status) == (row.broker_order_id, row.status)
            assert (kept.filled_quantity, kept.quantity) == (row.filled_quantity, row.quantity)
            assert (kept.price, kept.sent_price, kept.pending_op) == (row.price, row.price, None)
            assert [step.filled_quantity for step in kept.history] == sorted(
                step.filled_quantity for step in kept.history
            )
        for order in listed:
            if order.broker_order_id is None:
                assert order.status in {S.NOT_PLACED, S.REJECTED} or order.order_id in unknown
        await self.a_second_look_makes_no_event(listed)
        for watch in (self.watch, self.beside_watch):
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    def tells_tags(self, unknown: set[str]) -> bool:
        """Whether the book must have told what became of these. Not where it has shown no tag of ours yet, but a row
        without one that may be it: such an order is left to an operator.
        """
        external = [row for row in self.house.broker.book.values() if row.tag is None]
        return bool(self.accepted()) or not external or any(self.house.broker.tagged(order) for order in unknown)

    async def a_second_look_makes_no_event(self, listed: tuple[Order, ...]) -> None:
        house = self.house
        events = len(house.audit.events)
        assert (await house.now.orders.list(ACCOUNT)).items == listed
        assert len(house.audit.events) == events
        for key, order in self.first_told.items():
            assert house.broker.tagged(order.order_id), f"{key} was acknowledged and is not there"
        if self.transcript is not None:
            self.transcript.extend(house.audit.events)

    # The model.

    def set_up(self, operation: str, mishap: str, *, is_slow: bool) -> None:
        flight = Flight()
        wait, wait_after = (flight.arrive, flight.answer) if is_slow else (None, None)
        before, after = {
            "lost before": (lost(), None),
            "lost after": (None, lost()),
            "not sent": (not_sent(), None),
            "refused": (refused(), None),
            "broken": (None, KeyError("a mistake in the adapter")),
        }.get(mishap, (None, None))
        if is_slow:
            self.flights.append(flight)
        self.house.broker.first_status = S.REJECTED if mishap == "rejected later" else S.OPEN
        self.house.broker.next(operation, Mishap(wait=wait, before=before, wait_after=wait_after, after=after))

    def start(self, *calls: Coroutine[Any, Any, None]) -> None:
        for call in calls:
            task = asyncio.ensure_future(call)
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    def accepted(self) -> list[Any]:
        return [row for row in self.house.broker.book.values() if row.tag is not None]

    def live(self) -> list[str]:
        return [
            number for number, row in self.house.broker.book.items() if row.status is not None and row.status.is_live
        ]

    def judge_order(self, key: str, command: PlaceOrder, order: Order) -> None:
        rows = self.house.broker.tagged(order.order_id)
        if [row.broker_order_id for row in rows] != [order.broker_order_id]:
            self.wrong.append(f"{key} was told placed as {order.broker_order_id}, the broker has {rows}")
        if order.quantity != command.quantity or self.sent_for.get(order.order_id) != key:
            self.wrong.append(f"{key} was told another order than its own")
        first = self.first_told.setdefault(key, order)
        if first != order:
            self.wrong.append(f"{key} was told {order} after {first}")
        if order.order_id not in self.known:
            self.known.append(order.order_id)

    def judge_error(self, key: str, command: PlaceOrder, error: OrdoError) -> None:
        if error.code is ErrorCode.IDEMPOTENCY_KEY_REUSED:
            if error.order is not None and error.order.quantity == command.quantity:
                self.wrong.append(f"{key} was told reused for the same command")
            return
        if isinstance(error, OutcomeUnknown):
            if error.order is not None and error.order.order_id not in self.known:
                self.known.append(error.order.order_id)
            return
        says_nothing_new = isinstance(error, InFlight) or error.code in _NOTHING_NEW
        if key in self.first_told and not says_nothing_new:
            self.wrong.append(f"{key} was told {error} after it had been placed")
        for row in self.house.broker.tagged("" if error.order is None else error.order.order_id):
            if error.outcome is not Outcome.REFUSED or row.status is not S.REJECTED:
                self.wrong.append(f"{key} was told {error.outcome}, the broker has {row}")
