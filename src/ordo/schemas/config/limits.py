"""What the account holder allows at most, and how the gateway treats its brokers."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ordo.domain.accounts import Account
from ordo.domain.instruments import InstrumentKey
from ordo.domain.limits import SoftMode

Rupees = Annotated[Decimal, Field(gt=0, max_digits=15, decimal_places=4)]
Percent = Annotated[Decimal, Field(gt=0, le=1000, decimal_places=4)]
Count = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class BoundsConfig(_Part):
    """Bounds of orders; what is not set is not bounded. Distances are per cent of the last price."""

    max_order_value: Rupees | None = Field(default=None, description="Rupees of one order.")
    max_quantity: Count | None = Field(default=None, description="Units of one order.")
    max_price_distance: Percent | None = Field(
        default=None, description="How much worse than the last price a limit may be; each such order costs a quote."
    )
    max_option_price_distance: Percent | None = Field(default=None, description="The same for options.")
    max_open_orders: Count | None = Field(default=None, description="Orders of an account that may still fill.")
    max_exposure: Rupees | None = Field(default=None, description="Rupees of the day's positions, open orders filled.")
    max_daily_loss: Rupees | None = Field(
        default=None, description="Rupees that the day's positions may lose before only closing orders pass."
    )


class SoftConfig(_Part):
    """What each soft check does: `off`, `preview` (told in a preview alone), `warn` (told in the log and in a preview),
    or `deny`. `cover` and `funds` cost reads of the portfolio.
    """

    band_now: SoftMode = Field(default=SoftMode.WARN, description="A price beside a band that moves.")
    trigger_now: SoftMode = Field(default=SoftMode.WARN, description="A stop that would fire at once.")
    cover: SoftMode = Field(
        default=SoftMode.PREVIEW, description="A delivery sale of more than is held. Costs three reads."
    )
    funds: SoftMode = Field(
        default=SoftMode.PREVIEW, description="An order that the funds would not pay. Costs three reads."
    )


class LimitsConfig(BoundsConfig):
    """The order budget of each account, and the bounds of the gateway, of accounts and of instruments. Of several that
    apply, the tightest counts.
    """

    orders_per_second: Count | None = Field(
        default=None,
        description="Orders, changes and cancellations of an account in any second. Unset: 8, or fewer where a broker"
        " takes fewer; as many as wanted at the paper broker.",
    )
    orders_per_minute: Count | None = Field(
        default=None, description="The same in any minute. Unset: what the broker takes."
    )
    order_max_wait_ms: int = Field(
        default=300, ge=0, le=2000, description="How long an order may wait for its place before it is refused."
    )
    soft: SoftConfig = SoftConfig()
    accounts: dict[str, BoundsConfig] = Field(
        default_factory=dict,
        description='In the file, `[limits.accounts."paper/DEMO"]`: what begins with `max_` here, for one account.',
    )
    instruments: dict[str, BoundsConfig] = Field(
        default_factory=dict,
        description='In the file, `[limits.instruments."NSE:SBIN"]`: likewise, for one instrument.',
    )

    @field_validator("accounts")
    @classmethod
    def _are_accounts(cls, named: dict[str, BoundsConfig]) -> dict[str, BoundsConfig]:
        for name in named:
            Account.parse(name)
        return named

    @field_validator("instruments")
    @classmethod
    def _are_instruments(cls, named: dict[str, BoundsConfig]) -> dict[str, BoundsConfig]:
        for name in named:
            InstrumentKey.parse(name)
        return named


class PortfolioCacheConfig(_Part):
    """For how long a portfolio is remembered; 0 is not at all."""

    ttl_seconds: float = Field(default=0, ge=0, le=5, description="0 is off, else 1 to 5.")

    @field_validator("ttl_seconds")
    @classmethod
    def _zero_or_a_second(cls, seconds: float) -> float:
        if 0 < seconds < 1:
            raise ValueError("must be 0 (off), or 1 to 5")
        return seconds


class ResilienceConfig(_Part):
    """Limits of reads, and when a circuit opens. `circuits = "database"` keeps open circuits open over a restart;
    `memory` is this process's, or Redis where there is one.
    """

    read_timeout_seconds: float = Field(default=10, gt=0, le=60, description="One try of a read at a broker.")
    read_total_seconds: float = Field(
        default=15, gt=0, le=120, description="All tries of a read, and the waiting between them."
    )
    read_tries: int = Field(default=3, ge=1, le=5, description="Tries of a read. Writes are never tried twice.")
    reads_at_once: int = Field(default=8, ge=1, le=256, description="Reads of one broker under way at once.")
    circuit_failures: int = Field(
        default=5,
        ge=1,
        le=100,
        description="Calls in a row that a broker must fail to serve before it is left to rest.",
    )
    circuit_cool_seconds: float = Field(
        default=15, gt=0, le=600, description="How long it rests before one call tries."
    )
    circuits: Literal["memory", "database"] = Field(
        default="memory", description="Where it is noted that a broker rests. `database` outlives a restart."
    )
