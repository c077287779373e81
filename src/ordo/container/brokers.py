"""The configured brokers: one line for each adapter id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dependency_injector import containers, providers

from ordo.adapters.paper.broker import PaperBroker
from ordo.adapters.paper.catalogue import load_listings
from ordo.adapters.paper.login import PaperLogin
from ordo.adapters.paper.market import SeededMarket
from ordo.application.brokers import BrokerLine, Brokers
from ordo.domain.sessions import Secret
from ordo.ports.clock import Clock
from ordo.ports.instruments import InstrumentStore
from ordo.ports.journal import Journal
from ordo.schemas.config.brokers import BrokerConfig, FyersConfig, HDFCConfig, PaperConfig
from ordo.schemas.config.settings import Settings

if TYPE_CHECKING:
    from ordo.adapters.http.client import HttpClient


class Wire:
    """The one HTTP client of all brokers that have a wire: loaded and made only when there is such a broker."""

    def __init__(self) -> None:
        self._client: HttpClient | None = None

    def client(self) -> HttpClient:
        if self._client is None:
            from ordo.adapters.http.client import HttpClient

            self._client = HttpClient()
        return self._client

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needs:
    """What the lines are made of."""

    journal: Journal
    instruments: InstrumentStore
    clock: Clock
    wire: Wire


def configured(settings: Settings, journal: Journal, instruments: InstrumentStore, clock: Clock, wire: Wire) -> Brokers:
    """A line for each broker that is enabled in the settings."""
    needs = _Needs(journal=journal, instruments=instruments, clock=clock, wire=wire)
    return Brokers(
        tuple(_line(adapter_id, config, needs) for adapter_id, config in settings.brokers.items() if config.enabled)
    )


def _line(adapter_id: str, config: BrokerConfig, needs: _Needs) -> BrokerLine:
    match config:
        case PaperConfig():
            return _paper(adapter_id, config, needs)
        case FyersConfig():
            return _fyers(adapter_id, config, needs)
        case HDFCConfig():
            return _hdfc(adapter_id, config, needs)
        case _:
            raise TypeError(f"brokers.{adapter_id} is of a kind that nothing is made for: {config.kind}")


def _fyers(adapter_id: str, config: FyersConfig, needs: _Needs) -> BrokerLine:
    from ordo.adapters.brokers.fyers.adapter import FyersBroker
    from ordo.adapters.brokers.fyers.client import FyersClient, Hosts
    from ordo.adapters.brokers.fyers.login import FyersLogin

    hosts = Hosts(api=config.base_url, data=config.data)
    client = FyersClient(needs.wire.client(), hosts, app_id=config.client_id)
    login = FyersLogin(
        client=client,
        clock=needs.clock,
        app_id=config.client_id,
        secret=Secret(config.secret_key.get_secret_value()),
        redirect_uri=config.redirect_uri,
    )
    broker = FyersBroker(client=client, instruments=needs.instruments, clock=needs.clock)
    return BrokerLine(
        adapter_id=adapter_id,
        kind=config.kind,
        broker=broker,
        login=login,
        obeys_hours=config.keeps_hours,
        has_master=True,
    )


def _hdfc(adapter_id: str, config: HDFCConfig, needs: _Needs) -> BrokerLine:
    from ordo.adapters.brokers.hdfc.adapter import HdfcBroker
    from ordo.adapters.brokers.hdfc.client import Door, HdfcClient
    from ordo.adapters.brokers.hdfc.login import HdfcLogin

    client = HdfcClient(Door.of(adapter_id, config), needs.wire.client(), needs.clock)
    login = HdfcLogin(adapter_id=adapter_id, config=config, client=client, clock=needs.clock)
    broker = HdfcBroker(
        adapter_id=adapter_id, config=config, client=client, instruments=needs.instruments, clock=needs.clock
    )
    return BrokerLine(
        adapter_id=adapter_id,
        kind=config.kind,
        broker=broker,
        login=login,
        obeys_hours=config.keeps_hours,
        has_master=True,
    )


def _paper(adapter_id: str, config: PaperConfig, needs: _Needs) -> BrokerLine:
    broker = PaperBroker(
        adapter_id=adapter_id,
        journal=needs.journal,
        prices=SeededMarket(load_listings(), seed=config.seed),
        instruments=needs.instruments,
        clock=needs.clock,
        opening_cash=config.opening_cash,
    )
    return BrokerLine(
        adapter_id=adapter_id,
        kind=config.kind,
        broker=broker,
        login=PaperLogin(accounts=config.accounts, clock=needs.clock),
        obeys_hours=config.obeys_hours,
    )


class BrokerLines(containers.DeclarativeContainer):
    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
    journal: providers.Dependency[Journal] = providers.Dependency()
    instruments: providers.Dependency[InstrumentStore] = providers.Dependency()
    clock: providers.Dependency[Clock] = providers.Dependency()
    broker_wire: providers.Provider[Wire] = providers.Singleton(Wire)
    brokers: providers.Provider[Brokers] = providers.Singleton(
        configured, settings, journal, instruments, clock, broker_wire
    )
