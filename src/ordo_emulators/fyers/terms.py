"""From FYERS' order fields to an order, with every check that comes before the risk system.

All of them answer -50 without an id. The texts that public captures show are used where there is one; the others are
guesses.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, TypeVar, cast

from ordo_emulators.fyers.answers import invalid
from ordo_emulators.fyers.desk import Desk
from ordo_emulators.fyers.login import ACCOUNT
from ordo_emulators.instruments import Instrument, Kind, Venue
from ordo_emulators.orders import OrderType, Product, Side, Terms, Validity

TYPES: Final = {1: OrderType.LIMIT, 2: OrderType.MARKET, 3: OrderType.STOP_MARKET, 4: OrderType.STOP_LIMIT}
TYPE_CODES: Final = {type_: code for code, type_ in TYPES.items()}
SIDES: Final = {1: Side.BUY, -1: Side.SELL}
PRODUCTS: Final = {
    "CNC": Product.CNC,
    "INTRADAY": Product.MIS,
    "MARGIN": Product.NRML,
    "MTF": Product.MTF,
}
PRODUCT_CODES: Final = {product: code for code, product in PRODUCTS.items()}

_LONGEST_TAG: Final = 30
_LARGEST: Final = 10**9
_REQUIRED: Final = (
    "symbol",
    "qty",
    "type",
    "side",
    "productType",
    "limitPrice",
    "stopPrice",
    "validity",
    "disclosedQty",
    "offlineOrder",
)

Fields = Mapping[str, object]
K = TypeVar("K")
V = TypeVar("V")


def read_terms(desk: Desk, fields: Fields) -> Terms:
    """Failure -50 for anything that is not as documented."""
    for name in _REQUIRED:
        if name not in fields:
            raise invalid(f"{name} is required")
    instrument = _instrument(desk, fields["symbol"])
    terms = Terms(
        instrument=instrument,
        side=choice(fields, "side", SIDES),
        quantity=whole(fields, "qty"),
        type=choice(fields, "type", TYPES),
        product=_product(fields, instrument),
        price=_price(fields, "limitPrice", instrument),
        trigger=_price(fields, "stopPrice", instrument),
        validity=choice(fields, "validity", {v.value: v for v in Validity}),
        disclosed=whole(fields, "disclosedQty"),
        after_market=_flag(fields, "offlineOrder"),
        tag=_tag(fields),
    )
    _check_quantity(terms)
    _check_prices(terms, desk.exchange.price(instrument))
    if _number(fields, "stopLoss") or _number(fields, "takeProfit"):
        # Since August 2026 these lay a stop-loss and a target over any product. That is not emulated.
        raise invalid("stopLoss and takeProfit are not available")
    return terms


def as_fields(value: object) -> Fields:
    """An order's fields, from a parsed body."""
    if not isinstance(value, dict):
        raise invalid("Invalid input")
    return value


def whole(fields: Fields, name: str) -> int:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise invalid(f"{name} must be a whole number")
    return value


def _instrument(desk: Desk, symbol: object) -> Instrument:
    instrument = desk.symbols.by_ticker.get(symbol) if isinstance(symbol, str) else None
    if instrument is None or instrument.kind is Kind.INDEX:
        raise invalid("The input symbol is invalid.")
    return instrument


def choice(fields: Fields, name: str, choices: Mapping[K, V]) -> V:
    value = fields.get(name)
    # True is 1 in Python, and is not a side in JSON.
    plain = isinstance(value, str | int) and not isinstance(value, bool)
    found = choices.get(cast("K", value)) if plain else None
    if found is None:
        raise invalid(f"{name} must be one of the following: {', '.join(map(str, choices))}")
    return found


def _number(fields: Fields, name: str) -> Decimal:
    value = fields.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise invalid(f"{name} must be a number")
    if not -_LARGEST <= value <= _LARGEST:
        raise invalid(f"{name} is out of range")
    return Decimal(value)


def _price(fields: Fields, name: str, instrument: Instrument) -> Decimal | None:
    """0 stands for none."""
    price = _number(fields, name)
    if price < 0:
        raise invalid(f"{name} must not be negative")
    if price % instrument.tick:
        written = f"{name[0].upper()}{name[1:]}"
        raise invalid(f"{written} not a multiple of tick size {instrument.tick:.4f}")
    return price or None


def _flag(fields: Fields, name: str) -> bool:
    value = fields[name]
    if not isinstance(value, bool):
        raise invalid(f"{name} must be true or false")
    return value


def _product(fields: Fields, instrument: Instrument) -> Product:
    code = fields["productType"]
    if not isinstance(code, str) or code not in PRODUCTS:
        # Cover and bracket orders are gone since 2026-08-02; whether they are refused or ignored is not known.
        raise invalid(f"productType must be one of the following: {', '.join(PRODUCTS)}")
    product = PRODUCTS[code]
    delivery = product in {Product.CNC, Product.MTF}
    if (delivery and not instrument.is_cash) or (product is Product.NRML and instrument.is_cash):
        raise invalid(f"productType {code} is not allowed for this symbol")
    return product


def _tag(fields: Fields) -> str:
    tag = fields.get("orderTag", "")
    if tag is None or tag == "":
        return ""
    plain = isinstance(tag, str) and tag.isascii() and tag.isalnum() and len(tag) <= _LONGEST_TAG
    if not plain or tag in {ACCOUNT, "Untagged"}:
        raise invalid("orderTag must be 1 to 30 letters and digits")
    return str(tag)


def _check_quantity(terms: Terms) -> None:
    if terms.quantity < 1:
        raise invalid("qty must be above 0")
    if terms.quantity % terms.instrument.lot:
        raise invalid("Quantity should be multiple of min lot size.")
    if terms.disclosed and not terms.instrument.is_cash:
        raise invalid("disclosedQty is allowed for equity only")
    if terms.disclosed > terms.quantity:
        raise invalid("disclosedQty must not be above qty")


def _check_prices(terms: Terms, last: Decimal) -> None:
    for name, value, wanted in (
        ("limitPrice", terms.price, terms.type.has_limit),
        ("stopPrice", terms.trigger, terms.type.has_trigger),
    ):
        if wanted and value is None:
            raise invalid(f"{name} is required for this order type")
        if not wanted and value is not None:
            raise invalid(f"{name} must be 0 for this order type")
    if terms.trigger is None:
        return
    if (terms.trigger - last) * terms.side.sign < 0:
        raise invalid("stopPrice must not be below the last price for a buy, nor above it for a sale")
    if terms.price is not None and (terms.price - terms.trigger) * terms.side.sign <= 0:
        raise invalid("stopPrice must be below limitPrice for a buy, and above it for a sale")


def is_sliceable(instrument: Instrument) -> bool:
    return instrument.venue in {Venue.NSE, Venue.NFO, Venue.BFO}
