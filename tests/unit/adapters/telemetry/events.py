from __future__ import annotations

from datetime import UTC, datetime

from ordo.domain.accounts import Account
from ordo.domain.audit import AuditEvent, AuditKind


def event() -> AuditEvent:
    return AuditEvent(
        kind=AuditKind.ORDER_PLACED,
        at=datetime(2026, 11, 23, 4, 0, tzinfo=UTC),
        actor="owner",
        correlation_id="c-1",
        account=Account.parse("paper/DEMO"),
        order_id="373000000000001",
    )
