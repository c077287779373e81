"""What has happened at the paper exchange. Its whole state is a fold over these, so they carry all they need:
the contract's facts, the market's depth, the moment.

An event is a fact that was accepted into the journal. An order that the exchange then rejects is a fact too:
it stands in the book with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from ordo.domain.instruments import Instrument, InstrumentKey
from ordo.domain.market import Depth
from ordo.domain.orders import OrderTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOpened:
    """An account begins with an amount of cash, in rupees."""

    at: datetime
    account_id: str
    cash: Decimal
    event: Literal["account_opened"] = "account_opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced:
    """An order arrives. `instrument` is `None` where nobody lists it, `depth` where it has no price;
    `underlying` is the level that an option is written on, where there is one.
    """

    at: datetime
    account_id: str
    tag: str
    terms: OrderTerms
    instrument: Instrument | None = None
    depth: Depth | None = None
    underlying: Decimal | None = None
    event: Literal["order_placed"] = "order_placed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderModified:
    """A live order gets new terms, whole. The market as in `OrderPlaced`."""

    at: datetime
    number: str
    terms: OrderTerms
    depth: Depth | None = None
    underlying: Decimal | None = None
    event: Literal["order_modified"] = "order_modified"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled:
    """A live order is taken back."""

    at: datetime
    number: str
    event: Literal["order_cancelled"] = "order_cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The new market of one instrument."""

    instrument: InstrumentKey
    depth: Depth


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketMoved:
    """The market reached orders that rest: every instrument in which it did at this moment."""

    at: datetime
    moves: tuple[Move, ...]
    event: Literal["market_moved"] = "market_moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The price, in rupees, at which a day closes an instrument; 0 is possible for an option that expires."""

    instrument: InstrumentKey
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DayEnded:
    """A trading day is over; `at` is the first moment of the next. `closes` prices what does not stay overnight."""

    at: datetime
    closes: tuple[Close, ...]
    event: Literal["day_ended"] = "day_ended"


Event = AccountOpened | OrderPlaced | OrderModified | OrderCancelled | MarketMoved | DayEnded

_EVENTS: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


def encode(event: Event) -> str:
    """An event as JSON text, the same text for the same event everywhere."""
    return _EVENTS.dump_json(event, exclude_none=True).decode()


def decode(text: str) -> Event:
    """Read an event back; raises `ValueError` for anything that `encode` did not write."""
    return _EVENTS.validate_json(text)
