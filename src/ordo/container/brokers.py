"""The configured brokers: one line for each adapter id."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dependency_injector import containers, providers

from ordo.adapters.paper.catalogue import load_listings
from ordo.adapters.paper.market import SeededMarket
from ordo.application.brokers import Brokers
from ordo.container.plugged import plugin_of
from ordo.plugins import Tools
from ordo.ports.clock import Clock
from ordo.ports.instruments import InstrumentStore
from ordo.ports.journal import Journal
from ordo.ports.logins import LoginNotes
from ordo.ports.prices import PriceSource
from ordo.schemas.config.brokers import WireConfig
from ordo.schemas.config.settings import Settings

if TYPE_CHECKING:
    from ordo.adapters.http.client import HttpClient, Transport


class Wire:
    """One HTTP client for all brokers of the same transport: loaded and made only when there is such a broker."""

    def __init__(self) -> None:
        self._clients: dict[Transport, HttpClient] = {}

    def client(self, config: WireConfig) -> HttpClient:
        transport = config.transport
        if transport not in self._clients:
            from ordo.adapters.http.client import HttpClient

            self._clients[transport] = HttpClient(transport=transport)
        return self._clients[transport]

    async def aclose(self) -> None:
        for client in self._clients.values():
            await client.aclose()


def configured(
    settings: Settings,
    journal: Journal,
    instruments: InstrumentStore,
    notes: LoginNotes,
    clock: Clock,
    wire: Wire,
    prices: Callable[[str], PriceSource],
) -> Brokers:
    """A line for each broker that is enabled in the settings."""
    tools = Tools(clock=clock, instruments=instruments, http=wire.client, journal=journal, notes=notes, prices=prices)
    return Brokers(
        tuple(
            plugin_of(config.kind).line(adapter_id, config, tools)
            for adapter_id, config in settings.brokers.items()
            if config.enabled
        )
    )


def invented(seed: str) -> PriceSource:
    """The market that follows from a seed."""
    return SeededMarket(load_listings(), seed=seed)


class BrokerLines(containers.DeclarativeContainer):
    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
    journal: providers.Dependency[Journal] = providers.Dependency()
    instruments: providers.Dependency[InstrumentStore] = providers.Dependency()
    notes: providers.Dependency[LoginNotes] = providers.Dependency()
    clock: providers.Dependency[Clock] = providers.Dependency()
    broker_wire: providers.Provider[Wire] = providers.Singleton(Wire)
    prices: providers.Provider[Callable[[str], PriceSource]] = providers.Object(invented)
    brokers: providers.Provider[Brokers] = providers.Singleton(
        configured, settings, journal, instruments, notes, clock, broker_wire, prices
    )
