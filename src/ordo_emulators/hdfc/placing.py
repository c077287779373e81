"""Place, modify and cancel. A success says that the order system took the request, never what the exchange thinks."""

from typing import Final

from ordo_emulators.exchange import RiskRefused
from ordo_emulators.hdfc.answers import malformed, ok, order_not_found, refused
from ordo_emulators.hdfc.desk import Call, Desk, RejectedChange
from ordo_emulators.hdfc.login import ACCOUNT
from ordo_emulators.hdfc.settings import Changes
from ordo_emulators.hdfc.terms import changed_terms, read_terms
from ordo_emulators.hdfc.wording import reason
from ordo_emulators.orders import Order
from ordo_emulators.server import Response

_MODIFY_REJECTED: Final = "Modify Rejected"
_CANCEL_REJECTED: Final = "Cancel Rejected"


def place(desk: Desk, call: Call) -> Response:
    """What the risk system or the exchange rejects is a success here too, and is seen only in the book."""
    if not isinstance(call.body, dict):
        raise malformed("body", "a JSON object is required")
    order = desk.exchange.place(
        ACCOUNT,
        read_terms(desk, call.fields),
        request=dict(call.fields),
        late=call.taken.late_in_book,
        echo_tag=not call.taken.no_tag_echo,
    )
    return ok({"order_id": order.id})


def modify(desk: Desk, call: Call) -> Response:
    order = _pending(desk, call)
    terms = changed_terms(desk, order, call.fields)
    _forget(desk, order)
    if desk.settings.changes is Changes.REJECTED:
        _reject(desk, order, _MODIFY_REJECTED, "Order cannot be modified")
    else:
        try:
            desk.exchange.modify(order, terms)
        except RiskRefused as refusal:
            _reject(desk, order, _MODIFY_REJECTED, reason(refusal.rejection))
        else:
            desk.modified.add(order.id)
    # As in the documented sample, another id than the path's; a client must trust its own.
    return ok({"order_id": f"{order.id}9"})


def cancel(desk: Desk, call: Call) -> Response:
    order = _pending(desk, call)
    _forget(desk, order)
    if desk.settings.changes is Changes.REJECTED:
        _reject(desk, order, _CANCEL_REJECTED, "Order cannot be cancelled")
    else:
        desk.exchange.cancel(order)
    return ok({"order_id": order.id})


def _pending(desk: Desk, call: Call) -> Order:
    order = desk.exchange.find(call.params[0])
    if order is None:
        raise order_not_found()
    if order.status.is_final:
        raise refused("Order cannot be modified or cancelled: it is not pending")
    return order


def _reject(desk: Desk, order: Order, status: str, why: str) -> None:
    desk.rejected_changes[order.id] = RejectedChange(status, why)


def _forget(desk: Desk, order: Order) -> None:
    desk.rejected_changes.pop(order.id, None)
