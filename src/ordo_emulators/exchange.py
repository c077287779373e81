"""A little venue with a broker's risk system in front of it: stateful and deterministic.

How orders fill is said at `Matching`. Prices move only through `set_prices`. `liquidity` bounds how many units one
touch of the price fills in an order, so that partial fills can be had. The market is open unless it is closed on
request. Call `advance` before anything else when time may have passed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from ordo_emulators.accounts import Account, Holding, Position, margin
from ordo_emulators.clock import IST, Clock, system_clock
from ordo_emulators.instruments import Instrument
from ordo_emulators.matching import Matching
from ordo_emulators.orders import (
    Order,
    Product,
    Reason,
    Rejection,
    Side,
    Status,
    Terms,
)
from ordo_emulators.risk import opening_margin, rejection


class NotPending(Exception):
    """The order is filled, cancelled, rejected or expired, and can't be changed any more."""


class RiskRefused(Exception):
    """The risk system refuses a change; `rejection` says why."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.reason)
        self.rejection = rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An account as it is at the start: `holdings` are (instrument key, quantity, T1 quantity, average price)."""

    account: str
    cash: Decimal = Decimal(100_000_000)
    holdings: tuple[tuple[str, int, int, Decimal], ...] = ()


class Exchange(Matching):
    def __init__(
        self,
        instruments: Iterable[Instrument],
        openings: Iterable[Opening],
        *,
        clock: Clock = system_clock,
    ) -> None:
        super().__init__(clock)
        self.instruments = tuple(instruments)
        self.by_key = {instrument.key: instrument for instrument in self.instruments}
        for instrument in self.instruments:
            # `NSE:SBIN:EQ` is `NSE:SBIN`; `NSE:MODIRUBBER`, which has no default series, is `NSE:MODIRUBBER:BE`.
            if instrument.is_cash:
                self.by_key.setdefault(f"{instrument.venue}:{instrument.symbol}:{instrument.series}", instrument)
                self.by_key.setdefault(f"{instrument.venue}:{instrument.symbol}", instrument)
        self._openings = tuple(openings)
        self.transit = timedelta(0)
        """How long an order stays ACKNOWLEDGED before it is at the exchange."""
        self.late = timedelta(seconds=3)
        """How long an order that is late in the book stays hidden."""
        self.is_open = True
        self.reset()

    def reset(self) -> None:
        """Back to the start: no orders, the first prices and accounts. What was set, such as `transit`, stays."""
        self._clear({o.account: self._opened(o) for o in self._openings})
        self._day = self.today()
        self._orders: dict[str, Order] = {}
        self._book: list[Order] = []
        self._by_tag: dict[str, list[Order]] = defaultdict(list)
        self._travelling: list[Order] = []

    def _opened(self, opening: Opening) -> Account:
        account = Account(id=opening.account, cash=opening.cash)
        for key, quantity, t1, average in opening.holdings:
            instrument = self.by_key[key]
            account.holdings[key] = Holding(instrument=instrument, quantity=quantity, t1=t1, average=average)
        return account

    def find(self, order_id: str) -> Order | None:
        """One of today's orders, also while it is hidden from the books."""
        order = self._orders.get(order_id)
        return order if order is not None and order.day == self._day else None

    def shows(self, order: Order) -> bool:
        """Whether the books show the order yet."""
        return order.visible_at <= self.clock()

    def book(self, account: str) -> list[Order]:
        """Today's visible orders, in order of arrival."""
        return [o for o in self._book if o.account == account and self.shows(o)]

    def tagged(self, account: str, tag: str) -> list[Order]:
        """Those in `book` with this tag, but for those whose tag is never echoed."""
        return [o for o in self._by_tag.get(tag, ()) if o.tag_echoed and o.account == account and self.shows(o)]

    def accepted(self) -> list[dict[str, object]]:
        """Every order since the start, in order of arrival, as the control plane shows it."""
        return [
            {
                "id": o.id,
                "tag": o.terms.tag,
                "received_at": o.received_at.isoformat(),
                "request": o.request,
                "status": o.status,
            }
            for o in self._orders.values()
        ]

    def place(
        self, account: str, terms: Terms, *, request: object = None, late: bool = False, echo_tag: bool = True
    ) -> Order:
        """Accepts an order. It may be REJECTED already when this returns; then `rejection` says why."""
        now = self.clock().astimezone(IST)
        order = Order(
            id=f"{now:%y%m%d}{self._next_number():08}",
            account=account,
            terms=terms,
            request=request,
            day=self._day,
            received_at=now,
            updated_at=now,
            visible_at=now + self.late if late else now,
            tag_echoed=echo_tag,
        )
        self._orders[order.id] = order
        self._book.append(order)
        self._by_tag[terms.tag].append(order)
        rejection = self._risk(order, terms)
        if rejection is not None:
            order.rejection = rejection
            self._finish(order, Status.REJECTED)
            return order
        self._block(order)
        if terms.after_market:
            order.status = Status.SCHEDULED
        elif self.transit:
            self._travelling.append(order)
        else:
            self._arrive(order)
        return order

    def modify(self, order: Order, terms: Terms) -> None:
        """Replaces what the order asks for. NotPending, or RiskRefused: then the order is as it was."""
        if order.status.is_final:
            raise NotPending
        rejection = self._risk(order, terms)
        if rejection is not None:
            raise RiskRefused(rejection)
        order.terms = terms
        self._touch(order)
        self._block(order)
        if order.exchange_id:
            self._match(order, resting=False)

    def cancel(self, order: Order) -> None:
        """NotPending when there is nothing left to cancel."""
        if order.status.is_final:
            raise NotPending
        self._finish(order, Status.CANCELLED)

    def set_prices(self, prices: Mapping[Instrument, Decimal]) -> None:
        """Moves the market, in rupees, and fills what now fills."""
        self.advance()
        self._move(prices)

    def convert(self, account_id: str, position: Position, quantity: int, product: Product) -> None:
        """Moves an open quantity to another product at its average price. RiskRefused when the money is short."""
        account = self._accounts[account_id]
        side, price = (Side.BUY if position.net > 0 else Side.SELL), position.average
        needed = margin(position.instrument, product, side, quantity, price)
        freed = margin(position.instrument, position.product, side, quantity, price)
        if needed - freed > account.available:
            raise RiskRefused(Rejection(Reason.MARGIN, needed - freed, account.available))
        target = account.opened(position.instrument, product)
        account.book(position, lambda: position.trade(side.opposite, quantity, price))
        account.book(target, lambda: target.trade(side, quantity, price))

    def open_market(self) -> None:
        self.is_open = True
        for order in [o for o in self._book if o.status is Status.SCHEDULED]:
            self._arrive(order)

    def close_market(self) -> None:
        self.is_open = False

    def advance(self) -> None:
        """Lets time do its work; to be called before every request."""
        now = self.clock()
        if self.today() != self._day:
            self._end_day()
        while self._travelling and self._travelling[0].received_at + self.transit <= now:
            order = self._travelling.pop(0)
            if not order.status.is_final:
                self._arrive(order)

    def margin_for(self, account: str, terms: Terms) -> Decimal:
        """What an order with these terms would tie up now, in rupees."""
        return opening_margin(self._accounts[account], terms, terms.quantity, self.price(terms.instrument))

    def _risk(self, order: Order, terms: Terms) -> Rejection | None:
        if not self.is_open and not terms.after_market:
            return Rejection(Reason.CLOSED)
        others = (o for o in self._working[terms.instrument.key].values() if o is not order)
        return rejection(order, terms, self._accounts[order.account], others, self.price(terms.instrument))

    def _block(self, order: Order) -> None:
        account = self._accounts[order.account]
        needed = opening_margin(account, order.terms, order.remaining, self.price(order.terms.instrument))
        account.blocked += needed - order.blocked
        order.blocked = needed

    def _end_day(self) -> None:
        """Day orders expire, the books are emptied, positions are settled or carried."""
        for order in self._book:
            if not order.status.is_final:
                self._finish(order, Status.EXPIRED)
        for account in self._accounts.values():
            account.end_day(self.price)
        self._book, self._travelling = [], []
        self._by_tag.clear()
        self._day = self.today()
