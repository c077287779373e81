"""The order book and the trade book."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from ordo_emulators.hdfc.answers import ok, order_not_found
from ordo_emulators.hdfc.desk import Call, Desk
from ordo_emulators.hdfc.login import ACCOUNT
from ordo_emulators.hdfc.settings import ReferenceMode
from ordo_emulators.hdfc.wording import PRODUCTS, RIGHTS, SIDES, STATES, TYPES, day_in_books, moment, reason
from ordo_emulators.instruments import Asset, Instrument
from ordo_emulators.orders import Order, Status, Trade
from ordo_emulators.server import Response

# `Equity Derivatives` and the letters `DNL` are samples'; the others are guesses.
_KINDS: Final = {
    None: ("Equity", "E"),
    Asset.STOCK: ("Equity Derivatives", "D"),
    Asset.INDEX: ("Equity Derivatives", "D"),
    Asset.CURRENCY: ("Currency Derivatives", "C"),
    Asset.COMMODITY: ("Commodity Derivatives", "M"),
}
_ONE_ORDER_ONLY: Final = {"instrumentToken": None, "orderTimestamp": None, "exchangeTimestamp": None}


def orders(desk: Desk, call: Call) -> Response:
    return ok([_row(desk, call, order) for order in desk.exchange.book(ACCOUNT)])


def one_order(desk: Desk, call: Call) -> Response:
    """Still a list."""
    return ok([_row(desk, call, _shown(desk, call))])


def trades(desk: Desk, _: Call) -> Response:
    rows = [row for order in desk.exchange.book(ACCOUNT) for row in _fills(desk, order)]
    return ok(sorted(rows, key=lambda row: str(row["trade_id"])))


def trades_of_one_order(desk: Desk, call: Call) -> Response:
    """The same figures under other names, and some that say nothing."""
    return ok([_renamed(row) for row in _fills(desk, _shown(desk, call))])


def _shown(desk: Desk, call: Call) -> Order:
    order = desk.exchange.find(call.params[0])
    if order is None or not desk.exchange.shows(order):
        raise order_not_found()
    return order


def _row(desk: Desk, call: Call, order: Order) -> dict[str, object]:
    terms, listed = order.terms, desk.codes.of(order.terms.instrument)
    kind, letter = _KINDS[terms.instrument.asset]
    status, message = _state(desk, order)
    ended_early = order.status in {Status.CANCELLED, Status.EXPIRED}
    return {
        "client_id": ACCOUNT,
        "order_id": order.id,
        "exchange_order_id": order.exchange_id,
        "status": status,
        "status_message": message,
        "status_message_raw": "",
        "order_timestamp": moment(order.received_at),
        "tradingsymbol": listed.security_id,
        "instrument_type": kind,
        "instrument_token": 0,
        "token_id": f"{listed.exchange}{letter}NL{terms.instrument.token}",
        "underlying_symbol": terms.instrument.symbol if listed.underlying else "",
        "transaction_type": SIDES[terms.side],
        "quantity": terms.quantity,
        "filled_quantity": order.filled,
        "pending_quantity": 0 if order.status.is_final else order.remaining,
        "cancelled_quantity": order.remaining if ended_early else 0,
        "disclosed_quantity": terms.disclosed,
        "price": terms.price or Decimal(0),
        "trigger_price": terms.trigger or Decimal(0),
        # In the documented samples it is zero on orders that are fully traded.
        "average_price": Decimal(0),
        "total_traded_value": order.value * terms.instrument.multiplier,
        "market_protection": 0,
        "order_subchannel": "C",
        "modification_allowed": "",
        "cancellation_allowed": "",
        "order_slot": "AMO" if terms.after_market else "Online",
        "good_till_date": "",
        "external_reference_number": _reference(desk, call, order),
        "modified": order.id in desk.modified,
        **_both(desk, order),
        "security_id": listed.security_id,
    }


def _state(desk: Desk, order: Order) -> tuple[str, str]:
    refused = desk.rejected_changes.get(order.id)
    if refused is not None and not order.status.is_final:
        return refused.status, refused.reason
    return STATES[order.status], reason(order.rejection)


def _reference(desk: Desk, call: Call, order: Order) -> str:
    """The caller's, or one of 20 characters that the broker made."""
    hidden = call.taken.no_tag_echo or not order.tag_echoed or desk.settings.reference_mode is ReferenceMode.STAPI
    if order.terms.tag and not hidden:
        return order.terms.tag
    return f"STAPI{order.received_at:%Y%m%d}{order.id[-7:]}"


def _fills(desk: Desk, order: Order) -> list[dict[str, object]]:
    filled, rows = 0, []
    for trade in order.trades:
        filled += trade.quantity
        rows.append(_fill(desk, order, trade, pending=order.terms.quantity - filled))
    return rows


def _fill(desk: Desk, order: Order, trade: Trade, *, pending: int) -> dict[str, object]:
    terms = order.terms
    return {
        "client_id": ACCOUNT,
        "trade_id": trade.id,
        "order_id": order.id,
        "exchange_order_id": order.exchange_id,
        "average_price": trade.price,
        "filled_quantity": trade.quantity,
        "pending_quantity": pending,
        "total_traded_value": trade.price * trade.quantity * terms.instrument.multiplier,
        # Upper case, where the order book writes `Buy`.
        "transaction_type": terms.side.value,
        "fill_timestamp": moment(trade.at),
        "underlying_symbol": terms.instrument.symbol if terms.instrument.expiry else "",
        "status": STATES[Status.FILLED],
        **_both(desk, order),
        # A display name, where the order book has the code.
        "security_id": terms.instrument.symbol,
    }


def _both(desk: Desk, order: Order) -> Mapping[str, object]:
    """What the order book and the trade book write alike."""
    terms, listed = order.terms, desk.codes.of(order.terms.instrument)
    instrument: Instrument = terms.instrument
    return {
        "exchange": listed.exchange,
        "instrument_segment": listed.segment,
        "company_name": instrument.symbol,
        "expiry_date": day_in_books(instrument.expiry),
        "strike_price": instrument.strike or Decimal(0),
        "option_type": RIGHTS.get(instrument.right or "", ""),
        "isin": instrument.isin,
        "order_type": TYPES[terms.type],
        "product": PRODUCTS[terms.product],
        "validity": terms.validity.value,
        "order_source": "C",
    }


def _renamed(row: Mapping[str, object]) -> dict[str, object]:
    camel = {name if name == "client_id" else _camel(name): value for name, value in row.items()}
    return {**camel, **_ONE_ORDER_ONLY, "validity": "1"}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
