"""Instruments and their prices."""

from __future__ import annotations

from datetime import date

from pydantic import AliasPath, Field

from ordo.domain import instruments, market
from ordo.domain.instruments import Kind, QuantityUnit, Right, Venue
from ordo.schemas.v1.base import View
from ordo.schemas.v1.fields import Key, Money, Number, Time


class Quote(View[market.Quote]):
    """The last price of one instrument."""

    instrument_token: Key = Field(description="The key of the instrument.")
    last_price: Money = Field(description="The last traded price in rupees.")
    timestamp: Time = Field(description="When it was true.")
    extended_fields_json: dict[str, str] = Field(
        validation_alias="extended",
        description="What the broker adds, such as bid, ask and volume.",
    )


class Instrument(View[instruments.Instrument]):
    """The facts of one contract today."""

    key: Key = Field(description="Its one name, the same for every broker.")
    venue: Venue = Field(validation_alias=AliasPath("key", "venue"), description="Where it trades.")
    kind: Kind = Field(description="What it is.")
    name: str = Field(description="Its name in words.")
    exchange_token: str = Field(description="The exchange's number for it.")
    isin: str | None = Field(description="The international number of the security.")
    series: str | None = Field(description="The series of a share, such as `EQ`.")
    expiry: date | None = Field(
        validation_alias=AliasPath("key", "expiry"), description="The last day of a future or an option."
    )
    strike: Money | None = Field(
        validation_alias=AliasPath("key", "strike"), description="The strike of an option in rupees."
    )
    right: Right | None = Field(validation_alias=AliasPath("key", "right"), description="`CE` (call) or `PE` (put).")
    lot_size: int = Field(description="Units of which an order's quantity must be a multiple.")
    tick_size: Money = Field(description="Rupees of which a price must be a multiple.")
    freeze_quantity: int | None = Field(description="The most units in one order; null where the venue sets none.")
    band_low: Money | None = Field(description="The lowest price in rupees that is taken today.")
    band_high: Money | None = Field(description="The highest price in rupees that is taken today.")
    multiplier: Number = Field(description="What turns price times units into rupees.")
    quantity_unit: QuantityUnit = Field(description="What the exchange counts in. Orders here always count units.")
    mtf: bool | None = Field(description="Whether it can be bought on margin (MTF); null where no broker says.")
    cas_eligible: bool | None = Field(
        description="Whether it takes part in the closing auction session; null where no source says."
    )
    references: dict[str, str] = Field(description="What each broker calls it, by the broker's name.")
    tradable: bool = Field(description="Whether orders are taken; an index only has a level.")
    as_of: date = Field(description="The day of these facts.")
