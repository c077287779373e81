"""Whatever happens at the paper exchange, no paisa appears or vanishes, and margins are exactly what is at risk."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ordo.adapters.paper.ledger import Account
from ordo.adapters.paper.state import PaperOrder, State, dump, load
from ordo.domain.instruments import Instrument
from ordo.domain.orders import OrderStatus, OrderTerms, OrderType, Product, Side, Validity
from tests.properties.paper_bookkeeper import Bookkeeper
from tests.unit.adapters.paper.paper_desk import CALL, FUTURE, SBIN, Desk, Levels, Side_, terms_of

CASH = "1500000.00"
ACCOUNTS = ("A", "B")
PRODUCTS = {
    SBIN.key: (Product.CNC, Product.MIS),
    FUTURE.key: (Product.NRML, Product.MIS),
    CALL.key: (Product.NRML, Product.MIS),
}
MIDDLE = {SBIN.key: Decimal("780.00"), FUTURE.key: Decimal("26000.00"), CALL.key: Decimal("100.00")}

# Few instruments, prices and sizes, so that orders meet positions, one another, and the end of the money.
instruments = st.sampled_from([SBIN, SBIN, FUTURE, CALL])
ticks = st.integers(-3, 3)
sizes = st.integers(1, 3)


@st.composite
def orders(draw: st.DrawFn) -> OrderTerms:
    instrument = draw(instruments)
    middle, tick = MIDDLE[instrument.key], instrument.tick_size
    side: Side_ = draw(st.sampled_from(["BUY", "SELL"]))
    kind = draw(st.sampled_from([OrderType.LIMIT, OrderType.LIMIT, OrderType.MARKET, OrderType.STOP_LIMIT]))
    price = middle + draw(ticks) * tick
    sign = 1 if side == "BUY" else -1
    return terms_of(
        instrument,
        side,
        draw(sizes) * (25 if instrument is SBIN else instrument.lot_size),
        str(price) if kind.has_price else None,
        trigger=str(price - sign * draw(st.integers(0, 4)) * tick) if kind.has_trigger else None,
        product=draw(st.sampled_from(PRODUCTS[instrument.key])),
        validity=draw(st.sampled_from([Validity.DAY, Validity.DAY, Validity.DAY, Validity.IOC])),
    )


@st.composite
def markets(draw: st.DrawFn) -> tuple[Instrument, str, Levels, Levels]:
    instrument = draw(instruments)
    tick = instrument.tick_size
    last = MIDDLE[instrument.key] + draw(ticks) * tick
    levels = draw(st.lists(st.tuples(st.integers(1, 4), sizes), min_size=0, max_size=3, unique_by=lambda one: one[0]))
    unit = 20 if instrument is SBIN else instrument.lot_size
    asks = tuple((str(last + gap * tick), size * unit) for gap, size in sorted(levels))
    bids = tuple((str(last - gap * tick), size * unit) for gap, size in sorted(levels))
    return instrument, str(last), bids, asks


class MoneyMachine(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.desk = Desk(CASH, *ACCOUNTS)
        self.desk.at += timedelta(days=7)  # The option's last day is the next.
        self.books = {name: Bookkeeper(cash=Fraction(CASH)) for name in ACCOUNTS}
        self.noted: set[str] = set()
        self.quote()

    def quote(self) -> None:
        """Let every market stand around its middle."""
        for instrument in (SBIN, FUTURE, CALL):
            middle, tick, unit = MIDDLE[instrument.key], instrument.tick_size, max(instrument.lot_size, 50)
            self.desk.tell(
                instrument,
                str(middle),
                bids=((str(middle - tick), unit), (str(middle - 2 * tick), 2 * unit)),
                asks=((str(middle + tick), unit), (str(middle + 2 * tick), 2 * unit)),
            )

    @rule(several=st.lists(orders(), min_size=1, max_size=4), account=st.sampled_from(ACCOUNTS))
    def place(self, several: list[OrderTerms], account: str) -> None:
        for terms in several:
            self.enter(terms, account)

    @rule(data=st.data(), tick=ticks, of=st.integers(1, 3), account=st.sampled_from(ACCOUNTS))
    def leave(self, data: st.DataObject, tick: int, of: int, account: str) -> None:
        """Close a part of a position, all of it, or more than that."""
        held = self.desk.account(account)
        open_ = [(row.instrument, row.product, row.net) for row in held.all_dealings()]
        open_ += [(shares.instrument, Product.CNC, shares.quantity) for shares in held.shares.values()]
        open_ = [row for row in open_ if row[2]]
        if open_:
            instrument, product, net = data.draw(st.sampled_from(open_))
            price = MIDDLE[instrument.key] + tick * instrument.tick_size
            lots = max(1, abs(net) * of // 2 // instrument.lot_size)
            side: Side_ = "SELL" if net > 0 else "BUY"
            self.enter(terms_of(instrument, side, lots * instrument.lot_size, str(price), product=product), account)

    def enter(self, terms: OrderTerms, account: str) -> None:
        available = self.desk.account(account).available
        order = self.desk.place(terms, account=account)
        if order.status is OrderStatus.REJECTED:
            assert self.desk.account(account).available == available
            assert order.filled == 0
        self.note_trades()

    @rule(market=markets())
    def move(self, market: tuple[Instrument, str, Levels, Levels]) -> None:
        instrument, last, bids, asks = market
        self.desk.move(instrument, last, bids=bids, asks=asks)
        self.note_trades()

    @rule(data=st.data(), shift=st.integers(-6, 6), more=st.integers(-2, 3))
    def modify(self, data: st.DataObject, shift: int, more: int) -> None:
        order = self.pick(data)
        if order is None:
            return
        terms, lot = order.terms, 65 if order.terms.instrument.expiry else 25
        quantity = max(lot, terms.quantity + more * lot)
        if terms.order_type is OrderType.LIMIT:
            tick = SBIN.tick_size if lot == 25 else FUTURE.tick_size
            assert terms.price is not None
            terms = replace(terms, price=terms.price + shift * tick)
        self.desk.modify(order, replace(terms, quantity=quantity))
        self.note_trades()

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        order = self.pick(data)
        if order is not None:
            self.desk.cancel(order)
            assert (order.status, order.blocked) == (OrderStatus.CANCELLED, Decimal(0))

    @rule(priced=st.sampled_from([None, None, None, False, True]))
    def end_day(self, priced: bool | None) -> None:  # noqa: FBT001
        if priced is None:
            return
        for book in self.books.values():
            book.end_day()
        self.desk.end_day(**({"SBIN": "781.00", "FUTURE": "25990.00", "CALL": "37.50"} if priced else {}))
        self.note_trades()
        self.quote()

    def pick(self, data: st.DataObject) -> PaperOrder | None:
        live = [order for order in self.state.orders.values() if order.status.is_live]
        return data.draw(st.sampled_from(live)) if live else None

    def note_trades(self) -> None:
        for name, book in self.books.items():
            for trade in self.desk.trades(name):
                if trade.trade_id not in self.noted:
                    self.noted.add(trade.trade_id)
                    order = self.state.orders[trade.broker_order_id]
                    book.note(trade, settled=order.message == "settled at expiry")
                    self.check_price(order, trade.price)

    def check_price(self, order: PaperOrder, price: Decimal) -> None:
        if order.tag is not None and order.worst:
            worse = price > order.worst if order.terms.side is Side.BUY else price < order.worst
            assert not worse, "an order traded through its limit"

    @property
    def state(self) -> State:
        return self.desk.exchange.state

    def live_of(self, name: str) -> list[PaperOrder]:
        return [one for one in self.state.orders.values() if one.account_id == name and one.status.is_live]

    @invariant()
    def money_is_conserved(self) -> None:
        for name, book in self.books.items():
            account = self.desk.account(name)
            assert Fraction(account.available + account.blocked + account.margin) == book.money
            assert Fraction(account.charges) == book.all_charges
            realised = account.realised + sum((row.realised for row in account.all_dealings()), Decimal(0))
            assert Fraction(realised) == book.all_realised
            cost = sum((held.cost for held in account.shares.values()), Decimal(0))
            cost += sum((row.paid for row in account.all_dealings()), Decimal(0))
            assert Fraction(cost) == book.cost_of_what_is_open

    @invariant()
    def blocks_are_what_orders_and_positions_need(self) -> None:
        for name in ACCOUNTS:
            account, live = self.desk.account(name), self.live_of(name)
            assert account.blocked == sum((order.blocked for order in live), Decimal(0))
            assert all(order.blocked >= 0 for order in self.state.orders.values())
            assert all(not order.blocked for order in self.state.orders.values() if not order.status.is_live)
            assert account.margin == sum((row.margin for row in account.all_dealings()), Decimal(0))
            for row in account.all_dealings():
                assert row.margin >= 0
                if row.net == 0:
                    assert row.margin == 0
            self.check_cover(account, live)

    def check_cover(self, account: Account, live: list[PaperOrder]) -> None:
        """However few of the orders fill, what opens a position is covered by what they block."""
        for row in account.all_dealings():
            for side in Side:
                here = [
                    order
                    for order in live
                    if (order.terms.instrument, order.terms.product, order.terms.side)
                    == (row.instrument.key, row.product, side)
                ]
                opening = sum(order.remaining for order in here) - max(0, -side.sign * row.net)
                cheapest = min((order.unit for order in here), default=Decimal(0))
                if opening > 0:
                    slack = Decimal("0.01") * len(here)
                    assert sum((order.blocked for order in here), slack) >= cheapest * opening

    @invariant()
    def no_share_is_sold_twice(self) -> None:
        for name in ACCOUNTS:
            for_sale = sum(
                order.remaining
                for order in self.live_of(name)
                if order.terms.product is Product.CNC and order.terms.side is Side.SELL
            )
            assert for_sale <= self.desk.account(name).deliverable(SBIN.key)

    @invariant()
    def fills_add_up(self) -> None:
        for order in self.state.orders.values():
            assert 0 <= order.filled <= order.terms.quantity
            assert (order.status is OrderStatus.FILLED) is (order.remaining == 0)
            if order.status is not OrderStatus.EXPIRED:
                assert sum(quantity for _, quantity in self.desk.prices(order)) == order.filled

    @invariant()
    def a_checkpoint_loses_nothing(self) -> None:
        text = dump(self.state)
        assert dump(load(text)) == text

    def teardown(self) -> None:
        if not hasattr(self, "desk"):
            return
        self.desk.end_day()
        for book in self.books.values():
            book.end_day()
        self.note_trades()
        for name in ACCOUNTS:
            account = self.desk.account(name)
            assert account.blocked == 0
            if all(row.net == 0 for row in account.all_dealings()):
                assert account.margin == 0


MoneyMachine.TestCase.settings = settings(
    max_examples=80, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestMoney = MoneyMachine.TestCase
