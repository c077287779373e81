"""The kill switch: one state that stands above every order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ordo.domain.errors import ErrorCode, Invalid


class KillState(StrEnum):
    """`REDUCE_ONLY` lets through only orders that make a position smaller; `HALTED` only cancellations."""

    ACTIVE = "ACTIVE"
    REDUCE_ONLY = "REDUCE_ONLY"
    HALTED = "HALTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitch:
    """The switch as it stands, with who set it, when and why."""

    state: KillState
    changed_by: str
    changed_at: datetime
    reason: str

    def refuse_new_risk(self) -> None:
        """Raise `Invalid` (`KILL_SWITCH_ACTIVE`) unless new orders and modifications are allowed."""
        if self.state is not KillState.ACTIVE:
            raise Invalid(
                ErrorCode.KILL_SWITCH_ACTIVE,
                f"The order was not sent: trading is {self.state} since {self.changed_at.isoformat()}, set by"
                f" {self.changed_by} ({self.reason}). Cancellations still pass; resume trading to send orders.",
            )
