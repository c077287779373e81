"""The words of the audit trail: one event for each point in the life of a session, an order or a switch."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ordo.domain.accounts import Account


class AuditKind(StrEnum):
    """What happened, in the words of the domain."""

    GATEWAY_STARTED = "gateway.started"
    GATEWAY_STOPPED = "gateway.stopped"
    SESSION_OPENED = "session.opened"
    SESSION_CLOSED = "session.closed"
    SESSION_SUSPECT = "session.suspect"
    SESSION_TRUSTED = "session.trusted"
    SESSION_NEEDED = "session.needed"
    LOGIN_REFUSED = "login.refused"
    ORDER_DENIED = "order.denied"
    ORDER_RECEIVED = "order.received"
    ORDER_SUBMITTED = "order.submitted"
    ORDER_PLACED = "order.placed"
    ORDER_REFUSED = "order.refused"
    ORDER_NOT_SENT = "order.not_sent"
    ORDER_UNKNOWN = "order.unknown"
    ORDER_REPLAYED = "order.replayed"
    ORDER_CHANGED = "order.changed"
    ORDER_MODIFY_SUBMITTED = "order.modify_submitted"
    ORDER_MODIFIED = "order.modified"
    ORDER_CANCEL_SUBMITTED = "order.cancel_submitted"
    ORDER_CANCELLED = "order.cancelled"
    ORDER_RECONCILED = "order.reconciled"
    ORDER_ANOMALY = "order.anomaly"
    ORDER_RESOLVED = "order.resolved"
    INSTRUMENTS_LOADED = "instruments.loaded"
    INSTRUMENTS_REFUSED = "instruments.refused"
    KILL_SWITCH_CHANGED = "kill_switch.changed"
    TOKEN_MADE = "token.made"  # noqa: S105  (a kind of event, not a token)
    TOKEN_REVOKED = "token.revoked"  # noqa: S105
    TOKEN_REFUSED = "token.refused"  # noqa: S105
    KEYS_ROTATED = "keys.rotated"
    AUDIT_RESUMED = "audit.resumed"

    @property
    def must_be_written(self) -> bool:
        """Whether nothing of this kind may happen that was not written down: what brings new risk. Everything else has
        happened already, or makes risk smaller.
        """
        return self in _MUST_BE_WRITTEN


_MUST_BE_WRITTEN = frozenset(
    {
        AuditKind.GATEWAY_STARTED,
        AuditKind.ORDER_RECEIVED,
        AuditKind.ORDER_SUBMITTED,
        AuditKind.ORDER_MODIFY_SUBMITTED,
        AuditKind.ORDER_RESOLVED,
        AuditKind.TOKEN_MADE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One line of the trail. `facts` are plain words and numbers as text; no secret belongs there."""

    kind: AuditKind
    at: datetime
    actor: str
    correlation_id: str
    account: Account | None = None
    order_id: str | None = None
    facts: dict[str, str] = field(default_factory=dict)
