"""Orders: what is asked for, and what is shown of it."""

from __future__ import annotations

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from ordo.domain import orders as domain
from ordo.domain.orders import MAX_QUANTITY, MatchedBy, OrderStatus, OrderType, PendingOp, Product, Side, Validity
from ordo.schemas.v1.base import Command, View
from ordo.schemas.v1.fields import AccountName, AskedKey, AskedPrice, Key, Money, Protection, Time
from ordo.schemas.v1.rules import MODIFY_RULES, PLACE_RULES

_UNITS: JsonDict = {"minimum": 1, "maximum": MAX_QUANTITY}

PLACE_EXAMPLES: dict[str, JsonDict] = {
    "limit": {
        "instrument": "NSE:SBIN",
        "side": "BUY",
        "quantity": 10,
        "order_type": "LIMIT",
        "product": "CNC",
        "price": "800.00",
    },
    "market": {"instrument": "NSE:SBIN", "side": "BUY", "quantity": 1, "order_type": "MARKET", "product": "MIS"},
}
MODIFY_EXAMPLE: JsonDict = {"quantity": 20, "price": "801.00"}


class PlaceOrder(Command[domain.PlaceOrder]):
    """One order to place. `MARKET` has neither price, `LIMIT` a `price`, `SL` both, `SL-M` a `trigger_price`."""

    model_config = ConfigDict(json_schema_extra={**PLACE_RULES, "examples": list(PLACE_EXAMPLES.values())})

    instrument: AskedKey = Field(description="The key of the instrument, as `GET /api/v1/instruments` gives it.")
    side: Side = Field(description="`BUY` or `SELL`.")
    quantity: int = Field(
        description="Units: shares, or lots times the lot size. A multiple of the lot, at most the freeze quantity.",
        json_schema_extra=_UNITS,
    )
    order_type: OrderType = Field(
        description=(
            "`MARKET`, `LIMIT`, `SL` (a stop that becomes a limit order) or `SL-M` (one that becomes a market order)."
        )
    )
    product: Product = Field(
        description=(
            "`CNC` delivery, `MIS` intraday, `MTF` funded delivery (shares); `NRML` carried forward, `MIS`"
            " (derivatives)."
        )
    )
    price: AskedPrice | None = Field(
        default=None, description="The limit in rupees, a multiple of the tick; for `LIMIT` and `SL` only."
    )
    trigger_price: AskedPrice | None = Field(
        default=None,
        description=(
            "The last price in rupees at which a stop fires, a multiple of the tick; for `SL` and `SL-M` only. At or"
            " below `price` for a `BUY`, at or above it for a `SELL`."
        ),
    )
    validity: Validity = Field(default=Validity.DAY, description="`DAY`, or `IOC`: fill at once and drop the rest.")
    disclosed_quantity: int | None = Field(
        default=None,
        description="Units shown to the market, at most the quantity; shares with validity `DAY` only.",
        json_schema_extra={"anyOf": [{"type": "integer", **_UNITS}, {"type": "null"}]},
    )
    after_market: bool = Field(default=False, description="Whether the order waits for the next session's opening.")
    protection: Protection = Field(
        default="auto",
        description=(
            "How far a market order may run: `auto` for the broker's slab, `none`, or a percentage above 0 and at most"
            " 100 in a string."
        ),
    )


class ModifyOrder(Command[domain.ModifyOrder]):
    """A change to a live order. What is left out, or null, stays as it is; at least one field must be given."""

    model_config = ConfigDict(json_schema_extra={**MODIFY_RULES, "examples": [MODIFY_EXAMPLE]})

    quantity: int | None = Field(
        default=None,
        description="The new total in units, what is filled already included.",
        json_schema_extra={"anyOf": [{"type": "integer", **_UNITS}, {"type": "null"}]},
    )
    order_type: OrderType | None = Field(
        default=None, description="The new type; a price or trigger that it does not use is dropped."
    )
    price: AskedPrice | None = Field(default=None, description="The new limit in rupees.")
    trigger_price: AskedPrice | None = Field(default=None, description="The new trigger in rupees.")
    validity: Validity | None = Field(default=None, description="The new validity.")


class OrderEvent(View[domain.OrderEvent]):
    """One step in an order's life."""

    at: Time = Field(description="When Ordo learnt it.")
    status: OrderStatus = Field(description="What the order became.")
    filled_quantity: int = Field(description="Units filled by then.")
    message: str | None = Field(description="Why, where there is a reason.")
    anomaly: bool = Field(description="Whether the broker contradicted what was known; a person should look.")


class Order(View[domain.Order]):
    """An order, and all that Ordo knows of it."""

    order_id: str = Field(
        description="Ordo's own id, 15 digits; the tag that the broker carries.",
        json_schema_extra={"pattern": "^[1-9][0-9]{14}$"},
    )
    broker_order_id: str | None = Field(description="The broker's id, once it is known.")
    account: AccountName = Field(description="`ADAPTER_ID/ACCOUNT_ID`.")
    instrument: Key = Field(description="The key of the instrument.")
    side: Side = Field(description="`BUY` or `SELL`.")
    quantity: int = Field(description="Units ordered.")
    order_type: OrderType = Field(description="The type that was asked for.")
    product: Product = Field(description="How the position is held.")
    price: Money | None = Field(description="The limit in rupees.")
    trigger_price: Money | None = Field(description="The trigger in rupees.")
    validity: Validity = Field(description="How long the order waits.")
    disclosed_quantity: int | None = Field(description="Units shown to the market.")
    after_market: bool = Field(description="Whether it waits for the next session.")
    protection: Protection = Field(description="How far a market order may run.")
    status: OrderStatus = Field(
        description=(
            "Where the order stands. `UNKNOWN`: it may or may not be at the broker, and Ordo is finding out."
            " `NOT_PLACED`: it is proven that it is not."
        )
    )
    pending_op: PendingOp | None = Field(description="A modification or cancellation whose result is not known yet.")
    filled_quantity: int = Field(description="Units filled.")
    average_price: Money | None = Field(description="Rupees a unit over all fills; null while nothing is filled.")
    status_message: str | None = Field(description="The broker's or Ordo's words on the status.")
    requested_type: OrderType = Field(
        validation_alias="order_type", description="The type that was asked for, beside `sent_type`."
    )
    sent_type: OrderType | None = Field(
        description=(
            "The type that went to the broker; differs from `order_type` where market protection made a limit of it."
        )
    )
    sent_price: Money | None = Field(description="The limit in rupees that went to the broker.")
    created_at: Time = Field(description="When Ordo took the order.")
    updated_at: Time = Field(description="When Ordo last learnt something of it.")
    matched_by: MatchedBy | None = Field(
        description=(
            "How the broker's order is known to be this one: its `answer`, the `tag`, or a `fingerprint` of its terms."
        )
    )
    history: tuple[OrderEvent, ...] = Field(description="Every step so far, oldest first.")
    metadata_json: dict[str, str] = Field(
        validation_alias="metadata",
        description="What the broker adds, in its own words.",
    )
