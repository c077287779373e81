"""Leaving, converting and pricing positions.

`DELETE /positions` is the broker's most dangerous call: told nothing, it closes everything.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from ordo_emulators.accounts import Position, margin
from ordo_emulators.exchange import RiskRefused
from ordo_emulators.fyers.answers import Failure, invalid, ok
from ordo_emulators.fyers.books import position_id
from ordo_emulators.fyers.desk import Call, Desk
from ordo_emulators.fyers.login import ACCOUNT
from ordo_emulators.fyers.placing import algo_not_allowed
from ordo_emulators.fyers.symbols import CODES
from ordo_emulators.fyers.terms import PRODUCT_CODES, Fields, as_fields, choice, read_terms, whole
from ordo_emulators.fyers.wording import message, rejection_text
from ordo_emulators.orders import Order, OrderType, Product, Side, Terms

EXIT_TAG: Final = "ExitPosition"
"""The broker tags the orders that it makes itself; how it spells this one is a guess."""

_SOURCES: Final = {"INTRADAY": Product.MIS, "MARGIN": Product.NRML}
_TARGETS: Final = {**_SOURCES, "CNC": Product.CNC}
_FILTERS: Final = ("segment", "side", "productType")


def exit_positions(desk: Desk, call: Call) -> dict[str, object]:
    if not desk.settings.orders_allowed:
        raise algo_not_allowed()
    # No body, an empty object and an empty id are all "nothing given". The SDK turns an empty argument into
    # `exit_all`; that the server does so too is a guess, and the one that a client must survive.
    fields = as_fields(call.body) if call.body is not None else {}
    chosen = [position for position in _chosen(desk, fields) if position.net]
    if not chosen:
        raise Failure(-352, "Looks like you have no open positions.")
    if fields.get("pending_orders_cancel") == 1:
        for position in chosen:
            _cancel_opposite(desk, position)
    return _exited(fields, [_close(desk, position, fields) for position in chosen])


def _exited(fields: Fields, orders: Sequence[Order]) -> dict[str, object]:
    for order in orders:
        if order.rejection is not None:
            raise Failure(-99, message(order), order_id=order.id)
    if any(order.remaining for order in orders):
        return ok(201, "Exit order placed, not yet filled")
    if fields.get("id") and isinstance(fields["id"], str):
        return ok(1101, f"Position {fields['id']} is closed.")
    return ok(200, "The position is closed.")


def _chosen(desk: Desk, fields: Fields) -> list[Position]:
    every = list(desk.account.positions.values())
    ids = fields.get("id")
    if ids:
        wanted = [ids] if isinstance(ids, str) else ids
        if not isinstance(wanted, list):
            raise invalid("id must be a position's id, or a list of them")
        return [_position(desk, wanted_id) for wanted_id in wanted]
    if any(name in fields for name in _FILTERS):
        return [position for position in every if _matches(position, fields)]
    return every


def _position(desk: Desk, wanted: object) -> Position:
    for position in desk.account.positions.values():
        if position_id(desk, position) == wanted:
            return position
    raise Failure(-53, "Invalid position id")


def _matches(position: Position, fields: Fields) -> bool:
    segments, sides, products = (_list(fields, name) for name in _FILTERS)
    code = PRODUCT_CODES[position.product]
    side = 1 if position.net > 0 else -1
    return CODES[position.instrument.venue][1] in segments and side in sides and ("ALL" in products or code in products)


def _list(fields: Fields, name: str) -> Sequence[object]:
    value = fields.get(name)
    if not isinstance(value, list) or not value:
        raise invalid(f"{name} is required")
    return value


def _cancel_opposite(desk: Desk, position: Position) -> None:
    closing = _closing_side(position)
    for order in desk.exchange.working(position.instrument):
        if order.terms.side is closing and order.terms.product is position.product:
            desk.exchange.cancel(order)


def _close(desk: Desk, position: Position, fields: Fields) -> Order:
    terms = Terms(
        instrument=position.instrument,
        side=_closing_side(position),
        quantity=abs(position.net),
        type=OrderType.MARKET,
        product=position.product,
    )
    order = desk.exchange.place(ACCOUNT, terms, request=dict(fields))
    desk.own_tags[order.id] = EXIT_TAG
    return order


def _closing_side(position: Position) -> Side:
    return Side.SELL if position.net > 0 else Side.BUY


def convert(desk: Desk, call: Call) -> dict[str, object]:
    """`symbol` is the position's id by the reference, the plain ticker by the SDK: both are taken."""
    fields = as_fields(call.body)
    source, target = choice(fields, "convertFrom", _SOURCES), choice(fields, "convertTo", _TARGETS)
    choice(fields, "overnight", {0: "no", 1: "yes"})
    quantity = whole(fields, "convertQty")
    suffix = f"-{PRODUCT_CODES[source]}"
    position = _position(desk, str(fields.get("symbol", "")).removesuffix(suffix) + suffix)
    side = 1 if position.net > 0 else -1
    if fields.get("positionSide") != side or not 0 < quantity <= abs(position.net):
        raise invalid("positionSide and convertQty must be within the open position")
    misplaced = (target is Product.NRML and position.instrument.is_cash) or (
        target is Product.CNC and (side < 0 or not position.instrument.is_cash)
    )
    if misplaced or target is source:
        raise invalid(f"convertTo {PRODUCT_CODES[target]} is not allowed for this position")
    try:
        desk.exchange.convert(ACCOUNT, position, quantity, target)
    except RiskRefused as refusal:
        raise Failure(-99, rejection_text(refusal.rejection, position.instrument)) from None
    return ok(200, "Position Converted Successfully!!", positionDetails=1101)


