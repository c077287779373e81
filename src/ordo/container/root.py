"""The composition root. Replace a port with `container.<provider>.override(...)` before the first use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

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
from ordo.application.status import Probe
from ordo.application.tokens import TokenService
from ordo.application.trail import Trail
from ordo.container.brokers import BrokerLines
from ordo.container.masters import Masters
from ordo.container.services import Services
from ordo.container.stores import Stores
from ordo.container.support import Support
from ordo.ports.audit import AuditLog
from ordo.ports.clock import Clock
from ordo.ports.idempotency import IdempotencyStore
from ordo.ports.instruments import InstrumentStore
from ordo.ports.journal import Journal
from ordo.ports.market_calendar import MarketCalendar
from ordo.ports.masters import MasterSource
from ordo.ports.meter import Meter
from ordo.ports.owners import Owners
from ordo.ports.safety import SafetyStore
from ordo.ports.sealed import SealedRows
from ordo.ports.sessions import SessionStore
from ordo.ports.tokens import TokenStore
from ordo.schemas.config.settings import Settings


def _probes(store: SafetyStore, audit: AuditLog) -> Mapping[str, Probe]:
    async def trail() -> None:
        audit.check()

    return {"database": store.get, "audit": trail}


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

    stores = providers.Container(Stores, settings=settings, sealer=sealer, clock=clock)
    database: providers.Provider[Database] = stores.database
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

    lines = providers.Container(BrokerLines, settings=settings, journal=journal, instruments=instruments, clock=clock)
    brokers: providers.Provider[Brokers] = providers.Singleton(_metered, lines.brokers, meter)

    services = providers.Container(
        Services,
        settings=settings,
        clock=clock,
        random=random,
        owner=owner,
        owners=owners,
        audit=trail_log,
        brokers=brokers,
        session_store=session_store,
        idempotency_store=idempotency_store,
        safety_store=safety_store,
        instruments=instruments,
        sources=master_sources,
        calendar=calendar,
        probes=providers.Callable(_probes, safety_store, audit),
    )
    trail: providers.Provider[Trail] = services.trail
    once: providers.Provider[Once] = services.once
    reconciler: providers.Provider[Reconciler] = services.reconciler
    housekeeping: providers.Provider[Housekeeping] = services.housekeeping
    calendar_watch: providers.Provider[CalendarWatch] = services.calendar_watch
    master_sync: providers.Provider[MasterSync] = services.masters
    tokens: providers.Provider[TokenService] = providers.Singleton(TokenService, token_store, brokers, clock, trail)
    keys: providers.Provider[KeyService] = providers.Singleton(KeyService, sealed_rows, clock, trail)
    measures: providers.Provider[Measures] = providers.Singleton(Measures, services.status, trail, meter)
    gateway: providers.Provider[Gateway] = services.gateway


def container_for(settings: Settings) -> Container:
    """A container of its own for these settings; nothing is opened yet."""
    return Container(settings=providers.Object(settings))
