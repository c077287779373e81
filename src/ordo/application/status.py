"""How the gateway is: what an operator looks at first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ordo.application.master_sync import MasterStanding, MasterSync
from ordo.application.pacing import AccountBudget, Pacing
from ordo.application.safety import SafetyService
from ordo.application.sessions import SessionReport, SessionService
from ordo.domain.circuits import CircuitRecord
from ordo.domain.errors import OrdoError
from ordo.domain.orders import Order
from ordo.domain.safety import KillSwitch
from ordo.ports.circuits import Circuits
from ordo.ports.clock import Clock
from ordo.ports.idempotency import IdempotencyStore

Probe = Callable[[], Awaitable[object]]
"""Asks a store for anything; raises `Unavailable` when it does not serve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreReport:
    """Whether one store serves, and if not, why."""

    name: str
    ok: bool
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of everything that an order depends on. `unknown_orders` are those whose outcome nobody knows
    yet.
    """

    started_at: datetime
    now: datetime
    kill_switch: KillSwitch
    account_switches: tuple[KillSwitch, ...]
    sessions: tuple[SessionReport, ...]
    stores: tuple[StoreReport, ...]
    masters: tuple[MasterStanding, ...]
    unknown_orders: tuple[Order, ...]
    circuits: tuple[CircuitRecord, ...]
    budgets: tuple[AccountBudget, ...]


class StatusService:
    """Looks at the parts of the gateway."""

    def __init__(
        self,
        probes: Mapping[str, Probe],
        sessions: SessionService,
        safety: SafetyService,
        store: IdempotencyStore,
        clock: Clock,
        masters: MasterSync,
        circuits: Circuits,
        pacing: Pacing,
    ) -> None:
        self._probes = probes
        self._sessions = sessions
        self._safety = safety
        self._store = store
        self._clock = clock
        self._masters = masters
        self._circuits = circuits
        self._pacing = pacing
        self._started_at = clock.now()

    async def stores(self) -> tuple[StoreReport, ...]:
        """One report a store; never raises."""
        reports = []
        for name, probe in self._probes.items():
            try:
                await probe()
            except OrdoError as error:
                reports.append(StoreReport(name=name, ok=False, message=error.message))
            else:
                reports.append(StoreReport(name=name, ok=True))
        return tuple(reports)

    async def status(self) -> Status:
        """Everything; raises `Unavailable` when a store that it is read from does not serve."""
        return Status(
            started_at=self._started_at,
            now=self._clock.now(),
            kill_switch=await self._safety.get(),
            account_switches=await self._safety.accounts(),
            sessions=await self._sessions.all(),
            stores=await self.stores(),
            masters=self._masters.standings(),
            unknown_orders=tuple(intent.order for intent in await self._store.unsettled()),
            circuits=await self._circuits.standings(),
            budgets=await self._pacing.standings(),
        )
