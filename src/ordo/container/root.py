"""The composition root. Replace a port with `container.<provider>.override(...)` before the first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from dependency_injector import containers, providers

from ordo.adapters.calendar.files import FileMarketCalendar
from ordo.adapters.sealing import Sealer
from ordo.adapters.sql.database import Database
from ordo.adapters.telemetry.metered import MeteredAuditLog, MeteredBroker
from ordo.adapters.telemetry.tracing import Traces
from ordo.application.brokers import Brokers
from ordo.application.gateway import Gateway
from ordo.application.hours import CalendarWatch
from ordo.application.housekeeping import Housekeeping
from ordo.application.keys import KeyService
from ordo.application.master_sync import MasterSync
from ordo.application.measures import Measures
from ordo.application.once import Once
from ordo.application.reconcile import Reconciler
from ordo.application.session_guard import SessionGuard
from ordo.application.status import Probe
from ordo.application.tokens import TokenService
from ordo.application.trail import Trail
from ordo.container.brokers import BrokerLines, Wire
from ordo.container.guards import circuits
from ordo.container.masters import Masters
from ordo.container.services import Services
from ordo.container.shared import Shared
from ordo.container.stores import Stores
from ordo.container.support import Support
from ordo.ports.audit import AuditLog
from ordo.ports.budget import OrderBudget
from ordo.ports.cache import PortfolioCache
from ordo.ports.circuits import CircuitStates
from ordo.ports.clock import Clock
from ordo.ports.idempotency import IdempotencyStore
from ordo.ports.instruments import InstrumentStore
from ordo.ports.journal import Journal
from ordo.ports.leases import Leases
from ordo.ports.logins import LoginNotes
from ordo.ports.market_calendar import MarketCalendar
from ordo.ports.masters import MasterSource
from ordo.ports.meter import Meter
from ordo.ports.owners import Owners
from ordo.ports.prices import PriceSource
from ordo.ports.safety import SafetyStore
from ordo.ports.sealed import SealedRows
from ordo.ports.sessions import SessionStore
from ordo.ports.tokens import TokenStore
from ordo.schemas.config.settings import Settings

if TYPE_CHECKING:
    from ordo.adapters.redis.server import RedisServer


def _probes(store: SafetyStore, redis: RedisServer | None, audit: AuditLog) -> Mapping[str, Probe]:
    async def trail() -> None:
        audit.check()

    probes: dict[str, Probe] = {"database": store.all, "audit": trail}
    return probes if redis is None else probes | {"redis": redis.ping}


def _metered(brokers: Brokers, meter: Meter) -> Brokers:
    """The same lines; the calls of each are timed."""
    return Brokers(
        tuple(replace(line, broker=MeteredBroker(line.adapter_id, line.broker, meter)) for line in brokers.lines)
    )


def _calendar(settings: Settings) -> MarketCalendar:
    # `provided.calendar.override` would be the method by which a provider is replaced.
    return FileMarketCalendar(settings.calendar.override)


class Container(containers.DeclarativeContainer):
    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)

    support = providers.Container(Support, settings=settings)
    clock: providers.Provider[Clock] = support.clock
    random: providers.Provider[Random] = support.random
    owner: providers.Provider[str] = support.owner
    owners: providers.Provider[Owners] = support.owners
    meter: providers.Provider[Meter] = support.meter
    traces: providers.Provider[Traces] = support.traces
    audit: providers.Provider[AuditLog] = support.audit
    trail_log: providers.Provider[AuditLog] = providers.Singleton(MeteredAuditLog, audit, meter)
    sealer: providers.Provider[Sealer] = support.sealer
    database: providers.Provider[Database] = support.database

    shared = providers.Container(Shared, settings=settings, database=database, sealer=sealer, clock=clock)
    redis: providers.Provider[RedisServer | None] = shared.redis
    leases: providers.Provider[Leases] = shared.leases
    budget: providers.Provider[OrderBudget] = shared.budget
    spare_budget: providers.Provider[OrderBudget | None] = shared.spare_budget
    cache: providers.Provider[PortfolioCache] = shared.cache
    login_notes: providers.Provider[LoginNotes] = shared.logins
    circuit_states: providers.Provider[CircuitStates] = shared.circuit_states

    stores = providers.Container(Stores, settings=settings, database=database, redis=redis, sealer=sealer, clock=clock)
    session_store: providers.Provider[SessionStore] = stores.sessions
    idempotency_store: providers.Provider[IdempotencyStore] = stores.idempotency
    safety_store: providers.Provider[SafetyStore] = stores.safety
    sealed_rows: providers.Provider[SealedRows] = stores.sealed
    token_store: providers.Provider[TokenStore] = stores.tokens
    journal: providers.Provider[Journal] = stores.journal
    instruments: providers.Provider[InstrumentStore] = stores.instruments

    masters = providers.Container(Masters, settings=settings, clock=clock)
    master_sources: providers.Provider[tuple[MasterSource, ...]] = masters.sources

    calendar: providers.Provider[MarketCalendar] = providers.Singleton(_calendar, settings)

    lines = providers.Container(
        BrokerLines, settings=settings, journal=journal, instruments=instruments, notes=login_notes, clock=clock
    )
    broker_wire: providers.Provider[Wire] = lines.broker_wire
    prices: providers.Provider[Callable[[str], PriceSource]] = lines.prices
    brokers: providers.Provider[Brokers] = providers.Singleton(_metered, lines.brokers, meter)

    services = providers.Container(
        Services,
        settings=settings,
        clock=clock,
        random=random,
        owner=owner,
        owners=owners,
        leases=leases,
        audit=trail_log,
        brokers=brokers,
        session_store=session_store,
        login_notes=login_notes,
        idempotency_store=idempotency_store,
        safety_store=safety_store,
        budget=budget,
        spare_budget=spare_budget,
        cache=cache,
        circuits=providers.Singleton(circuits, circuit_states, clock, settings),
        instruments=instruments,
        sources=master_sources,
        calendar=calendar,
        probes=providers.Callable(_probes, safety_store, redis, audit),
    )
    trail: providers.Provider[Trail] = services.trail
    once: providers.Provider[Once] = services.once
    reconciler: providers.Provider[Reconciler] = services.reconciler
    housekeeping: providers.Provider[Housekeeping] = services.housekeeping
    session_guard: providers.Provider[SessionGuard] = services.session_guard
    calendar_watch: providers.Provider[CalendarWatch] = services.calendar_watch
    master_sync: providers.Provider[MasterSync] = services.masters
    tokens: providers.Provider[TokenService] = providers.Singleton(TokenService, token_store, brokers, clock, trail)
    keys: providers.Provider[KeyService] = providers.Singleton(KeyService, sealed_rows, clock, trail)
    measures: providers.Provider[Measures] = providers.Singleton(Measures, services.status, trail, meter)
    gateway: providers.Provider[Gateway] = services.gateway


def container_for(settings: Settings) -> Container:
    """A container of its own for these settings; nothing is opened yet."""
    return Container(settings=providers.Object(settings))
