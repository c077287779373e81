"""How the gateway stands at this moment, in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ordo.application.context import Context
from ordo.application.status import Status, StatusService
from ordo.application.trail import Trail
from ordo.domain.circuits import CircuitState
from ordo.domain.safety import KillState
from ordo.domain.sessions import SessionState
from ordo.ports.meter import Gauge, Meter


class Measures:
    """Everything that is measured, for a caller: of sessions and orders, only what the caller may see."""

    def __init__(self, status: StatusService, trail: Trail, meter: Meter) -> None:
        self._status = status
        self._trail = trail
        self._meter = meter

    async def exposition(self, context: Context) -> bytes:
        """In Prometheus's text format; raises `Unavailable` when a store does not serve."""
        status = await self._status.status()
        return self._meter.exposition((*_gateway(status, self._trail.unwritten), *_accounts(status, context)))


def _gateway(status: Status, unwritten: int) -> Iterator[Gauge]:
    for store in status.stores:
        yield Gauge(
            name="ordo_store_up",
            meaning="1 where a store serves, else 0.",
            value=float(store.ok),
            labels=(("store", store.name),),
        )
    for state in KillState:
        yield Gauge(
            name="ordo_kill_switch",
            meaning="1 for the state that the kill switch is in.",
            value=float(status.kill_switch.state is state),
            labels=(("state", state),),
        )
    for record in status.circuits:
        yield Gauge(
            name="ordo_circuit_open",
            meaning="1 while calls of a kind are refused here, for their broker does not serve; else 0.",
            value=float(record.state is not CircuitState.CLOSED),
            labels=(("adapter", record.circuit.adapter_id), ("kind", record.circuit.kind)),
        )
    yield Gauge(
        name="ordo_audit_unwritten_events",
        meaning="Events that this process could not write into the audit trail, and that no line has told of yet.",
        value=unwritten,
    )
    yield Gauge(
        name="ordo_start_time_seconds", meaning="When this process began to serve.", value=status.started_at.timestamp()
    )


def _accounts(status: Status, context: Context) -> Iterator[Gauge]:
    unknown: dict[str, list[datetime]] = {}
    for order in status.unknown_orders:
        if context.covers(order.account):
            unknown.setdefault(order.account.adapter_id, []).append(order.created_at)
    for adapter, times in unknown.items():
        labels = (("adapter", adapter),)
        yield Gauge(
            name="ordo_unknown_orders",
            meaning="Orders whose outcome nobody knows yet; none where there is none.",
            value=len(times),
            labels=labels,
        )
        yield Gauge(
            name="ordo_unknown_order_age_seconds",
            meaning="How long the oldest of them has been unknown.",
            value=(status.now - min(times)).total_seconds(),
            labels=labels,
        )
    for budget in status.budgets:
        if context.covers(budget.account):
            yield Gauge(
                name="ordo_orders_last_minute",
                meaning="Calls of the order budget that an account has spent in the last minute.",
                value=budget.standing.orders_last_minute,
                labels=(("account", str(budget.account)),),
            )
            yield Gauge(
                name="ordo_budget_stopped",
                meaning="1 where a broker's refusals have used up an account's day, else 0.",
                value=float(budget.stopped),
                labels=(("account", str(budget.account)),),
            )
    for session in status.sessions:
        if context.covers(session.account) and session.expires_at is not None:
            active = session.state is SessionState.ACTIVE
            left = (session.expires_at - status.now).total_seconds() if active else 0.0
            yield Gauge(
                name="ordo_session_seconds_left",
                meaning="How long the session of an account still holds; 0 where somebody must log in.",
                value=left,
                labels=(("account", str(session.account)),),
            )
