"""How each kind of broker is configured."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class BrokerConfig(BaseModel):
    """What every configured broker app has. `enabled = false` leaves it out without deleting its settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    kind: str
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


def _base(address: str) -> str:
    parts = urlsplit(address)  # What is no address is a ValueError, which pydantic tells by the setting's name.
    plain = not (parts.query or parts.fragment or parts.username) and parts.port != 0
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise ValueError("must be the address of a host, such as https://api.example.com/v3")
    return address.rstrip("/")


Base = Annotated[str, AfterValidator(_base)]
_FYERS_API: Final = "https://api-t1.fyers.in/api/v3"
_FYERS_MASTERS: Final = "https://public.fyers.in/sym_details"


class FyersConfig(BrokerConfig):
    """One app that is registered at FYERS. `base_url` may point at another host, such as an emulator; what is not set
    of the other two is then looked for at the same host.
    """

    kind: Literal["fyers"] = "fyers"
    client_id: str = Field(default="", description="The app's id with its suffix, such as `AB12CD34EF-100`.")
    secret_key: SecretStr = Field(default=SecretStr(""), description="The app's secret.")
    redirect_uri: str = Field(
        default="http://127.0.0.1:8000/callback/fyers", min_length=1, description="As it is registered for the app."
    )
    base_url: Base = Field(default=_FYERS_API, description="Accounts and orders.")
    data_url: Base | None = Field(default=None, description="Prices. Unset: beside `base_url`.")
    master_url: str | None = Field(default=None, min_length=1, description="Symbol masters. Unset: FYERS' own.")

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


KINDS: dict[str, type[BrokerConfig]] = {"paper": PaperConfig, "fyers": FyersConfig}
