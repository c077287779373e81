"""What an account holder allows at most, whoever sends the order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import StrEnum

from ordo.domain.accounts import Account
from ordo.domain.instruments import InstrumentKey


class SoftMode(StrEnum):
    """What a soft check does: nothing at all, a warning in a preview alone, a warning, or a denial."""

    OFF = "off"
    PREVIEW = "preview"
    WARN = "warn"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one order, and of the account after it. `None` sets none.

    `max_order_value` (rupees) and `max_quantity` (units) bound one order. The distances are percentages of the last
    price by which a limit may be worse than it, for options and for everything else. `max_open_orders` counts an
    account's orders that may still fill; `max_exposure` is the rupees of its positions when all of those have filled;
    `max_daily_loss` is the rupees that its positions may have lost today.
    """

    max_order_value: Decimal | None = None
    max_quantity: int | None = None
    max_price_distance: Decimal | None = None
    max_option_price_distance: Decimal | None = None
    max_open_orders: int | None = None
    max_exposure: Decimal | None = None
    max_daily_loss: Decimal | None = None

    def tightened(self, other: Limits) -> Limits:
        """Of each pair of bounds the lower."""
        both = {
            one.name: [bound for bound in (getattr(self, one.name), getattr(other, one.name)) if bound is not None]
            for one in fields(Limits)
        }
        return Limits(**{name: min(bounds, default=None) for name, bounds in both.items()})

    @property
    def needs_account(self) -> bool:
        """Whether a bound looks at what the account has and has ordered."""
        return not (self.max_open_orders is None and self.max_exposure is None and self.max_daily_loss is None)


NO_LIMITS = Limits()
"""Nothing is bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitBook:
    """The limits of the gateway, of single accounts, and of single instruments. An order obeys all that apply."""

    gateway: Limits = NO_LIMITS
    accounts: Mapping[Account, Limits] = field(default_factory=dict)
    instruments: Mapping[InstrumentKey, Limits] = field(default_factory=dict)
    # Worked out once for each pair that has limits of its own, so that there are never more than the settings name.
    _tightest: dict[tuple[Limits | None, Limits | None], Limits] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def of(self, account: Account, key: InstrumentKey) -> Limits:
        """The tightest of those that apply; the same object for all to whom the same apply."""
        own = self.accounts.get(account) if self.accounts else None
        its = self.instruments.get(key) if self.instruments else None
        if own is None and its is None:
            return self.gateway
        found = self._tightest.get((own, its))
        if found is None:
            found = self.gateway
            for more in (own, its):
                found = found if more is None else found.tightened(more)
            self._tightest[own, its] = found
        return found