def multiorder_margin(desk: Desk, call: Call) -> dict[str, object]:
    """Without the benefit of hedges: every leg by itself."""
    legs = [_leg(desk, leg) for leg in _legs(call)]
    alone = [margin(t.instrument, t.product, t.side, t.quantity, _reference(desk, t)) for t in legs]
    together = sum((desk.exchange.margin_for(ACCOUNT, terms) for terms in legs), Decimal(0))
    return ok(
        data={
            "margin_avail": desk.account.available,
            "margin_total": sum(alone, Decimal(0)),
            "margin_new_order": desk.account.used + together,
        }
    )


def span_margin(desk: Desk, call: Call) -> dict[str, object]:
    """The legacy endpoint. How it splits a margin into span and exposure is invented: four to one."""
    individual: dict[str, object] = {}
    total = Decimal(0)
    for number, raw in enumerate(_legs(call)):
        if str(as_fields(raw).get("symbol")) not in desk.symbols.by_ticker:
            raise Failure(-310, "Please provide valid symbols")
        terms = _leg(desk, raw)
        needed = margin(terms.instrument, terms.product, terms.side, terms.quantity, _reference(desk, terms))
        individual[str(number)] = {
            "ltp_info": desk.exchange.price(terms.instrument),
            "span": needed * 4 / 5,
            "expo": needed / 5,
            "total": needed,
        }
        total += needed
    data = {"span": total * 4 / 5, "expo": total / 5, "total": total, "benefit": 0}
    return ok(latency="", data=data, individual_info=individual)


def _legs(call: Call) -> list[object]:
    body = call.body
    legs = body.get("data") if isinstance(body, Mapping) else None
    if not isinstance(legs, list) or not legs:
        raise invalid("Invalid input")
    return legs


def _leg(desk: Desk, raw: object) -> Terms:
    """A leg has an order's fields, less those that don't matter for a margin."""
    fields = {"limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": False}
    return read_terms(desk, {**fields, **as_fields(raw)})


def _reference(desk: Desk, terms: Terms) -> Decimal:
    return terms.price or terms.trigger or desk.exchange.price(terms.instrument)
