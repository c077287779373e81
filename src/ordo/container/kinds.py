"""The house's own kinds of broker, each as a plug-in. Adapters are loaded when one of them is configured."""

from __future__ import annotations

from typing import Final

from ordo.application.brokers import BrokerLine
from ordo.domain.budget import UNLIMITED, Pace, Window
from ordo.domain.sessions import Secret
from ordo.plugins import BrokerPlugin, Tools
from ordo.ports.clock import Clock
from ordo.ports.masters import MasterSource
from ordo.schemas.config.brokers import FyersConfig, HDFCConfig, PaperConfig

_MINUTE: Final = 60
# FYERS counts every call of a user in one pool. Of its calls in a second and in a minute, so many of so many may be
# orders, and so many reads. The two together are more than the whole: what one of them leaves, the other may take.
_FYERS_ORDERS: Final = {1: (8, 9), _MINUTE: (140, 190)}
_FYERS_READS: Final = {1: (4, 9), _MINUTE: (100, 190)}


class _Paper:
    kind = "paper"
    config = PaperConfig

    def pace(self, config: PaperConfig) -> Pace:  # noqa: ARG002
        return UNLIMITED

    def line(self, adapter_id: str, config: PaperConfig, tools: Tools) -> BrokerLine:
        from ordo.adapters.paper.broker import PaperBroker
        from ordo.adapters.paper.login import PaperLogin

        broker = PaperBroker(
            adapter_id=adapter_id,
            journal=tools.journal,
            prices=tools.prices(config.seed),
            instruments=tools.instruments,
            clock=tools.clock,
            opening_cash=config.opening_cash,
        )
        return BrokerLine(
            adapter_id=adapter_id,
            kind=config.kind,
            broker=broker,
            login=PaperLogin(accounts=config.accounts, clock=tools.clock),
            obeys_hours=config.obeys_hours,
        )

    def master(self, config: PaperConfig, clock: Clock) -> MasterSource | None:  # noqa: ARG002
        return None


class _Fyers:
    kind = "fyers"
    config = FyersConfig

    def pace(self, config: FyersConfig) -> Pace:
        pool = {1: config.calls_per_second, _MINUTE: config.calls_per_minute}
        orders, reads = (
            tuple(Window(seconds=s, limit=max(1, pool[s] * part // whole)) for s, (part, whole) in shares.items())
            for shares in (_FYERS_ORDERS, _FYERS_READS)
        )
        return Pace(
            orders=orders,
            reads=reads,
            pool=tuple(Window(seconds=seconds, limit=limit) for seconds, limit in pool.items()),
            daily=config.calls_per_day,
            strikes=config.strikes_per_day or None,
        )

    def line(self, adapter_id: str, config: FyersConfig, tools: Tools) -> BrokerLine:
        from ordo.adapters.brokers.fyers.adapter import FyersBroker
        from ordo.adapters.brokers.fyers.client import FyersClient, Hosts
        from ordo.adapters.brokers.fyers.login import FyersLogin

        hosts = Hosts(api=config.base_url, data=config.data)
        client = FyersClient(tools.http(config), hosts, app_id=config.client_id)
        login = FyersLogin(
            client=client,
            clock=tools.clock,
            app_id=config.client_id,
            secret=Secret(config.secret_key.get_secret_value()),
            redirect_uri=config.redirect_uri,
        )
        broker = FyersBroker(client=client, instruments=tools.instruments, clock=tools.clock)
        return BrokerLine(
            adapter_id=adapter_id,
            kind=config.kind,
            broker=broker,
            login=login,
            obeys_hours=config.keeps_hours,
            has_master=True,
        )

    def master(self, config: FyersConfig, clock: Clock) -> MasterSource | None:
        return fyers_master(config.masters, clock)


class _HDFC:
    kind = "hdfc"
    config = HDFCConfig

    def pace(self, config: HDFCConfig) -> Pace:
        orders, reads = Window.of_rate(config.orders_per_second), Window.of_rate(config.reads_per_second)
        return Pace(orders=(orders,), reads=(reads,))

    def line(self, adapter_id: str, config: HDFCConfig, tools: Tools) -> BrokerLine:
        from ordo.adapters.brokers.hdfc.adapter import HdfcBroker
        from ordo.adapters.brokers.hdfc.client import Door, HdfcClient
        from ordo.adapters.brokers.hdfc.login import HdfcLogin

        client = HdfcClient(Door.of(adapter_id, config), tools.http(config), tools.clock)
        login = HdfcLogin(adapter_id=adapter_id, config=config, client=client, notes=tools.notes, clock=tools.clock)
        broker = HdfcBroker(
            adapter_id=adapter_id, config=config, client=client, instruments=tools.instruments, clock=tools.clock
        )
        return BrokerLine(
            adapter_id=adapter_id,
            kind=config.kind,
            broker=broker,
            login=login,
            obeys_hours=config.keeps_hours,
            has_master=True,
        )

    def master(self, config: HDFCConfig, clock: Clock) -> MasterSource | None:
        return hdfc_master(config.masters, clock)


def fyers_master(place: str, clock: Clock) -> MasterSource:  # noqa: ARG001  (one shape for all masters)
    from ordo.adapters.masters.fyers import FyersMaster

    return FyersMaster(place)


def hdfc_master(place: str, clock: Clock) -> MasterSource:
    from ordo.adapters.masters.hdfc import HdfcMaster

    return HdfcMaster(place, clock)


PAPER: Final[BrokerPlugin[PaperConfig]] = _Paper()
FYERS: Final[BrokerPlugin[FyersConfig]] = _Fyers()
HDFC: Final[BrokerPlugin[HDFCConfig]] = _HDFC()
