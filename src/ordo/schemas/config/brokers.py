"""How each kind of broker is configured."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class BrokerConfig(BaseModel):
    """What every configured broker app has. `enabled = false` leaves it out without deleting its settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    enabled: bool = True


class PaperConfig(BrokerConfig):
    """The built-in paper broker: real matching, invented money, prices from a seeded market."""

    kind: Literal["paper"] = "paper"
    seed: str = Field(default="ordo", min_length=1, description="The market follows from it, tick by tick.")
    opening_cash: Decimal = Field(
        default=Decimal(1_000_000), gt=0, max_digits=15, decimal_places=2, description="Rupees of a new account."
    )
    accounts: tuple[str, ...] = Field(
        default=("DEMO",), description="Accounts that need no login; any other opens with its first login."
    )

    obeys_hours: bool = Field(default=False, description="Refuse orders while the market is closed.")

    @field_validator("accounts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


class HDFCConfig(BrokerConfig):
    """One app of HDFC Securities InvestRight. What no document settles is a setting with a careful default."""

    kind: Literal["hdfc"] = "hdfc"
    api_key: SecretStr = Field(min_length=1, description="The app's key.")
    api_secret: SecretStr = Field(min_length=1, description="The app's secret.")
    base_url: str = Field(
        default="https://developer.hdfcsec.com", pattern=r"^https?://[^/?#\s]+$", description="The host of the API."
    )
    master_url: str | None = Field(
        default=None, min_length=1, description="The security master; unset, it is the host's."
    )
    user_agent: str = Field(
        default="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/123.0.0.0 Safari/537.36",
        pattern=r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$",
        description="Mandatory at the broker, which is said to turn away what is no browser.",
    )
    login: Literal["otp", "browser"] = Field(
        default="otp", description="Log in with user, password and code, or on the broker's own page."
    )
    consent: str = Field(
        default="true", pattern=r"^\w{1,8}$", description="The word for consent: true, True and Y have been seen."
    )
    session_hours: float = Field(
        default=8, gt=0, le=24, description="How long a token lasts that does not say so itself."
    )
    side_style: Literal["title", "upper"] = Field(default="title", description="Buy or BUY.")
    market_orders: Literal["pass", "limit"] = Field(
        default="pass", description="Send market orders as they are, or as limit orders at a protected price."
    )
    protection_percent: Decimal | None = Field(
        default=None, gt=0, le=20, description="How far a converted market order may run; unset, slabs by price."
    )
    quote_exchanges: Literal["market", "parent"] = Field(
        default="market", description="Ask prices of derivatives under NFO and BFO, or NSE and BSE."
    )
    quote_batch: int = Field(default=10, ge=1, le=10, description="Instruments in one request for prices.")
    quote_pause_ms: int = Field(default=150, ge=0, le=5_000, description="Between two such requests.")
    null_holdings_are_none: bool = Field(
        default=True, description='HTTP 422 with "portfolio/holding is null" means that nothing is held.'
    )
    reads_per_second: float = Field(default=3, gt=0, le=1_000, description="No limit is published.")
    orders_per_second: float = Field(
        default=5, gt=0, le=1_000, description="10 is the most that needs no registration at the exchanges."
    )
    timeout_seconds: float = Field(default=15, gt=0, le=60, description="For a whole call.")

    @property
    def master_place(self) -> str:
        """Where the security master is."""
        return self.master_url or f"{self.base_url}/oapi/v1/security-master"


KINDS: dict[str, type[PaperConfig | HDFCConfig]] = {"hdfc": HDFCConfig, "paper": PaperConfig}
