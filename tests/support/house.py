"""All use cases over the memory stores, one scripted broker and a virtual clock."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from random import Random

from ordo.adapters.circuits import PurgatoryCircuits
from ordo.adapters.memory.budget import MemoryOrderBudget
from ordo.adapters.memory.cache import MemoryPortfolioCache
from ordo.adapters.memory.circuits import MemoryCircuitStates
from ordo.adapters.memory.idempotency import MemoryIdempotencyStore
from ordo.adapters.memory.instruments import MemoryInstruments
from ordo.adapters.memory.logins import MemoryLoginNotes
from ordo.adapters.memory.market_calendar import MemoryMarketCalendar
from ordo.adapters.memory.owners import MemoryOwners
from ordo.adapters.memory.sessions import MemorySessionStore
from ordo.application.baskets import BasketService
from ordo.application.books import Books
from ordo.application.brokers import BrokerLine, Brokers
from ordo.application.care import Care
from ordo.application.context import Context
from ordo.application.departure import Departures
from ordo.application.facts import FactReader
from ordo.application.knowledge import Knowledge
from ordo.application.listing import OrderReader
from ordo.application.once import Once
from ordo.application.order_ids import OrderIds
from ordo.application.orders import OrderService
from ordo.application.pacing import Pacing
from ordo.application.reading import BrokerCalls
from ordo.application.reconcile import Patience, Reconciler
from ordo.application.resolving import Resolver
from ordo.application.safety import SafetyService
from ordo.application.screening import Rules, Screening
from ordo.application.sessions import SessionService
from ordo.application.trail import Trail
from ordo.domain.accounts import Account
from ordo.domain.budget import Pace
from ordo.domain.errors import OrdoError, Outcome
from ordo.domain.idempotency import Intent, IntentKey, Operation
from ordo.domain.orders import Order, PlaceOrder
from ordo.ports.idempotency import IdempotencyStore
from ordo.ports.leases import Leases
from ordo.ports.market_calendar import MarketCalendar
from tests.support.broker import ScriptedBroker, ScriptedLogin
from tests.support.clock import VirtualClock, quiet
from tests.support.hours import market
from tests.support.orders import ACCOUNT, BUY_TEN, NIFTY, option, share
from tests.support.stores import DisturbedAuditLog, DisturbedSafetyStore, DisturbedStore


class Services:
    """One run of the gateway: what `House.start` makes anew, over stores that outlive it."""

    store_of: type[DisturbedStore] = DisturbedStore
    books_of: type[Books] = Books
    reconciler_of: type[Reconciler] = Reconciler

    def __init__(self, house: House, owner: str) -> None:
        self.owner = owner
        house.owners.join(owner)
        self.store = self.store_of(house.intents)
        self.trail = Trail(house.audit, house.clock)
        line = BrokerLine(
            adapter_id="scripted",
            kind="scripted",
            broker=house.broker,
            login=house.login,
            has_master=house.has_master,
        )
        brokers = Brokers((line,))
        self.brokers = brokers
        self.sessions = SessionService(brokers, house.session_store, house.login_notes, house.clock, self.trail)
        self.pacing = Pacing(
            MemoryOrderBudget(house.clock), house.clock, house.paces, max_wait=timedelta(milliseconds=300)
        )
        self.cache = MemoryPortfolioCache(house.clock)
        self.calls = BrokerCalls(brokers, self.sessions, house.care(self))
        self.facts = FactReader(self.calls, self.store)
        self.knowledge = Knowledge(self.store)
        self.books = self.books_of(
            self.store, self.calls, self.knowledge, house.clock, self.trail, absence=house.patience.absence
        )
        self.reconciler = self.reconciler_of(
            self.store,
            self.books,
            self.knowledge,
            house.clock,
            self.trail,
            house.owners,
            owner=owner,
            patience=house.patience,
            leases=house.leases,
        )
        self.once = Once(
            self.store,
            self.reconciler,
            self.knowledge,
            OrderIds(Random(owner)),
            house.clock,
            self.trail,
            owner=owner,
            keep=timedelta(days=7),
        )
        self.reader = OrderReader(self.store, self.calls, self.books, self.reconciler, house.clock)
        self.safety = SafetyService(house.safety_store, house.clock, self.trail)
        self.screening = self.screened(house)
        self.orders = OrderService(
            self.once,
            self.reader,
            self.screening,
            Departures(self.calls, self.safety, self.facts, self.pacing),
            self.sessions,
            self.calls,
            house.clock,
            self.trail,
        )

        self.baskets = BasketService(self.once, self.orders)
        self.resolver = Resolver(self.store, self.reader, self.reconciler, self.knowledge, house.clock, self.trail)

    def screened(self, house: House, rules: Rules | None = None, calendar: MarketCalendar | None = None) -> Screening:
        """The screening, by other rules than the house's own where they are given."""
        return Screening(
            self.calls,
            self.sessions,
            house.instruments,
            self.safety,
            self.facts,
            self.pacing,
            house.clock,
            rules=rules or house.rules,
            calendar=calendar,
        )


