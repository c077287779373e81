"""The kill switch: the state that stands above every order, of the gateway and of each account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Invalid


class KillState(StrEnum):
    """`REDUCE_ONLY` lets through only orders that make a position smaller; `HALTED` only cancellations."""

    ACTIVE = "ACTIVE"
    REDUCE_ONLY = "REDUCE_ONLY"
    HALTED = "HALTED"

    @property
    def rank(self) -> int:
        """0 for the state that forbids nothing; the more it forbids, the higher."""
        return _RANKS[self]


_RANKS = {state: rank for rank, state in enumerate(KillState)}


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitch:
    """A switch as it stands, with who set it, when and why: that of one account, or (`None`) of the gateway."""

    state: KillState
    changed_by: str
    changed_at: datetime
    reason: str
    account: Account | None = None

    def refusal(self, why: str | None = None) -> Invalid:
        """What a new order or modification is told that this switch does not let through."""
        whose = "" if self.account is None else f" for {self.account}"
        rule = {
            KillState.ACTIVE: "",
            KillState.REDUCE_ONLY: " Orders that make a position smaller pass, and cancellations.",
            KillState.HALTED: " Cancellations still pass.",
        }[self.state]
        return Invalid(
            ErrorCode.KILL_SWITCH_ACTIVE,
            f"The order was not sent: trading is {self.state}{whose} since {self.changed_at.isoformat()}, set by"
            f" {self.changed_by} ({self.reason}).{'' if why is None else f' {why}'}{rule} Resume trading with"
            " `ordo resume` or PUT /api/v1/kill-switch to send orders.",
        )


def strictest(switches: Iterable[KillSwitch]) -> KillSwitch:
    """The switch that forbids most; of equals, the first."""
    return max(switches, key=lambda switch: switch.state.rank)
