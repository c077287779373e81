"""Where live orders meet the market: they trade, rest, fire and end, and their accounts are kept in step."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ordo.adapters.paper.charges import Charges, order_charges
from ordo.adapters.paper.claims import Claims
from ordo.adapters.paper.ledger import Account, is_margined
from ordo.adapters.paper.margins import unit_margin
from ordo.adapters.paper.matching import Resting, fires, take
from ordo.adapters.paper.state import Book, PaperOrder, State
from ordo.domain.calendar import trading_day
from ordo.domain.instruments import Instrument, InstrumentKey
from ordo.domain.market import Depth, Level
from ordo.domain.orders import OrderStatus, OrderTerms, Side, Validity
from ordo.domain.portfolio import Trade, to_paisa


class Pit:
    """Works on a state in place, and keeps the indexes that make each step independent of the book's length."""

    def __init__(self, state: State) -> None:
        self.claims = Claims()
        self._state = state
        self._tags: dict[tuple[str, str], PaperOrder] = {}
        self._resting: dict[InstrumentKey, Resting] = {}
        for order in state.orders.values():
            self._index(order)
            if order.status.is_live:
                self.claims.add(self.account_of(order), order)
                self._rest(order)

    def tagged(self, account_id: str, tag: str) -> PaperOrder | None:
        """The order that carries a tag."""
        return self._tags.get((account_id, tag))

    def account_of(self, order: PaperOrder) -> Account:
        """Whose order it is."""
        return self._state.accounts[order.account_id]

    def waiting(self) -> Iterator[tuple[InstrumentKey, Resting]]:
        """The instruments in which orders wait for the market."""
        return ((key, resting) for key, resting in self._resting.items() if resting)

    def enter(self, account_id: str, tag: str | None, terms: OrderTerms) -> PaperOrder:
        """Write a new order into the book, with the next number and behind all others."""
        state = self._state
        state.orders_numbered += 1
        order = PaperOrder(
            number=f"{trading_day(state.at):%y%m%d}{state.orders_numbered:09d}",
            account_id=account_id,
            tag=tag,
            terms=terms,
            placed_at=state.at,
            updated_at=state.at,
            priority=self.next_priority(),
            status=OrderStatus.ACKNOWLEDGED,
        )
        state.orders[order.number] = order
        self._index(order)
        return order

    def next_priority(self) -> int:
        """A place in time behind all that were given before."""
        self._state.priorities += 1
        return self._state.priorities

    def see(self, book: Book, depth: Depth) -> None:
        """Take a newer market in: orders that rest fill first, then stops fire and act as if they came now."""
        if book.seen_at is not None and depth.at <= book.seen_at:
            return
        book.seen_at, book.last_price = depth.at, depth.last_price
        book.bids, book.asks = list(depth.bids), list(depth.asks)
        resting = self._resting.get(book.instrument.key)
        if resting is None:
            return
        for side in Side:
            levels = _opposite(book, side)
            while levels and (number := resting.first(side, levels[0].price)) is not None:
                order = self._state.orders[number]
                parts = take(levels, side, worst=order.worst, quantity=order.remaining)
                self._fill(order, book.instrument, order.worst, sum(quantity for _, quantity in parts))
        for number in resting.fired(depth.last_price):
            order = self._state.orders[number]
            resting.discard(number)
            order.priority = self.next_priority()
            self.work(order, book)

    def work(self, order: PaperOrder, book: Book) -> None:
        """Let an order meet the market as it stands, and rest with what remains."""
        side, trigger = order.terms.side, order.terms.trigger_price
        if order.armed and trigger is not None:
            order.armed = book.last_price is None or not fires(side, trigger, book.last_price)
        if not order.armed:
            levels = _opposite(book, side)
            for price, quantity in take(levels, side, worst=order.worst, quantity=order.remaining):
                self._fill(order, book.instrument, price, quantity)
        if not order.remaining:
            return
        if order.terms.validity is Validity.IOC and not order.armed:
            self.end(order, OrderStatus.CANCELLED, "IOC: what could not be filled at once was cancelled")
            return
        if order.filled:
            self._mark(order, OrderStatus.PARTIALLY_FILLED)
        else:
            self._mark(order, OrderStatus.TRIGGER_PENDING if order.armed else OrderStatus.OPEN)
        self._rest(order)

    def withdraw(self, order: PaperOrder) -> None:
        """Take an order that is about to change out of its queue."""
        self._resting[order.terms.instrument].discard(order.number)

    def end(self, order: PaperOrder, status: OrderStatus, message: str | None = None) -> None:
        """Close a live order and release what it blocked."""
        self._mark(order, status, message)
        resting = self._resting.get(order.terms.instrument)
        if resting is not None:
            resting.discard(order.number)
        self.claims.remove(self.account_of(order), order)

    def close_out(
        self, order: PaperOrder, instrument: Instrument, price: Decimal, charges: Charges, message: str
    ) -> None:
        """Fill an order of the exchange's own, outside the market and whatever the account can afford."""
        self._deal(order, instrument, price, order.terms.quantity)
        self._charge(order, charges)
        self._mark(order, OrderStatus.FILLED, message)

    def begin_day(self) -> None:
        """Keep only the orders that ended with the day; no market has been seen yet."""
        state = self._state
        state.orders = {number: one for number, one in state.orders.items() if one.updated_at == state.at}
        state.books.clear()
        self._resting.clear()
        self._tags.clear()
        for order in state.orders.values():
            self._index(order)

    def _fill(self, order: PaperOrder, instrument: Instrument, price: Decimal, quantity: int) -> None:
        terms = order.terms
        self._deal(order, instrument, price, quantity)
        value = to_paisa(order.value * instrument.multiplier)
        day = trading_day(self._state.at)
        self._charge(order, order_charges(instrument, terms.product, terms.side, value, day=day))
        if order.remaining:
            self._mark(order, OrderStatus.PARTIALLY_FILLED)
            self.claims.weigh(self.account_of(order), order)
        else:
            self.end(order, OrderStatus.FILLED)

    def _deal(self, order: PaperOrder, instrument: Instrument, price: Decimal, quantity: int) -> None:
        terms, account, state = order.terms, self.account_of(order), self._state
        opening = account.deal(instrument, terms.product, terms.side, quantity=quantity, price=price)
        margin = order.open(opening)
        if is_margined(instrument, terms.product, terms.side):
            unit = unit_margin(instrument, terms.product, terms.side, price, order.underlying)
            account.add_margin(instrument.key, terms.product, min(margin, to_paisa(unit * opening)))
        order.filled += quantity
        order.value += price * quantity
        state.trades_numbered += 1
        account.trades.append(
            Trade(
                trade_id=str(state.trades_numbered),
                broker_order_id=order.number,
                instrument=instrument.key,
                side=terms.side,
                product=terms.product,
                quantity=quantity,
                price=price,
                traded_at=state.at,
                order_id=order.tag,
            )
        )

    def _charge(self, order: PaperOrder, charges: Charges) -> None:
        self.account_of(order).charge(charges.total - order.charged)
        order.charged = charges.total

    def _mark(self, order: PaperOrder, status: OrderStatus, message: str | None = None) -> None:
        order.status, order.message, order.updated_at = status, message, self._state.at

    def _rest(self, order: PaperOrder) -> None:
        self._resting.setdefault(order.terms.instrument, Resting()).add(order)

    def _index(self, order: PaperOrder) -> None:
        if order.tag is not None:
            self._tags[order.account_id, order.tag] = order


def _opposite(book: Book, side: Side) -> list[Level]:
    return book.asks if side is Side.BUY else book.bids
