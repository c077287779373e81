"""The limit of a market order that is sent as a limit order (domain facts 1.4)."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from ordo.domain.errors import Invalid
from ordo.domain.instruments import Instrument
from ordo.domain.orders import OrderTerms

_HUNDRED: Final = Decimal(100)
# Percent a market order may run, by price (domain facts 1.4): up to and with the first figure.
_CASH_SLABS: Final = ((Decimal("99.9999"), Decimal(2)), (Decimal(500), Decimal(1)), (None, Decimal("0.5")))
_OPTION_SLABS: Final = (
    (Decimal("9.9999"), Decimal(5)),
    (Decimal("99.9999"), Decimal(3)),
    (Decimal(500), Decimal(2)),
    (None, Decimal(1)),
)


def protected_price(terms: OrderTerms, instrument: Instrument, start: Decimal, percent: Decimal | None) -> Decimal:
    """How far from `start` (rupees: the last price, or the trigger) the order may run: by its own percentage, else by
    `percent`, else by the slab. On a tick, rounded in the order's favour, and within the price band. Raises `Invalid`
    where nothing above 0 is left.
    """
    share = terms.protection if isinstance(terms.protection, Decimal) else percent
    if share is None:
        slabs = _OPTION_SLABS if terms.instrument.right is not None else _CASH_SLABS
        share = next(share for most, share in slabs if most is None or start <= most)
    sign, tick = terms.side.sign, instrument.tick_size
    rounding = ROUND_CEILING if sign > 0 else ROUND_FLOOR
    price = ((start + start * share / _HUNDRED * sign) / tick).to_integral_value(rounding) * tick
    if terms.trigger_price is not None and price == terms.trigger_price:
        price += tick * sign
    if instrument.band_high is not None:
        price = min(price, instrument.band_high)
    if instrument.band_low is not None:
        price = max(price, instrument.band_low)
    if price <= 0:
        raise Invalid.field("protection", "leaves no price above 0 to sell at", seen=terms.protection)
    return price
