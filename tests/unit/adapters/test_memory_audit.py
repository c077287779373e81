from __future__ import annotations

from datetime import UTC, datetime

from ordo.adapters.memory.audit import MemoryAuditLog
from ordo.domain.audit import AuditEvent, AuditKind


def test_every_event_is_kept_in_the_order_of_the_calls() -> None:
    log = MemoryAuditLog()
    events = [
        AuditEvent(kind=kind, at=datetime(2026, 11, 23, tzinfo=UTC), actor="tester", correlation_id="c")
        for kind in AuditKind
    ]
    for event in events:
        log.append(event)
    assert log.events == events
