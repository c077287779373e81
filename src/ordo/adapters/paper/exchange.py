"""The paper exchange: a state that is the fold of its events, with no clock, no chance and no float in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import assert_never

from ordo.adapters.paper.charges import order_charges, settlement_charges
from ordo.adapters.paper.claims import Sight
from ordo.adapters.paper.events import (
    AccountOpened,
    DayEnded,
    Event,
    MarketMoved,
    OrderCancelled,
    OrderModified,
    OrderPlaced,
)
from ordo.adapters.paper.ledger import Account, Dealings, has_expired
from ordo.adapters.paper.pit import Pit
from ordo.adapters.paper.rules import Refusal, objection
from ordo.adapters.paper.state import Book, PaperOrder, State
from ordo.domain.calendar import day_start, trading_day
from ordo.domain.errors import ErrorCode
from ordo.domain.orders import OrderStatus, OrderTerms, OrderType, Side
from ordo.domain.portfolio import to_paisa


class Exchange:
    """Applies events one at a time, in the order of the journal: equal events give equal states, byte for byte.

    A change or a cancellation that `review` turns away changes nothing. A new order that breaks a rule, or
    lacks money or shares, is entered as REJECTED.
    """

    def __init__(self, state: State | None = None) -> None:
        self.state = State() if state is None else state
        self.pit = Pit(self.state)

    def apply(self, event: Event) -> None:
        """Carry out one event."""
        self.state.at = event.at
        match event:
            case AccountOpened():
                account = Account(account_id=event.account_id, opening=event.cash, cash=event.cash)
                self.state.accounts.setdefault(event.account_id, account)
            case OrderPlaced():
                self._place(event)
            case OrderModified():
                self._modify(event)
            case OrderCancelled():
                self._cancel(event)
            case MarketMoved():
                self._move(event)
            case DayEnded():
                self._end_day(event)
            case _:
                assert_never(event)

    def review(self, event: OrderPlaced | OrderModified | OrderCancelled) -> Refusal | None:
        """Why an event would not be taken into the book at all, or `None`. Changes nothing."""
        match event:
            case OrderPlaced():
                return self._duplicate(event)
            case OrderModified():
                changed = self._changed(event)
                return changed if isinstance(changed, Refusal) else None
            case OrderCancelled():
                return self._not_live(event.number)

    def next_day_end(self, now: datetime) -> datetime | None:
        """The end of the day in progress, if it has come and there is anything that does not outlast it."""
        end = (day_start(self.state.at) + timedelta(days=1)).astimezone(UTC)
        if end > now:
            return None
        passing = self.state.orders or any(
            account.dealings or any(held.t1_quantity for held in account.shares.values())
            for account in self.state.accounts.values()
        )
        return end if passing else None

    def _place(self, event: OrderPlaced) -> None:
        if self._duplicate(event) is not None:
            return
        order = self.pit.enter(event.account_id, event.tag, event.terms)
        refusal = self._admit(order, event)
        if refusal is not None:
            order.status = OrderStatus.REJECTED
            order.refusal, order.message = refusal.code, refusal.message

    def _admit(self, order: PaperOrder, event: OrderPlaced) -> Refusal | None:
        terms, instrument, depth = event.terms, event.instrument, event.depth
        order.armed = terms.order_type.has_trigger
        refusal = objection(terms, instrument, depth, at=event.at, arming=order.armed)
        if refusal is not None or instrument is None:
            return refusal
        book = self.state.books.setdefault(instrument.key, Book(instrument=instrument))
        book.instrument = instrument
        if depth is not None:
            self.pit.see(book, depth)
        account = self.state.accounts[order.account_id]
        refusal = self.pit.claims.objection(account, order, _sight(book, event))
        if refusal is None:
            self.pit.claims.add(account, order)
            self.pit.work(order, book)
        return refusal

    def _modify(self, event: OrderModified) -> None:
        order = self.state.orders.get(event.number)
        book = None if order is None else self.state.books.get(order.terms.instrument)
        if order is None or book is None:
            return
        if event.depth is not None:
            self.pit.see(book, event.depth)
        changed = self._changed(event)
        if isinstance(changed, Refusal):
            return
        self.pit.withdraw(order)
        if not _keeps_place(order.terms, event.terms):
            order.priority = self.pit.next_priority()
        order.terms, order.armed, order.worst = changed.terms, changed.armed, changed.worst
        order.underlying, order.unit, order.reserve = changed.underlying, changed.unit, changed.reserve
        self.pit.claims.weigh(self.state.accounts[order.account_id], order)
        self.pit.work(order, book)

    def _cancel(self, event: OrderCancelled) -> None:
        if self._not_live(event.number) is None:
            self.pit.end(self.state.orders[event.number], OrderStatus.CANCELLED)

    def _move(self, event: MarketMoved) -> None:
        for move in event.moves:
            book = self.state.books.get(move.instrument)
            if book is not None:
                self.pit.see(book, move.depth)

    def _changed(self, event: OrderModified) -> PaperOrder | Refusal:
        refusal = self._not_live(event.number)
        if refusal is not None:
            return refusal
        order, terms = self.state.orders[event.number], event.terms
        old, book = order.terms, self.state.books[order.terms.instrument]
        fired = old.order_type.has_trigger and not order.armed
        refusal = _unchangeable(order, terms, fired=fired)
        if refusal is not None:
            return refusal
        armed = terms.order_type.has_trigger and not fired
        arming = armed and not (order.armed and terms.trigger_price == old.trigger_price)
        refusal = objection(terms, book.instrument, event.depth, at=event.at, arming=arming)
        changed = replace(order, terms=terms, armed=armed)
        if refusal is None and not _keeps_place(old, terms):
            account = self.state.accounts[order.account_id]
            refusal = self.pit.claims.objection(account, changed, _sight(book, event), replacing=order)
        return changed if refusal is None else refusal

    def _duplicate(self, event: OrderPlaced) -> Refusal | None:
        if self.pit.tagged(event.account_id, event.tag) is None:
            return None
        return Refusal(
            code=ErrorCode.ORDER_REJECTED,
            message=f"an order with the tag {event.tag} is in today's book already, and this one was not entered",
        )

    def _not_live(self, number: str) -> Refusal | None:
        order = self.state.orders.get(number)
        if order is None:
            message = f"there is no order {number} in today's book"
            return Refusal(code=ErrorCode.ORDER_NOT_FOUND, message=message)
        if not order.status.is_live:
            message = f"the order is {order.status} and can't be changed or cancelled any more"
            return Refusal(code=ErrorCode.ORDER_NOT_MODIFIABLE, message=message)
        return None

    def _end_day(self, event: DayEnded) -> None:
        """DAY orders expire and what ended before leaves the book. What may not stay overnight is closed, as the
        first dealings of the new day.
        """
        for order in [one for one in self.state.orders.values() if one.status.is_live]:
            self.pit.end(order, OrderStatus.EXPIRED, "the day ended before the order was filled")
        self.pit.begin_day()
        closes = {close.instrument: close.price for close in event.closes}
        for account in self.state.accounts.values():
            account.begin_day()
            for row in account.leaving(trading_day(event.at)):
                self._close(account, row, closes.get(row.instrument.key, row.last_price))

    def _close(self, account: Account, row: Dealings, price: Decimal) -> None:
        day, instrument = trading_day(self.state.at), row.instrument
        side = Side.SELL if row.net > 0 else Side.BUY
        terms = OrderTerms(
            instrument=instrument.key,
            side=side,
            quantity=abs(row.net),
            order_type=OrderType.MARKET,
            product=row.product,
        )
        value = to_paisa(price * terms.quantity * instrument.multiplier)
        if has_expired(instrument, day):
            charges = settlement_charges(instrument, long=row.net > 0, value=value, day=day)
            message = "settled at expiry"
        else:
            charges = order_charges(instrument, row.product, side, value, day=day)
            message = "squared off at the end of the day"
        order = self.pit.enter(account.account_id, None, terms)
        self.pit.close_out(order, instrument, price, charges, message)


def _sight(book: Book, event: OrderPlaced | OrderModified) -> Sight:
    return Sight(
        instrument=book.instrument,
        depth=event.depth,
        underlying=event.underlying,
        day=trading_day(event.at),
    )


def _unchangeable(order: PaperOrder, terms: OrderTerms, *, fired: bool) -> Refusal | None:
    if terms.quantity <= order.filled:
        return Refusal(
            code=ErrorCode.INVALID_ORDER,
            message=f"{order.filled} units are filled already, so the quantity can't become {terms.quantity}",
        )
    if fired and terms.order_type.has_trigger and terms.trigger_price != order.terms.trigger_price:
        return Refusal(
            code=ErrorCode.ORDER_NOT_MODIFIABLE,
            message="the stop has fired, so its trigger can't be changed; make it a LIMIT or MARKET order instead",
        )
    return None


def _keeps_place(old: OrderTerms, new: OrderTerms) -> bool:
    """Whether a change leaves an order its place in the line: nothing but a smaller quantity does."""
    return new.quantity <= old.quantity and replace(old, quantity=new.quantity) == new
