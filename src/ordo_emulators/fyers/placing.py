"""Place, modify and cancel: alone, in baskets of up to ten, and through the asynchronous family."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ordo_emulators.exchange import NotPending, RiskRefused
from ordo_emulators.fyers.answers import Failure, invalid, ok
from ordo_emulators.fyers.desk import Call, Desk, Endpoint, fyers_uuid
from ordo_emulators.fyers.login import ACCOUNT, APP_ID
from ordo_emulators.fyers.settings import Rejections
from ordo_emulators.fyers.terms import (
    PRODUCT_CODES,
    TYPE_CODES,
    TYPES,
    Fields,
    as_fields,
    choice,
    is_sliceable,
    read_terms,
)
from ordo_emulators.fyers.wording import message, rejection_text
from ordo_emulators.orders import Order, Status, Terms

BASKET: Final = 10
_MOST_SLICES: Final = 10

Act = Callable[[Desk, Call, Fields], list[Order]]
"""Does what was asked with one set of fields, and returns the orders that it concerned."""

One = Callable[[Desk, Call, Fields], dict[str, object]]
"""The same, with the answer's body."""


def _place(desk: Desk, call: Call, fields: Fields) -> list[Order]:
    terms = read_terms(desk, fields)
    sizes = [terms.quantity]
    if fields.get("isSliceOrder") is True and 0 < terms.instrument.freeze < terms.quantity:
        sizes = _slices(terms)
        desk.limiter.count(desk.exchange.clock(), len(sizes) - 1)
    return [_accept(desk, call, fields, replace(terms, quantity=size)) for size in sizes]


def _modify(desk: Desk, _: Call, fields: Fields) -> list[Order]:
    order = _order(desk, fields)
    if order.status.is_final:
        raise _not_pending(order)
    terms = _changed(desk, order, fields)
    try:
        desk.exchange.modify(order, terms)
    except RiskRefused as refusal:
        text = rejection_text(refusal.rejection, terms.instrument)
        raise Failure(-99, text, order_id=order.id) from None
    return [order]


def _cancel(desk: Desk, _: Call, fields: Fields) -> list[Order]:
    order = _order(desk, fields)
    try:
        desk.exchange.cancel(order)
    except NotPending:
        raise _not_pending(order) from None
    return [order]


def place(desk: Desk, call: Call, fields: Fields) -> dict[str, object]:
    orders = _place(desk, call, fields)
    if len(orders) > 1:
        # Alone among the answers this one has no `s`.
        slices = [_slice(order) for order in orders]
        return {"code": 1101, "message": "Order Slice placed successfully", "data": slices}
    order = orders[0]
    if order.status is Status.REJECTED and desk.settings.rejections is Rejections.ANSWER:
        raise Failure(-99, message(order), order_id=order.id)
    if desk.settings.unconfirmed:
        return ok(201, "Order submitted, acknowledgement awaited", id=order.id)
    return ok(1101, f"Order submitted successfully. Your Order Ref. No.{order.id}", id=order.id)


def modify(desk: Desk, call: Call, fields: Fields) -> dict[str, object]:
    # The reference's sample shows 1101, later material 1102.
    return ok(1102, "Successfully modified order", id=_modify(desk, call, fields)[0].id)


def cancel(desk: Desk, call: Call, fields: Fields) -> dict[str, object]:
    return ok(1103, "Successfully cancelled order", id=_cancel(desk, call, fields)[0].id)


def _queued(act: Act) -> One:
    """The asynchronous form: the answer has no id, and no word about what the risk system thinks."""

    def one(desk: Desk, call: Call, fields: Fields) -> dict[str, object]:
        return ok(1101, "Order queued successfully.", id_fyers=fyers_uuid(act(desk, call, fields)[0]))

    return one


queued_place, queued_modify, queued_cancel = _queued(_place), _queued(_modify), _queued(_cancel)


