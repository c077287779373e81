"""How the gateway is, and what its brokers can do."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AliasPath, BeforeValidator, Field

from ordo.domain import budget, capabilities
from ordo.domain.circuits import CallKind, CircuitState
from ordo.domain.instruments import Venue
from ordo.domain.masters import MasterState
from ordo.domain.orders import OrderType, Product, Validity
from ordo.domain.protection import MarketOrders
from ordo.schemas.v1.base import View
from ordo.schemas.v1.fields import AccountName, Number, Time
from ordo.schemas.v1.orders import Order
from ordo.schemas.v1.safety import KillSwitch
from ordo.schemas.v1.sessions import Session


def _in_order(value: object) -> object:
    if isinstance(value, frozenset):
        return tuple(sorted(value))
    return tuple(value) if isinstance(value, list) else value  # A client reads the array back.


_IN_ORDER = BeforeValidator(_in_order)


def _standing(name: str) -> AliasPath:
    return AliasPath("standing", name)


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
    market_orders: MarketOrders = Field(
        description=(
            "Who bounds how far a market order runs: the broker as told (`native_protection`), the broker by itself"
            " (`broker_converts`), or Ordo, which sends a limit order instead (`gateway_must_convert`)."
        )
    )
    auto_percent: Number | None = Field(
        description="How far protection `auto` lets a market order run that Ordo sends as a limit; null: by slabs."
    )
    strict_trigger: bool = Field(description="Whether a stop's trigger may not equal its price.")
    tag_echo: bool = Field(description="Whether its book shows Ordo's tags, so that a lost order is found for certain.")
    rejected_in_book: bool = Field(description="Whether its book lists rejected orders, so that absence can be proven.")
    order_history_days: int = Field(description="Days that its book reaches back; 1 is today.")
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


class Circuit(View[object]):
    """What keeps Ordo from asking a broker that does not serve. It is listed once something has failed."""

    adapter_id: str = Field(validation_alias=AliasPath("circuit", "adapter_id"), description="The configured broker.")
    kind: CallKind = Field(
        validation_alias=AliasPath("circuit", "kind"), description="Which calls; cancellations are always tried."
    )
    state: CircuitState = Field(
        description="`CLOSED`: calls pass. `OPEN`: they are refused here. `HALF_OPEN`: one is finding out."
    )
    failures: int = Field(description="Calls in a row that the broker did not serve.")
    last_failure_at: Time | None = Field(description="The last of them.")
    changed_at: Time = Field(description="Since when it stands so.")


class Window(View[budget.Window]):
    """A stretch of time and the most calls in it."""

    seconds: float = Field(description="Its length.")
    limit: int = Field(description="The most calls.")


class Budget(View[object]):
    """How far an account's order budget is used, in this gateway's sight; listed once the account was called."""

    account: AccountName = Field(description="`ADAPTER_ID/ACCOUNT_ID`.")
    orders: tuple[Window, ...] = Field(
        validation_alias=AliasPath("pace", "orders"), description="Its bounds of writes."
    )
    reads: tuple[Window, ...] = Field(validation_alias=AliasPath("pace", "reads"), description="Its bounds of reads.")
    pool: tuple[Window, ...] = Field(
        default=(),
        validation_alias=AliasPath("pace", "pool"),
        description="Its bounds of writes and reads together, where its broker counts them so.",
    )
    orders_last_second: int = Field(validation_alias=_standing("orders_last_second"), description="Writes made.")
    orders_last_minute: int = Field(validation_alias=_standing("orders_last_minute"), description="Writes made.")
    reads_last_second: int = Field(validation_alias=_standing("reads_last_second"), description="Reads made.")
    reads_last_minute: int = Field(validation_alias=_standing("reads_last_minute"), description="Reads made.")
    slowed_for: float = Field(
        validation_alias=_standing("slowed_for"),
        description="Seconds for which the pace is halved, since the broker asked for fewer calls; else 0.",
    )
    strikes: int = Field(validation_alias=_standing("strikes"), description="How often it did so today.")
    stopped: bool = Field(description="Whether only cancellations pass until midnight, for the broker would block it.")


class Status(View[object]):
    """The state of everything that an order depends on."""

    started_at: Time = Field(description="When the gateway started.")
    now: Time = Field(description="Its clock.")
    kill_switch: KillSwitch = Field(description="The switch above every order.")
    account_switches: tuple[KillSwitch, ...] = Field(
        default=(), description="The switches that were set for single accounts."
    )
    sessions: tuple[Session, ...] = Field(description="Every session that the gateway knows.")
    stores: tuple[Store, ...] = Field(description="Every store.")
    masters: tuple[Master, ...] = Field(description="Every source of the instruments.")
    calendar_problem: str | None = Field(
        description="Why the configured calendar file is not in force as it stands; null while all is well."
    )
    unknown_orders: tuple[Order, ...] = Field(description="Orders whose outcome nobody knows yet. Ordo keeps looking.")
    circuits: tuple[Circuit, ...] = Field(default=(), description="The circuits, by broker and kind of call.")
    budgets: tuple[Budget, ...] = Field(default=(), description="The order budgets, by account.")


class Health(View[object]):
    """Whether the process answers, or serves."""

    status: str = Field(description="`ok`, or `ready`.", json_schema_extra={"enum": ["ok", "ready"]})
