"""How the gateway is, and what its brokers can do."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AliasPath, BeforeValidator, Field

from ordo.domain import capabilities
from ordo.domain.instruments import Venue
from ordo.domain.masters import MasterState
from ordo.domain.orders import OrderType, Product, Validity
from ordo.schemas.v1.base import View
from ordo.schemas.v1.fields import Time
from ordo.schemas.v1.orders import Order
from ordo.schemas.v1.safety import KillSwitch
from ordo.schemas.v1.sessions import Session


def _in_order(value: object) -> object:
    if isinstance(value, frozenset):
        return tuple(sorted(value))
    return tuple(value) if isinstance(value, list) else value  # A client reads the array back.


_IN_ORDER = BeforeValidator(_in_order)


class Capabilities(View[capabilities.Capabilities]):
    """The whole matrix: an order is possible when each of its traits is listed."""

    venues: Annotated[tuple[Venue, ...], _IN_ORDER] = Field(description="Where it trades.")
    products: Annotated[tuple[Product, ...], _IN_ORDER] = Field(description="The products it takes.")
    order_types: Annotated[tuple[OrderType, ...], _IN_ORDER] = Field(description="The order types it takes.")
    validities: Annotated[tuple[Validity, ...], _IN_ORDER] = Field(description="The validities it takes.")
    after_market: bool = Field(description="Whether it takes orders for the next session.")
    disclosed_quantity: bool = Field(description="Whether an order may hide a part of its quantity.")
    market_protection: bool = Field(description="Whether a percentage may bound a market order.")
    modify: bool = Field(description="Whether a live order can be changed.")
    tag_echo: bool = Field(description="Whether its book shows Ordo's tags, so that a lost order is found for certain.")
    rejected_in_book: bool = Field(description="Whether its book lists rejected orders, so that absence can be proven.")
    order_history_days: int = Field(description="Days that its book reaches back; 1 is today.")
    tag_echo_learnt: bool = Field(
        description="Whether the book of some accounts shows Ordo's tags, which is not promised: learnt from orders."
    )
    rejects_in_answer: bool = Field(
        description="Whether a rejection by the broker comes with the answer to an order; else the book shows it later."
    )


class Broker(View[object]):
    """One configured broker."""

    adapter_id: str = Field(description="Its name in accounts and paths.")
    kind: str = Field(description="Which adapter serves it, such as `paper`.")
    obeys_hours: bool = Field(
        description="Whether it trades in market hours only. The paper broker trades at any hour unless it is set to."
    )
    capabilities: Capabilities = Field(
        validation_alias=AliasPath("broker", "capabilities"),
        description="What it can do.",
    )


class Store(View[object]):
    """One of the things that Ordo keeps facts in."""

    name: str = Field(description="Which one.")
    ok: bool = Field(description="Whether it serves.")
    message: str | None = Field(description="Why not.")


class Master(View[object]):
    """One source of instruments."""

    name: str = Field(description="Which one: a broker's name, or `catalogue` for the paper exchange's own.")
    state: MasterState = Field(
        description="`CURRENT`: of today. `STALE`: older, or the last load failed. `ABSENT`: never loaded."
    )
    as_of: date | None = Field(description="The trading day of its facts.")
    loaded_at: Time | None = Field(description="When it was loaded; null for what comes with the program.")
    rows: int = Field(description="Rows of its last good load.")
    stale_reason: str | None = Field(description="Why the last load failed, if it did. What was loaded before stays.")
    reading: int | None = Field(description="Rows read so far by a load that is under way; null while there is none.")


class Status(View[object]):
    """The state of everything that an order depends on."""

    started_at: Time = Field(description="When the gateway started.")
    now: Time = Field(description="Its clock.")
    kill_switch: KillSwitch = Field(description="The switch above every order.")
    sessions: tuple[Session, ...] = Field(description="Every session that the gateway knows.")
    stores: tuple[Store, ...] = Field(description="Every store.")
    masters: tuple[Master, ...] = Field(description="Every source of the instruments.")
    calendar_problem: str | None = Field(
        description="Why the configured calendar file is not in force as it stands; null while all is well."
    )
    unknown_orders: tuple[Order, ...] = Field(description="Orders whose outcome nobody knows yet. Ordo keeps looking.")


class Health(View[object]):
    """Whether the process answers, or serves."""

    status: str = Field(description="`ok`, or `ready`.", json_schema_extra={"enum": ["ok", "ready"]})
