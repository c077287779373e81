"""Writes the audit trail for the use cases, stamping each event with the time and the caller."""

from __future__ import annotations

import logging
from contextlib import suppress

from ordo.application.context import Context
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditEvent, AuditKind
from ordo.domain.book import BrokerOrder
from ordo.domain.errors import OrdoError, Unavailable
from ordo.domain.orders import Order
from ordo.ports.audit import AuditLog
from ordo.ports.clock import Clock

_log = logging.getLogger(__name__)


class Trail:
    """The one place that makes audit events.

    Without its line, nothing that brings new risk happens: then `Unavailable` is raised. What makes risk smaller, and
    what has happened already, goes on without it; the log is told, and the first line that can be written again says
    how many are missing before it.
    """

    def __init__(self, log: AuditLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._unwritten = 0

    def write(
        self,
        kind: AuditKind,
        context: Context,
        *,
        account: Account | None = None,
        order_id: str | None = None,
        facts: dict[str, str] | None = None,
    ) -> None:
        event = AuditEvent(
            kind=kind,
            at=self._clock.now(),
            actor=context.principal,
            correlation_id=context.correlation_id,
            account=account,
            order_id=order_id,
            facts=facts or {},
        )
        try:
            if self._unwritten:
                self._resume(context)
            self._log.append(event)
        except Unavailable as error:
            if kind.must_be_written:
                raise
            self._unwritten += 1
            _log.error("%s of request %s is not in the audit trail: %s", kind, context.correlation_id, error)

    @property
    def unwritten(self) -> int:
        """Events that are missing from the trail, and of which no line has told yet."""
        return self._unwritten

    def told(self, kind: AuditKind, context: Context, order: Order, error: OrdoError | None = None) -> None:
        """Like `order`, for what has already happened: a trail that can't be written does not change it."""
        try:
            self.order(kind, context, order, error)
        except Unavailable:
            return

    def _resume(self, context: Context) -> None:
        """Say how many lines are missing, before the first that is there again."""
        self._log.append(
            AuditEvent(
                kind=AuditKind.AUDIT_RESUMED,
                at=self._clock.now(),
                actor=context.principal,
                correlation_id=context.correlation_id,
                facts={"unwritten": str(self._unwritten)},
            )
        )
        self._unwritten = 0

    def order(self, kind: AuditKind, context: Context, order: Order, error: OrdoError | None = None) -> None:
        """One point in the life of an order, with where it stands and, if something failed, why."""
        facts = _standing(order)
        if kind is AuditKind.ORDER_ANOMALY:
            strange = [step.message or "" for step in order.history if step.anomaly]
            if strange:
                facts["anomaly"] = strange[-1]
        if error is not None:
            facts |= {"error_code": error.code, "message": error.message}
            if error.native_error is not None:
                facts["native_error"] = error.native_error
        self.write(kind, context, account=order.account, order_id=order.order_id, facts=facts)

    def resolved(self, context: Context, order: Order, words: dict[str, str]) -> None:
        """What an operator says of an order whose outcome the book does not show. Raises `Unavailable`."""
        facts = {"instrument": str(order.instrument), "side": order.side, "quantity": str(order.quantity)}
        self.write(
            AuditKind.ORDER_RESOLVED, context, account=order.account, order_id=order.order_id, facts=facts | words
        )

    def unexplained(self, context: Context, account: Account, row: BrokerOrder, why: str) -> None:
        """A row of the broker's book that no order of this gateway explains."""
        facts = {
            "anomaly": why,
            "broker_order_id": row.broker_order_id,
            "instrument": str(row.instrument),
            "side": row.side,
            "quantity": str(row.quantity),
            "raw_status": row.raw_status,
        }
        with suppress(Unavailable):
            self.write(AuditKind.ORDER_ANOMALY, context, account=account, facts=facts)


def _standing(order: Order) -> dict[str, str]:
    """What an order asks for and where it stands, in words; what there is none of is left out."""
    facts = {
        "instrument": str(order.instrument),
        "side": order.side,
        "quantity": str(order.quantity),
        "order_type": order.order_type,
        "product": order.product,
        "status": order.status,
        "filled_quantity": str(order.filled_quantity),
    }
    if order.price is not None:
        facts["price"] = str(order.price)
    if order.trigger_price is not None:
        facts["trigger_price"] = str(order.trigger_price)
    if order.average_price is not None:
        facts["average_price"] = str(order.average_price)
    if order.broker_order_id is not None:
        facts["broker_order_id"] = order.broker_order_id
    if order.pending_op is not None:
        facts["pending_op"] = order.pending_op
    return facts
