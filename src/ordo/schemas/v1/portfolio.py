"""Money and possessions. `null` means that the broker did not say; it never stands for 0."""

from __future__ import annotations

from pydantic import Field

from ordo.domain import portfolio as domain
from ordo.domain.orders import Product, Side
from ordo.schemas.v1.base import View
from ordo.schemas.v1.errors import ApiError
from ordo.schemas.v1.fields import AccountName, Key, Money, Time

_METADATA = "metadata"
_ADDS = "What the broker adds, in its own words."


class Funds(View[domain.Funds]):
    """What an account can spend, in rupees."""

    as_of: Time = Field(description="When the broker said so.")
    cash: Money | None = Field(description="Settled money, without collateral.")
    available: Money | None = Field(description="What new orders may use.")
    utilised: Money | None = Field(description="What is blocked.")
    collateral: Money | None = Field(description="The value of pledged holdings after haircut.")
    opening: Money | None = Field(description="The balance at the start of the day.")
    realised_pnl: Money | None = Field(description="The day's realised profit, negative for a loss.")
    metadata_json: dict[str, str] = Field(validation_alias=_METADATA, description=_ADDS)


class Position(View[domain.Position]):
    """A day's dealings in one instrument under one product."""

    instrument: Key = Field(description="The key of the instrument.")
    product: Product = Field(description="How it is held.")
    quantity: int = Field(description="Net units, negative for a short position.")
    average_price: Money = Field(description="Rupees a unit of the open side; 0 when flat.")
    last_price: Money | None = Field(description="The last price in rupees.")
    realised_pnl: Money | None = Field(description="Rupees won by what is closed.")
    unrealised_pnl: Money | None = Field(description="Rupees that what is open stands to win at the last price.")
    pnl: Money | None = Field(description="The two together.")
    buy_quantity: int = Field(description="Units bought.")
    sell_quantity: int = Field(description="Units sold.")
    buy_value: Money = Field(description="Rupees paid.")
    sell_value: Money = Field(description="Rupees received.")
    metadata_json: dict[str, str] = Field(validation_alias=_METADATA, description=_ADDS)


class Holding(View[domain.Holding]):
    """Shares held for the long term."""

    instrument: Key = Field(description="The key of the instrument.")
    isin: str | None = Field(description="The international number of the security.")
    quantity: int = Field(description="Units, those that still settle (T1) included.")
    t1_quantity: int | None = Field(description="Units bought yesterday that still settle.")
    pledged_quantity: int | None = Field(description="Units pledged as collateral.")
    average_price: Money = Field(description="Rupees paid a unit.")
    last_price: Money | None = Field(description="The last price in rupees.")
    pnl: Money | None = Field(description="Rupees that selling at the last price would win.")
    metadata_json: dict[str, str] = Field(validation_alias=_METADATA, description=_ADDS)


class Portfolio(View[domain.Portfolio]):
    """One account at one moment."""

    cash_balance: Money | None = Field(description="Settled money in rupees.")
    margin_available: Money | None = Field(description="Rupees that new orders may use.")
    positions: tuple[Position, ...] = Field(description="The day's positions.")
    holdings: tuple[Holding, ...] = Field(description="What is held for delivery.")
    as_of: Time = Field(description="The oldest of the reads that this is made of.")
    metadata_json: dict[str, str] = Field(validation_alias=_METADATA, description=_ADDS)


class PortfolioLeg(View[object]):
    """One account's answer among several: its portfolio, or why there is none. A failed one is never empty."""

    account: AccountName = Field(description="`ADAPTER_ID/ACCOUNT_ID`.")
    portfolio: Portfolio | None = Field(description="What it owns; null where it could not be read.")
    error: ApiError | None = Field(description="Why it could not be read; null where it was.")


class Trade(View[domain.Trade]):
    """One execution."""

    trade_id: str = Field(description="The exchange's number.")
    order_id: str | None = Field(description="Ordo's order id, where Ordo placed the order.")
    broker_order_id: str = Field(description="The broker's order id.")
    instrument: Key = Field(description="The key of the instrument.")
    side: Side = Field(description="`BUY` or `SELL`.")
    product: Product = Field(description="How it is held.")
    quantity: int = Field(description="Units.")
    price: Money = Field(description="Rupees a unit.")
    traded_at: Time = Field(description="When it traded.")
