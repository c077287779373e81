"""The use cases, wired to whatever serves their ports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from random import Random

from dependency_injector import containers, providers

from ordo.application.brokers import Brokers
from ordo.application.gateway import Gateway
from ordo.application.hours import CalendarWatch
from ordo.application.housekeeping import Housekeeping
from ordo.application.instruments import InstrumentService
from ordo.application.knowledge import Knowledge
from ordo.application.listing import OrderReader
from ordo.application.master_sync import MasterSync
from ordo.application.once import Once
from ordo.application.order_ids import OrderIds
from ordo.application.orders import OrderService
from ordo.application.portfolio import PortfolioService, QuoteService
from ordo.application.reading import BrokerCalls
from ordo.application.reconcile import Patience, Reconciler
from ordo.application.safety import SafetyService
from ordo.application.screening import Screening
from ordo.application.sessions import SessionService
from ordo.application.status import Probe, StatusService
from ordo.application.trail import Trail
from ordo.ports.audit import AuditLog
from ordo.ports.clock import Clock
from ordo.ports.idempotency import IdempotencyStore
from ordo.ports.instruments import InstrumentStore
from ordo.ports.market_calendar import MarketCalendar
from ordo.ports.masters import MasterSource
from ordo.ports.owners import Owners
from ordo.ports.safety import SafetyStore
from ordo.ports.sessions import SessionStore
from ordo.schemas.config.settings import Settings


def _patience(settings: Settings) -> Patience:
    kept = settings.idempotency
    return Patience(pursue=timedelta(seconds=kept.pursue_seconds), absence=timedelta(seconds=kept.absence_seconds))


def _keep(settings: Settings) -> timedelta:
    return timedelta(days=settings.idempotency.keep_days)


class Services(containers.DeclarativeContainer):
    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
    clock: providers.Dependency[Clock] = providers.Dependency()
    random: providers.Dependency[Random] = providers.Dependency()
    owner: providers.Dependency[str] = providers.Dependency()
    owners: providers.Dependency[Owners] = providers.Dependency()
    audit: providers.Dependency[AuditLog] = providers.Dependency()
    brokers: providers.Dependency[Brokers] = providers.Dependency()
    session_store: providers.Dependency[SessionStore] = providers.Dependency()
    idempotency_store: providers.Dependency[IdempotencyStore] = providers.Dependency()
    safety_store: providers.Dependency[SafetyStore] = providers.Dependency()
    instruments: providers.Dependency[InstrumentStore] = providers.Dependency()
    sources: providers.Dependency[tuple[MasterSource, ...]] = providers.Dependency()
    calendar: providers.Dependency[MarketCalendar] = providers.Dependency()
    probes: providers.Dependency[Mapping[str, Probe]] = providers.Dependency()

    trail: providers.Provider[Trail] = providers.Singleton(Trail, audit, clock)
    sessions: providers.Provider[SessionService] = providers.Singleton(
        SessionService, brokers, session_store, clock, trail
    )
    calls: providers.Provider[BrokerCalls] = providers.Singleton(BrokerCalls, brokers, sessions)
    safety: providers.Provider[SafetyService] = providers.Singleton(SafetyService, safety_store, clock, trail)
    knowledge: providers.Provider[Knowledge] = providers.Singleton(Knowledge, idempotency_store)
    reconciler: providers.Provider[Reconciler] = providers.Singleton(
        Reconciler,
        idempotency_store,
        calls,
        knowledge,
        clock,
        trail,
        owners,
        owner=owner,
        patience=providers.Callable(_patience, settings),
    )
    once: providers.Provider[Once] = providers.Singleton(
        Once,
        idempotency_store,
        reconciler,
        knowledge,
        providers.Singleton(OrderIds, random),
        clock,
        trail,
        owner=owner,
        keep=providers.Callable(_keep, settings),
    )
    housekeeping: providers.Provider[Housekeeping] = providers.Singleton(Housekeeping, idempotency_store, clock)
    screening: providers.Provider[Screening] = providers.Singleton(
        Screening,
        calls,
        sessions,
        instruments,
        safety,
        clock,
        allow_stale=settings.provided.instruments.allow_stale,
        calendar=calendar,
    )
    calendar_watch: providers.Provider[CalendarWatch] = providers.Singleton(CalendarWatch, calendar, clock)
    masters: providers.Provider[MasterSync] = providers.Singleton(
        MasterSync, instruments, sources, clock, trail, at=settings.provided.instruments.sync_at
    )
    reader: providers.Provider[OrderReader] = providers.Singleton(
        OrderReader, idempotency_store, calls, knowledge, reconciler, clock, trail
    )
    orders: providers.Provider[OrderService] = providers.Singleton(
        OrderService, once, reader, screening, sessions, calls, clock, trail
    )
    status: providers.Provider[StatusService] = providers.Singleton(
        StatusService, probes, sessions, safety, idempotency_store, clock, masters
    )
    gateway: providers.Provider[Gateway] = providers.Singleton(
        Gateway,
        brokers=brokers,
        orders=orders,
        portfolio=providers.Singleton(PortfolioService, calls),
        quotes=providers.Singleton(QuoteService, calls, instruments),
        sessions=sessions,
        safety=safety,
        status=status,
        instruments=providers.Singleton(InstrumentService, instruments, masters),
    )
