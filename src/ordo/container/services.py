"""The use cases, wired to whatever serves their ports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from random import Random

from dependency_injector import containers, providers

from ordo.adapters.paper.catalogue import load_catalogue
from ordo.application.baskets import BasketService
from ordo.application.books import Books
from ordo.application.brokers import Brokers
from ordo.application.care import Care
from ordo.application.departure import Departures
from ordo.application.facts import FactReader
from ordo.application.fanout import FanOut
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
from ordo.application.pacing import Pacing
from ordo.application.portfolio import PortfolioService, QuoteService
from ordo.application.reading import BrokerCalls
from ordo.application.reconcile import Patience, Reconciler
from ordo.application.resolving import Resolver
from ordo.application.safety import SafetyService
from ordo.application.screening import Screening
from ordo.application.session_guard import SessionGuard
from ordo.application.sessions import SessionService
from ordo.application.status import Probe, StatusService
from ordo.application.trail import Trail
from ordo.container import guards
from ordo.domain.calendar import trading_day
from ordo.domain.instruments import Instrument
from ordo.ports.audit import AuditLog
from ordo.ports.budget import OrderBudget
from ordo.ports.cache import PortfolioCache
from ordo.ports.circuits import Circuits
from ordo.ports.clock import Clock
from ordo.ports.idempotency import IdempotencyStore
from ordo.ports.instruments import InstrumentStore
from ordo.ports.leases import Leases
from ordo.ports.logins import LoginNotes
from ordo.ports.market_calendar import MarketCalendar
from ordo.ports.masters import MasterSource
from ordo.ports.owners import Owners
from ordo.ports.safety import SafetyStore
from ordo.ports.sessions import SessionStore
from ordo.schemas.config.settings import Settings


def _patience(settings: Settings) -> Patience:
    kept = settings.idempotency
    return Patience(pursue=timedelta(seconds=kept.pursue_seconds), absence=timedelta(seconds=kept.absence_seconds))


def _absence(settings: Settings) -> timedelta:
    return _patience(settings).absence


def _apart(settings: Settings) -> timedelta:
    return timedelta(seconds=settings.idempotency.duplicate_seconds)


def _safety(
    settings: Settings, store: SafetyStore, intents: IdempotencyStore, clock: Clock, trail: Trail
) -> SafetyService:
    return SafetyService(store, clock, trail, intents=intents if settings.shares_state else None)


def _keep(settings: Settings) -> timedelta:
    return timedelta(days=settings.idempotency.keep_days)


def _always(brokers: Brokers, clock: Clock) -> tuple[Instrument, ...]:
    paper = any(line.kind == "paper" for line in brokers.lines)
    return load_catalogue(trading_day(clock.now())) if paper else ()


class Services(containers.DeclarativeContainer):
    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
    clock: providers.Dependency[Clock] = providers.Dependency()
    random: providers.Dependency[Random] = providers.Dependency()
    owner: providers.Dependency[str] = providers.Dependency()
    owners: providers.Dependency[Owners] = providers.Dependency()
    leases: providers.Dependency[Leases] = providers.Dependency()
    audit: providers.Dependency[AuditLog] = providers.Dependency()
    brokers: providers.Dependency[Brokers] = providers.Dependency()
    session_store: providers.Dependency[SessionStore] = providers.Dependency()
    login_notes: providers.Dependency[LoginNotes] = providers.Dependency()
    idempotency_store: providers.Dependency[IdempotencyStore] = providers.Dependency()
    safety_store: providers.Dependency[SafetyStore] = providers.Dependency()
    budget: providers.Dependency[OrderBudget] = providers.Dependency()
    spare_budget: providers.Dependency[OrderBudget | None] = providers.Dependency()
    cache: providers.Dependency[PortfolioCache] = providers.Dependency()
    circuits: providers.Dependency[Circuits] = providers.Dependency()
    instruments: providers.Dependency[InstrumentStore] = providers.Dependency()
    sources: providers.Dependency[tuple[MasterSource, ...]] = providers.Dependency()
    calendar: providers.Dependency[MarketCalendar] = providers.Dependency()
    probes: providers.Dependency[Mapping[str, Probe]] = providers.Dependency()

    trail: providers.Provider[Trail] = providers.Singleton(Trail, audit, clock)
    sessions: providers.Provider[SessionService] = providers.Singleton(
        SessionService, brokers, session_store, login_notes, clock, trail
    )
    pacing: providers.Provider[Pacing] = providers.Singleton(
        Pacing,
        budget,
        clock,
        providers.Callable(guards.paces, settings),
        max_wait=providers.Callable(guards.max_wait, settings),
        spare=spare_budget,
    )
    care: providers.Provider[Care] = providers.Singleton(
        Care, circuits, pacing, cache, clock, random, rules=providers.Callable(guards.read_rules, settings)
    )
    calls: providers.Provider[BrokerCalls] = providers.Singleton(BrokerCalls, brokers, sessions, care)
    session_guard: providers.Provider[SessionGuard] = providers.Singleton(
        SessionGuard, brokers, sessions, calendar, clock, trail
    )
    facts: providers.Provider[FactReader] = providers.Singleton(FactReader, calls, idempotency_store)
    safety: providers.Provider[SafetyService] = providers.Singleton(
        _safety, settings, safety_store, idempotency_store, clock, trail
    )
    knowledge: providers.Provider[Knowledge] = providers.Singleton(Knowledge, idempotency_store)
    books: providers.Provider[Books] = providers.Singleton(
        Books, idempotency_store, calls, knowledge, clock, trail, absence=providers.Callable(_absence, settings)
    )
    reconciler: providers.Provider[Reconciler] = providers.Singleton(
        Reconciler,
        idempotency_store,
        books,
        knowledge,
        clock,
        trail,
        owners,
        owner=owner,
        patience=providers.Callable(_patience, settings),
        leases=leases,
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
        facts,
        pacing,
        clock,
        rules=providers.Callable(guards.rules, settings),
        calendar=calendar,
    )
    calendar_watch: providers.Provider[CalendarWatch] = providers.Singleton(CalendarWatch, calendar, clock)
    masters: providers.Provider[MasterSync] = providers.Singleton(
        MasterSync,
        instruments,
        sources,
        clock,
        trail,
        at=settings.provided.instruments.sync_at,
        always=providers.Callable(_always, brokers, clock),
    )
    reader: providers.Provider[OrderReader] = providers.Singleton(
        OrderReader, idempotency_store, calls, books, reconciler, clock
    )
    orders: providers.Provider[OrderService] = providers.Singleton(
        OrderService,
        once,
        reader,
        screening,
        providers.Singleton(Departures, calls, safety, facts, pacing),
        sessions,
        calls,
        clock,
        trail,
        apart=providers.Callable(_apart, settings),
    )
    portfolio: providers.Provider[PortfolioService] = providers.Singleton(
        PortfolioService, calls, cache, clock, ttl=providers.Callable(guards.ttl, settings)
    )
    status: providers.Provider[StatusService] = providers.Singleton(
        StatusService,
        probes,
        sessions,
        safety,
        idempotency_store,
        clock,
        masters=masters,
        calendar=calendar,
        circuits=circuits,
        pacing=pacing,
    )
    gateway: providers.Provider[Gateway] = providers.Singleton(
        Gateway,
        brokers=brokers,
        orders=orders,
        baskets=providers.Singleton(BasketService, once, orders),
        resolver=providers.Singleton(Resolver, idempotency_store, reader, reconciler, knowledge, clock, trail),
        portfolio=portfolio,
        fanout=providers.Singleton(FanOut, portfolio, clock),
        quotes=providers.Singleton(QuoteService, calls, instruments, clock),
        sessions=sessions,
        safety=safety,
        status=status,
        instruments=providers.Singleton(InstrumentService, instruments, masters),
    )
