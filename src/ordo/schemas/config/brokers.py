"""How each kind of broker is configured."""

from __future__ import annotations

from decimal import Decimal
from ipaddress import ip_address
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

KIND: Final = "Which broker this is. May be left out where the adapter's name says it."


class BrokerConfig(BaseModel):
    """What every configured broker app has. `enabled = false` leaves it out without deleting its settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    kind: str = Field(description=KIND)
    enabled: bool = Field(default=True, description="Whether the broker is there.")


class PaperConfig(BrokerConfig):
    """The built-in paper broker: real matching, invented money, prices from a seeded market."""

    kind: Literal["paper"] = Field(default="paper", description=KIND)
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


def _base(address: str) -> str:
    parts = urlsplit(address)  # What is no address is a ValueError, which pydantic tells by the setting's name.
    plain = not (parts.query or parts.fragment or parts.username) and parts.port != 0
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise ValueError("must be the address of a host, such as https://api.example.com/v3")
    return address.rstrip("/")


Base = Annotated[str, AfterValidator(_base)]


class WireConfig(BrokerConfig):
    """A broker that is spoken to over a wire. Its exchange keeps hours; an emulator on this machine does not."""

    base_url: Base
    obeys_hours: bool | None = Field(
        default=None,
        description="Refuse orders while the market is closed. Unset: unless `base_url` is this machine's own address.",
    )
    transport: Literal["own", "stock"] = Field(
        default="own", description="What carries the requests: Ordo's own transport, or httpx2's."
    )

    @property
    def keeps_hours(self) -> bool:
        """Whether orders are refused while the market is closed."""
        return not _is_here(self.base_url) if self.obeys_hours is None else self.obeys_hours


def _is_here(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


_FYERS_API: Final = "https://api-t1.fyers.in/api/v3"
_FYERS_MASTERS: Final = "https://public.fyers.in/sym_details"


class FyersConfig(WireConfig):
    """One app that is registered at FYERS. `base_url` may point at another host, such as an emulator; what is not set
    of the other two is then looked for at the same host.
    """

    kind: Literal["fyers"] = Field(default="fyers", description=KIND)
    client_id: str = Field(default="", description="The app's id with its suffix, such as `AB12CD34EF-100`.")
    secret_key: SecretStr = Field(default=SecretStr(""), description="The app's secret.")
    redirect_uri: str = Field(
        default="http://127.0.0.1:8000/callback/fyers", min_length=1, description="As it is registered for the app."
    )
    base_url: Base = Field(default=_FYERS_API, description="Accounts and orders.")
    data_url: Base | None = Field(default=None, description="Prices. Unset: beside `base_url`.")
    master_url: str | None = Field(default=None, min_length=1, description="Symbol masters. Unset: FYERS' own.")
    calls_per_second: int = Field(
        default=9, ge=1, le=1_000_000, description="Calls of an account, orders and reads together. FYERS takes 10."
    )
    calls_per_minute: int = Field(
        default=190,
        ge=1,
        le=1_000_000,
        description="The same in a minute. FYERS takes 200, and blocks the day at the fourth minute that has more.",
    )
    calls_per_day: int = Field(default=100_000, ge=1, le=10**9, description="The same in a day. FYERS takes 100,000.")
    strikes_per_day: int = Field(
        default=2, ge=0, description="Refusals for pace after which new orders stop until midnight; 0: never."
    )

    @model_validator(mode="before")
    @classmethod
    def _emulated(cls, values: object) -> object:
        """An emulator has one app, whose id and secret everybody knows."""
        if not isinstance(values, dict) or values.keys() & {"client_id", "secret_key"}:
            return values
        is_own = str(values.get("base_url", _FYERS_API)).rstrip("/") == _FYERS_API
        return values if is_own else {"client_id": "EMULATED-100", "secret_key": "EMULATED-SECRET"} | values

    @model_validator(mode="after")
    def _registered(self) -> Self:
        lacking = [
            name for name, value in (("client_id", self.client_id), ("secret_key", self.secret_key)) if not value
        ]
        if self.enabled and lacking:
            raise ValueError(f"{' and '.join(lacking)} must be set: FYERS gives them for an app at myapi.fyers.in")
        return self

    @property
    def data(self) -> str:
        """Where prices are."""
        return self.data_url or f"{self.base_url.removesuffix('/api/v3')}/data"

    @property
    def masters(self) -> str:
        """Where the symbol masters are: with another host for orders, on that host."""
        own = _FYERS_MASTERS if self.base_url == _FYERS_API else f"{self.base_url.removesuffix('/api/v3')}/sym_details"
        return self.master_url or own


_HDFC_API: Final = "https://developer.hdfcsec.com"


class HDFCConfig(WireConfig):
    """One app of HDFC Securities InvestRight. What no document settles is a setting with a careful default. `base_url`
    may point at an emulator.
    """

    kind: Literal["hdfc"] = Field(default="hdfc", description=KIND)
    api_key: SecretStr = Field(default=SecretStr(""), description="The app's key.")
    api_secret: SecretStr = Field(default=SecretStr(""), description="The app's secret.")
    base_url: Base = Field(default=_HDFC_API, description="The host of the API.")
    master_url: str | None = Field(default=None, min_length=1, description="Security master. Unset: the host's own.")
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
        default=5, gt=0, le=10, description="10 is the most that needs no registration at the exchanges."
    )
    timeout_seconds: float = Field(default=15, gt=0, le=60, description="For a whole call.")

    @model_validator(mode="before")
    @classmethod
    def _emulated(cls, values: object) -> object:
        """An emulator has one app, whose key and secret everybody knows."""
        if not isinstance(values, dict) or values.keys() & {"api_key", "api_secret"}:
            return values
        is_own = str(values.get("base_url", _HDFC_API)).rstrip("/") == _HDFC_API
        return values if is_own else {"api_key": "EMULATED", "api_secret": "EMULATED-SECRET"} | values

    @model_validator(mode="after")
    def _registered(self) -> Self:
        pairs = (("api_key", self.api_key), ("api_secret", self.api_secret))
        lacking = [name for name, value in pairs if not value.get_secret_value()]
        if self.enabled and lacking:
            raise ValueError(f"{' and '.join(lacking)} must be set: HDFC gives them for an app at its developer site")
        return self

    @property
    def masters(self) -> str:
        """Where the security master is: at the host of the orders, unless it is set."""
        return self.master_url or f"{self.base_url}/oapi/v1/security-master"