class House:
    """The world around the use cases, and the use cases as they run now."""

    services: type[Services] = Services

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.broker = ScriptedBroker(self.clock)
        self.login = ScriptedLogin(self.clock)
        self.intents: IdempotencyStore = MemoryIdempotencyStore()
        self.session_store = MemorySessionStore()
        self.login_notes = MemoryLoginNotes()
        self.safety_store = DisturbedSafetyStore()
        self.owners = MemoryOwners()
        self.audit = DisturbedAuditLog()
        index = replace(share(NIFTY), name="Nifty 50", tradable=False)
        self.calendar = MemoryMarketCalendar(market())
        self.instruments = MemoryInstruments((share(), option(), index))
        self.patience = Patience()
        self.leases: Leases | None = None
        self.rules = Rules()
        self.paces: dict[str, Pace] = {}
        self.has_master = False
        self.careful = False
        self.circuit_states = MemoryCircuitStates()
        self.starts = 0
        self.now: Services
        self.start()

    def start(self) -> None:
        """Start the gateway, as if for the first time or after a crash."""
        if self.starts:
            self.owners.leave(self.now.owner)
        self.starts += 1
        self.now = self.services(self, f"gateway-{self.starts}")

    def care(self, services: Services) -> Care | None:
        """Circuits, limits of time and retries, for the tests that are about them."""
        if not self.careful:
            return None
        circuits = PurgatoryCircuits(self.circuit_states, self.clock)
        return Care(circuits, services.pacing, services.cache, self.clock, Random(1))

    async def log_in(self, account: Account = ACCOUNT) -> None:
        await self.session_store.save(self.login.session(account))

    async def place(self, key: str = "k1", command: PlaceOrder = BUY_TEN, context: Context | None = None) -> Order:
        """Place an order, letting as much time pass as that takes."""
        return await self.clock.finish(self.now.orders.place(ACCOUNT, command, key=key, context=context))

    def start_place(self, key: str = "k1", command: PlaceOrder = BUY_TEN) -> asyncio.Task[Order]:
        return asyncio.ensure_future(self.now.orders.place(ACCOUNT, command, key=key))

    async def crash_while_placing(self, key: str = "k1") -> None:
        """Start the gateway anew while an order is at the broker; the former process never hears the answer."""
        abandoned = self.start_place(key)
        await quiet()
        assert not abandoned.done()
        self.start()

    async def intent(self, key: str = "k1", route: str = Operation.PLACE) -> Intent | None:
        """What the store holds under a key."""
        found = IntentKey(principal="owner", account=ACCOUNT, route=route, key=key)
        return await self.intents.find(found, now=self.clock.now())

    async def kept(self, order_id: str) -> Order:
        """What the store knows of an order."""
        placement = await self.intents.placement(ACCOUNT, order_id)
        assert placement is not None
        return placement.order


def order_in(error: OrdoError) -> Order:
    """The order that an error carries."""
    assert error.order is not None
    return error.order


def is_unknown(error: OrdoError) -> bool:
    return error.outcome is Outcome.UNKNOWN
