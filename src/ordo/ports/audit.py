"""Where the audit trail is written."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from ordo.domain.audit import AuditEvent


class AuditLog(Protocol):
    """An append-only trail. Lines keep the order of the calls. Failure: `Unavailable` (`STORE_UNAVAILABLE`)."""

    @abstractmethod
    def append(self, event: AuditEvent) -> None:
        """Write one event; when it returns, the operating system has it."""

    @abstractmethod
    def check(self) -> None:
        """Raise `Unavailable` (`STORE_UNAVAILABLE`) where the next `append` is bound to fail."""
