"""From an order's fields to its terms, with every check that comes before the risk system."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from ordo_emulators.hdfc.answers import Failure, malformed, refused
from ordo_emulators.hdfc.codes import Listed
from ordo_emulators.hdfc.desk import Desk
from ordo_emulators.hdfc.fields import Fields, choice, flag, number, reference, text, whole
from ordo_emulators.hdfc.settings import MarketOrders
from ordo_emulators.hdfc.wording import PRODUCTS, TYPES
from ordo_emulators.instruments import Instrument, Kind
from ordo_emulators.orders import Order, Product, Side, Terms, Validity

# The table of parameters writes them one way, the worked examples the other.
_SIDES: Final = {"Buy": Side.BUY, "BUY": Side.BUY, "Sell": Side.SELL, "SELL": Side.SELL}
# The order page lists no other products that can be bought; COLL-SELL and ENCASH are not emulated.
_PRODUCTS: Final = {name: product for product, name in PRODUCTS.items()}
_TYPES: Final = {name: type_ for type_, name in TYPES.items()}
# GTD is documented, and nobody says where its date would go.
_VALIDITIES: Final = {"DAY": Validity.DAY, "IOC": Validity.IOC}
_EXCHANGES: Final = {name: name for name in ("NSE", "BSE", "MCX")}


def read_terms(desk: Desk, fields: Fields) -> Terms:
    """Failure for anything that is not as documented."""
    listed = _listed(desk, fields)
    _check_contract(fields, listed)
    side = choice(fields, "transaction_type", _SIDES)
    terms = _terms(desk, listed.instrument, side, fields, tag=reference(fields))
    _check_against(terms, desk.exchange.price(terms.instrument))
    return terms


def changed_terms(desk: Desk, order: Order, fields: Fields) -> Terms:
    """The terms with `fields` in them. That what is left out stays, and that `quantity` is a total, are guesses."""
    terms = order.terms
    new_type = choice(fields, "order_type", _TYPES)
    before: Mapping[str, object] = {
        "quantity": terms.quantity,
        "product": PRODUCTS[terms.product],
        "price": terms.price if terms.price and new_type.has_limit else 0,
        "trigger_price": terms.trigger if terms.trigger and new_type.has_trigger else 0,
        "validity": terms.validity.value,
        "disclosed_quantity": terms.disclosed,
        "amo": terms.after_market,
        "order_type": TYPES[new_type],
    }
    after = {**before, **{name: fields[name] for name in before if name in fields}}
    changed = _terms(desk, terms.instrument, terms.side, after, tag=terms.tag)
    if changed.quantity <= order.filled:
        raise malformed("quantity", "it must be above the traded quantity")
    if not order.triggered:
        _check_against(changed, desk.exchange.price(terms.instrument))
    return changed


def _terms(desk: Desk, instrument: Instrument, side: Side, fields: Fields, *, tag: str) -> Terms:
    """What can be modified, which is all but the instrument, the side and the tag."""
    terms = Terms(
        instrument=instrument,
        side=side,
        quantity=whole(fields, "quantity"),
        type=choice(fields, "order_type", _TYPES),
        product=choice(fields, "product", _PRODUCTS),
        price=number(fields, "price") or None,
        trigger=number(fields, "trigger_price") or None,
        validity=choice(fields, "validity", _VALIDITIES),
        disclosed=whole(fields, "disclosed_quantity"),
        after_market=flag(fields, "amo"),
        tag=tag,
    )
    _check_type(desk, terms)
    _check_product(terms.product, terms.instrument)
    _check_quantity(terms)
    _check_prices(terms)
    return terms


def _listed(desk: Desk, fields: Fields) -> Listed:
    exchange = choice(fields, "exchange", _EXCHANGES)
    address = (exchange, text(fields, "security_id"), text(fields, "instrument_segment"))
    listed = desk.codes.by_address.get(address)
    if listed is None or listed.instrument.kind is Kind.INDEX:
        raise refused("Invalid security")
    return listed


def _check_contract(fields: Fields, listed: Listed) -> None:
    """The fields of a derivative must be those of its row, in the form of the worked examples: `20261124`, `CE`."""
    instrument = listed.instrument
    # A future's strike and right, and all four of a share, may be left out or blank.
    for name, sent, expected in (
        ("underlying_symbol", text(fields, "underlying_symbol"), listed.underlying),
        ("expiry_date", text(fields, "expiry_date"), f"{instrument.expiry:%Y%m%d}" if instrument.expiry else ""),
        ("option_type", text(fields, "option_type"), instrument.right or ""),
        ("strike_price", number(fields, "strike_price"), instrument.strike or Decimal(0)),
    ):
        if sent != expected:
            raise malformed(name, "it is not this instrument's")


def _check_type(desk: Desk, terms: Terms) -> None:
    if desk.settings.market_orders is MarketOrders.FORBID403 and not terms.type.has_limit:
        # Live, on the sibling platform.
        raise Failure(403, {"status": "error", "message": "algo orders from merchant can only of Limit type"})


def _check_product(product: Product, instrument: Instrument) -> None:
    delivery = product in {Product.CNC, Product.MTF}
    if (delivery and not instrument.is_cash) or (product is Product.NRML and instrument.is_cash):
        raise malformed("product", "it is not offered for this segment")


def _check_quantity(terms: Terms) -> None:
    if terms.quantity < 1:
        raise malformed("quantity", "it must be above zero")
    if terms.quantity % terms.instrument.lot:
        raise malformed("quantity", f"it must be a multiple of the lot size {terms.instrument.lot}")
    if terms.disclosed > terms.quantity or (terms.disclosed and not terms.instrument.is_cash):
        raise malformed("disclosed_quantity", "it must be within the quantity, and is for equity only")


def _check_prices(terms: Terms) -> None:
    for name, value, wanted in (
        ("price", terms.price, terms.type.has_limit),
        ("trigger_price", terms.trigger, terms.type.has_trigger),
    ):
        if wanted and value is None:
            raise malformed(name, "it is required for this order type")
        if not wanted and value is not None:
            raise malformed(name, "it must be zero for this order type")
        if value is not None and value % terms.instrument.tick:
            raise malformed(name, f"it must be a multiple of the tick size {terms.instrument.tick}")
    if terms.price and terms.trigger and (terms.price - terms.trigger) * terms.side.sign < 0:
        raise malformed("trigger_price", "the price must lie beyond it")


def _check_against(terms: Terms, last: Decimal) -> None:
    if terms.trigger is not None and (terms.trigger - last) * terms.side.sign < 0:
        side = "less" if terms.side is Side.BUY else "greater"
        # A text of the sibling platform's; that InvestRight refuses too is a guess.
        raise refused(f"Trigger price cannot be {side} than last trade price", status=400)