def single(one: One) -> Endpoint:
    """An endpoint whose body is one object; in `/orders/{id}/sync` the id stands in the path."""

    def endpoint(desk: Desk, call: Call) -> dict[str, object]:
        _check_allowed(desk)
        return one(desk, call, as_fields({"id": call.params[0]} if call.params else call.body))

    return endpoint


def basket(one: One) -> Endpoint:
    """An endpoint whose body is an array. Its own `ok` says nothing about the items."""

    def endpoint(desk: Desk, call: Call) -> dict[str, object]:
        _check_allowed(desk)
        items = call.body
        if not isinstance(items, list) or not 1 <= len(items) <= BASKET:
            raise invalid(f"the body must be a list of 1 to {BASKET} orders")
        return ok(data=[_item(one, desk, call, item) for item in items])

    return endpoint


def _item(one: One, desk: Desk, call: Call, item: object) -> dict[str, object]:
    try:
        body, status, words = one(desk, call, as_fields(item)), 200, "OK"
    except Failure as failure:
        # How an item fails inside a basket is not recorded.
        body, status, words = failure.body(), failure.status, "Bad Request"
    return {"statusCode": status, "body": body, "statusDescription": words}


def _accept(desk: Desk, call: Call, fields: Fields, terms: Terms) -> Order:
    return desk.exchange.place(
        ACCOUNT,
        terms,
        request=dict(fields),
        late=call.taken.late_in_book,
        echo_tag=not call.taken.no_tag_echo,
    )


def _slices(terms: Terms) -> list[int]:
    lot = terms.instrument.lot
    largest = terms.instrument.freeze // lot * lot
    full, rest = divmod(terms.quantity, largest)
    sizes = [largest] * full + [rest] * bool(rest)
    if len(sizes) > _MOST_SLICES or not is_sliceable(terms.instrument):
        raise invalid("Quantity exceeds the allowable freeze limit.")
    return sizes


def _slice(order: Order) -> dict[str, object]:
    if order.status is Status.REJECTED:
        body = Failure(-99, message(order), order_id=order.id).body()
        return {"statusCode": 400, "statusDescription": "Bad Request", "body": body}
    body = ok(1101, "Successfully placed order", id=order.id)
    return {"statusCode": 200, "statusDescription": "OK", "body": body}


def _changed(desk: Desk, order: Order, fields: Fields) -> Terms:
    """The order's terms with what was sent in them. What is left out keeps its value, where the new type has it."""
    terms = order.terms
    new_type = choice(fields, "type", TYPES)
    kept: dict[str, object] = {
        "qty": terms.quantity,
        "limitPrice": terms.price if terms.price and new_type.has_limit else 0,
        "stopPrice": terms.trigger if terms.trigger and new_type.has_trigger else 0,
        "disclosedQty": terms.disclosed,
    }
    sent = {name: fields[name] for name in (*kept, "takeProfit", "stopLoss") if fields.get(name) is not None}
    changed = read_terms(
        desk,
        {
            "symbol": desk.ticker(terms.instrument),
            "side": terms.side.sign,
            "type": TYPE_CODES[new_type],
            "productType": PRODUCT_CODES[terms.product],
            "validity": terms.validity.value,
            "offlineOrder": terms.after_market,
            **kept,
            **sent,
        },
    )
    if changed.quantity <= order.filled:
        raise invalid("qty must be above the filled quantity")
    return replace(changed, tag=terms.tag)


def _order(desk: Desk, fields: Fields) -> Order:
    order = desk.exchange.find(str(fields.get("id", "")))
    if order is None:
        raise Failure(-51, "Invalid order id")
    return order


def _not_pending(order: Order) -> Failure:
    return Failure(-52, "Not a pending order", order_id=order.id)


def _check_allowed(desk: Desk) -> None:
    if not desk.settings.orders_allowed:
        raise algo_not_allowed()


def algo_not_allowed(app_id: str = APP_ID) -> Failure:
    """Old app, missing permission, address not registered, wrong app id in the header: one text for four causes."""
    return invalid(f"Request rejected: Order placement restricted. Algo orders are not allowed from this app {app_id}")
