"""The audit trail for as long as this process runs."""

from __future__ import annotations

from ordo.domain.audit import AuditEvent
from ordo.ports.audit import AuditLog


class MemoryAuditLog(AuditLog):
    """Keeps every event, in order, in `events`."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []

    def append(self, event: AuditEvent) -> None:
        self.events.append(event)

    def check(self) -> None:
        """Memory can always be written."""
