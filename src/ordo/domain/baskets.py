"""Baskets: several orders under one key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ordo.domain.accounts import Account
from ordo.domain.errors import Invalid, OrdoError
from ordo.domain.idempotency import digest, fingerprint
from ordo.domain.orders import Order, PlaceOrder

MAX_LEGS = 20


class BasketMode(StrEnum):
    """`IN_ORDER`: each leg is sent once the one before is at its broker, and the first that is not ends it.
    `AT_ONCE`: all at the same time, each on its own.
    """

    IN_ORDER = "IN_ORDER"
    AT_ONCE = "AT_ONCE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One order of a basket, and the account that it is for."""

    account: Account
    order: PlaceOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """1 to `MAX_LEGS` legs. Raises `Invalid`."""

    mode: BasketMode
    legs: tuple[Leg, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.legs) <= MAX_LEGS:
            raise Invalid.field("legs", f"must be 1 to {MAX_LEGS}", seen=len(self.legs))

    @property
    def fingerprint(self) -> str:
        """A SHA-256 of the whole: a key that served one basket serves no other."""
        return digest(self.mode, *(f"{leg.account} {fingerprint(leg.order)}" for leg in self.legs))


class LegOutcome(StrEnum):
    """What became of a leg. `SKIPPED`: it was not tried, because an earlier one is not at its broker."""

    PLACED = "PLACED"
    REFUSED = "REFUSED"
    NOT_SENT = "NOT_SENT"
    UNKNOWN = "UNKNOWN"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegResult:
    """What became of one leg: its order where there is one, and the error that it met, if it met one."""

    leg: Leg
    outcome: LegOutcome
    order: Order | None = None
    error: OrdoError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketResult:
    """One result a leg, in the order of the legs."""

    legs: tuple[LegResult, ...]

    @property
    def is_placed(self) -> bool:
        """Whether every leg is at its broker."""
        return all(leg.outcome is LegOutcome.PLACED for leg in self.legs)
