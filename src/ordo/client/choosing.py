"""Which of a day's orders are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ordo.domain.orders import OrderStatus, Side
from ordo.schemas.v1.orders import Order


def chosen(
    status: str | Iterable[str] | None, instrument: str | None, side: str | None, *, ended: bool | None
) -> Callable[[Order], bool]:
    """Whether an order fits all that was given. Raises `ValueError` for a status or a side that there is none of: it
    would choose nothing, and nobody would notice.
    """
    statuses = None if status is None else _statuses(status)
    of_side = None if side is None else Side(side)

    def fits(order: Order) -> bool:
        return (
            (statuses is None or order.status in statuses)
            and (instrument is None or str(order.instrument) == instrument)
            and (of_side is None or order.side is of_side)
            and (ended is None or order.status.is_terminal is ended)
        )

    return fits


def _statuses(status: str | Iterable[str]) -> frozenset[OrderStatus]:
    return frozenset(OrderStatus(one) for one in ((status,) if isinstance(status, str) else status))
