"""The market itself: prices, the orders that wait for one, and their fills."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from ordo_emulators.accounts import Account
from ordo_emulators.clock import IST, Clock
from ordo_emulators.instruments import Instrument
from ordo_emulators.orders import Order, Status, Trade, Validity


class Matching:
    """A market order fills at once at the present price.

    A limit order fills when the price crosses it: at the present price on arrival, at its own price when it was
    resting. A stop triggers when the price reaches it. What an IOC order can't fill on arrival is cancelled.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.liquidity = 0
        """Units that one touch of the price fills in one order; 0 for all."""
        self._last_number = (self.today(), 0)
        self._clear({})

    def _clear(self, accounts: Mapping[str, Account]) -> None:
        """The first prices, and nothing waiting."""
        self._accounts = accounts
        self._prices: dict[str, Decimal] = {}
        self._working: dict[str, dict[str, Order]] = defaultdict(dict)

    def account(self, account: str) -> Account:
        return self._accounts[account]

    def price(self, instrument: Instrument) -> Decimal:
        return self._prices.get(instrument.key, instrument.opening)

    def working(self, instrument: Instrument) -> list[Order]:
        """The orders at the exchange that can still fill."""
        return list(self._working[instrument.key].values())

    def today(self) -> date:
        """The date in India."""
        return self.clock().astimezone(IST).date()

    def _move(self, prices: Mapping[Instrument, Decimal]) -> None:
        for instrument, price in prices.items():
            self._prices[instrument.key] = price
        for instrument in prices:
            for order in self.working(instrument):
                self._match(order, resting=True)

    def _arrive(self, order: Order) -> None:
        order.exchange_id = f"11{order.id}"
        self._working[order.terms.instrument.key][order.id] = order
        self._match(order, resting=False)

    def _match(self, order: Order, *, resting: bool) -> None:
        terms, price = order.terms, self.price(order.terms.instrument)
        if terms.trigger is not None and not order.triggered:
            if (price - terms.trigger) * terms.side.sign < 0:
                order.status = Status.TRIGGER_PENDING
                self._end_if_immediate(order)
                return
            order.triggered, resting = True, False
            self._touch(order)
        limit = terms.price
        if limit is None or (limit - price) * terms.side.sign >= 0:
            self._fill(order, limit if resting and limit is not None else price)
        else:
            order.status = Status.PARTIALLY_FILLED if order.filled else Status.OPEN
        self._end_if_immediate(order)

    def _fill(self, order: Order, price: Decimal) -> None:
        quantity = min(order.remaining, self.liquidity or order.remaining)
        terms, account = order.terms, self._accounts[order.account]
        # In paise: unrounded shares of a third would not add up again.
        share = order.blocked * quantity / order.remaining
        released = order.blocked if quantity == order.remaining else share.quantize(Decimal("0.01"))
        order.blocked -= released
        account.blocked -= released
        self._touch(order)
        order.filled += quantity
        order.value += price * quantity
        number = f"{self._next_number():08}"
        order.trades.append(Trade(id=number, order_id=order.id, quantity=quantity, price=price, at=order.updated_at))
        position = account.opened(terms.instrument, terms.product)
        account.book(position, lambda: position.trade(terms.side, quantity, price))
        if order.remaining:
            order.status = Status.PARTIALLY_FILLED
        else:
            self._finish(order, Status.FILLED)

    def _end_if_immediate(self, order: Order) -> None:
        if order.terms.validity is Validity.IOC and not order.status.is_final:
            self._finish(order, Status.CANCELLED)

    def _finish(self, order: Order, status: Status) -> None:
        order.status = status
        self._touch(order)
        self._accounts[order.account].blocked -= order.blocked
        order.blocked = Decimal(0)
        self._working[order.terms.instrument.key].pop(order.id, None)

    def _touch(self, order: Order) -> None:
        order.updated_at = self.clock().astimezone(IST)

    def _next_number(self) -> int:
        """Of today, and like a broker's never given out twice: not after a reset, nor after a restart."""
        now = self.clock().astimezone(IST)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        day, last = self._last_number
        elapsed = (now - midnight) // timedelta(milliseconds=1)
        number = max(last + 1, elapsed) if day == now.date() else elapsed
        self._last_number = (now.date(), number)
        return number
