"""How each kind of broker is configured."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


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


KINDS: dict[str, type[PaperConfig]] = {"paper": PaperConfig}
