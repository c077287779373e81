"""The kill switch, asked before an order is written down and again before it is sent."""

from __future__ import annotations

from ordo.application.context import Context
from ordo.application.trail import Trail
from ordo.domain.audit import AuditKind
from ordo.domain.errors import Unsupported
from ordo.domain.safety import KillState, KillSwitch
from ordo.ports.clock import Clock
from ordo.ports.safety import SafetyStore

_NEVER_SET = "never set"


class SafetyService:
    """Reads and sets the switch."""

    def __init__(self, store: SafetyStore, clock: Clock, trail: Trail) -> None:
        self._store = store
        self._clock = clock
        self._trail = trail
        self._started_at = clock.now()

    async def get(self) -> KillSwitch:
        """The switch as it stands; `ACTIVE` since the start where nobody ever set it."""
        return await self._store.get() or KillSwitch(
            state=KillState.ACTIVE, changed_by="gateway", changed_at=self._started_at, reason=_NEVER_SET
        )

    async def set(self, state: KillState, reason: str, context: Context | None = None) -> KillSwitch:
        """Set the switch. When this returns, no new order leaves any process that shares the store.

        Raises `Unsupported` for `REDUCE_ONLY`: which orders make a position smaller can't be told yet.
        """
        if state is KillState.REDUCE_ONLY:
            raise Unsupported(
                "The switch was not moved: Ordo can't tell yet which orders make a position smaller. Use HALTED, which"
                " lets cancellations through.",
                field="state",
                seen=state,
            )
        context = context or Context()
        switch = KillSwitch(state=state, changed_by=context.principal, changed_at=self._clock.now(), reason=reason)
        await self._store.save(switch)
        self._trail.write(
            AuditKind.KILL_SWITCH_CHANGED, context, facts={"state": switch.state, "reason": switch.reason}
        )
        return switch

    async def gate(self) -> None:
        """Raise `Invalid` (`KILL_SWITCH_ACTIVE`) unless new risk is allowed at this instant."""
        (await self.get()).refuse_new_risk()
