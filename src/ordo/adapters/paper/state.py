"""All that the paper exchange knows: what a checkpoint holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from pydantic import TypeAdapter

from ordo.adapters.paper.ledger import ZERO, Account, Key
from ordo.domain.errors import ErrorCode
from ordo.domain.instruments import Instrument
from ordo.domain.market import Level
from ordo.domain.orders import OrderStatus, OrderTerms
from ordo.domain.portfolio import to_paisa


@dataclass(slots=True, kw_only=True)
class PaperOrder:
    """One order in the exchange's book.

    `priority` ranks orders of one price: lower came first. `worst` is the price beyond which it does not
    trade, `armed` says that a stop still waits for its trigger. `value` is what it has traded and `charged`
    what that has cost, in rupees. `unit` is the margin of one opening unit, measured with the level of its
    `underlying`, and `opened` counts those so far; `reserve` was kept back for charges, and `blocked` is all
    that it blocks now.
    """

    number: str
    account_id: str
    terms: OrderTerms
    placed_at: datetime
    updated_at: datetime
    priority: int
    status: OrderStatus
    tag: str | None = None
    armed: bool = False
    worst: Decimal = ZERO
    filled: int = 0
    value: Decimal = ZERO
    charged: Decimal = ZERO
    underlying: Decimal | None = None
    unit: Decimal = ZERO
    opened: int = 0
    reserve: Decimal = ZERO
    blocked: Decimal = ZERO
    refusal: ErrorCode | None = None
    message: str | None = None

    @property
    def remaining(self) -> int:
        """Units not traded yet."""
        return self.terms.quantity - self.filled

    def needs(self, opening: int) -> Decimal:
        """The rupees it must block while so many of its remaining units may open a position."""
        return self._margin_of(opening) + max(ZERO, self.reserve - self.charged)

    def open(self, units: int) -> Decimal:
        """Count units that opened a position and return what was blocked for them. Slices add up exactly."""
        margin = self._margin_of(units)
        self.opened += units
        return margin

    def _margin_of(self, units: int) -> Decimal:
        return to_paisa(self.unit * (self.opened + units)) - to_paisa(self.unit * self.opened)


def cover(orders: Iterable[PaperOrder], closable: int) -> Iterator[tuple[PaperOrder, Decimal]]:
    """What each order of one side must block when `closable` units of the position may be closed by them.

    The units with the least margin count as closing ones, so that the sum suffices in whatever order the
    orders fill: a fill never needs more than was blocked before it.
    """
    for order in sorted(orders, key=lambda one: (one.unit, one.priority)):
        closing = min(closable, order.remaining)
        closable -= closing
        yield order, order.needs(order.remaining - closing)


@dataclass(slots=True, kw_only=True)
class Book:
    """The market of one instrument as last seen, less what orders have taken from it since."""

    instrument: Instrument
    seen_at: datetime | None = None
    last_price: Decimal | None = None
    bids: list[Level] = field(default_factory=list)
    asks: list[Level] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class State:
    """The fold of all events so far. `at` is the time of the last one; the counters never go back."""

    at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    orders_numbered: int = 0
    trades_numbered: int = 0
    priorities: int = 0
    accounts: dict[str, Account] = field(default_factory=dict)
    books: dict[Key, Book] = field(default_factory=dict)
    orders: dict[str, PaperOrder] = field(default_factory=dict)


_STATE = TypeAdapter(State)


def dump(state: State) -> str:
    """The state as JSON text: equal states give equal bytes."""
    return _STATE.dump_json(state, exclude_none=True).decode()


def load(text: str) -> State:
    """Read a state back; raises `ValueError` for anything that `dump` did not write."""
    return _STATE.validate_json(text)
