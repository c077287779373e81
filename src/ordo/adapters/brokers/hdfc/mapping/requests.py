"""What is sent to InvestRight."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

from ordo.adapters.brokers.hdfc.mapping.words import SENT_PRODUCTS, SENT_TYPES
from ordo.adapters.brokers.hdfc.symbols import Address
from ordo.domain.orders import OrderTerms

_ZERO: Final = Decimal(0)

SideStyle = Literal["title", "upper"]


def place_body(terms: OrderTerms, address: Address, *, tag: str, sides: SideStyle) -> dict[str, object]:
    """The body of a new order: the fields of a derivative are left out for cash."""
    side = terms.side.value
    body: dict[str, object] = {
        "exchange": address.exchange,
        "security_id": address.security_id,
        "instrument_segment": address.segment,
        "transaction_type": side.title() if sides == "title" else side,
    }
    key = terms.instrument
    if key.expiry is not None:
        body |= {"underlying_symbol": address.underlying, "expiry_date": f"{key.expiry:%Y%m%d}"}
    if key.strike is not None and key.right is not None:
        body |= {"strike_price": _number(key.strike), "option_type": key.right.value}
    return body | modify_body(terms) | {"external_reference_number": int(tag)}


def modify_body(terms: OrderTerms) -> dict[str, object]:
    """The whole state that an order shall have: what a field that is left out does is not documented."""
    return {
        "quantity": terms.quantity,
        "order_type": SENT_TYPES[terms.order_type],
        "validity": terms.validity.value,
        "disclosed_quantity": terms.disclosed_quantity or 0,
        "product": SENT_PRODUCTS[terms.product],
        "price": _number(terms.price or _ZERO),
        "trigger_price": _number(terms.trigger_price or _ZERO),
        "amo": terms.after_market,
    }


def _number(amount: Decimal) -> Decimal | int:
    return int(amount) if amount == amount.to_integral_value() else amount
