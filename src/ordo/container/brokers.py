"""The configured brokers: one line for each adapter id."""

from __future__ import annotations

from dependency_injector import containers, providers

from ordo.adapters.paper.broker import PaperBroker
from ordo.adapters.paper.catalogue import load_listings
from ordo.adapters.paper.login import PaperLogin
from ordo.adapters.paper.market import SeededMarket
from ordo.application.brokers import BrokerLine, Brokers
from ordo.ports.clock import Clock
from ordo.ports.instruments import InstrumentStore
from ordo.ports.journal import Journal
from ordo.schemas.config.brokers import PaperConfig
from ordo.schemas.config.settings import Settings


def configured(settings: Settings, journal: Journal, instruments: InstrumentStore, clock: Clock) -> Brokers:
    """A line for each broker that is enabled in the settings."""
    return Brokers(
        tuple(
            _paper(adapter_id, config, journal, instruments, clock)
            for adapter_id, config in settings.brokers.items()
            if config.enabled
        )
    )


def _paper(
    adapter_id: str, config: PaperConfig, journal: Journal, instruments: InstrumentStore, clock: Clock
) -> BrokerLine:
    broker = PaperBroker(
        adapter_id=adapter_id,
        journal=journal,
        prices=SeededMarket(load_listings(), seed=config.seed),
        instruments=instruments,
        clock=clock,
        opening_cash=config.opening_cash,
    )
    return BrokerLine(
        adapter_id=adapter_id,
        kind=config.kind,
        broker=broker,
        login=PaperLogin(accounts=config.accounts, clock=clock),
        obeys_hours=config.obeys_hours,
    )


class BrokerLines(containers.DeclarativeContainer):
    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
    journal: providers.Dependency[Journal] = providers.Dependency()
    instruments: providers.Dependency[InstrumentStore] = providers.Dependency()
    clock: providers.Dependency[Clock] = providers.Dependency()
    brokers: providers.Provider[Brokers] = providers.Singleton(configured, settings, journal, instruments, clock)
