"""What Ordo is given: how an app of Lotus is configured, and what is made of that."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from ordo.application.brokers import BrokerLine
from ordo.domain.budget import Pace, Window
from ordo.plugins import BrokerPlugin, Tools
from ordo.ports.clock import Clock
from ordo.ports.masters import MasterSource
from ordo.schemas.config.brokers import Base, WireConfig


class LotusConfig(WireConfig):
    """One app of Lotus."""

    kind: Literal["lotus"] = "lotus"
    base_url: Base = Field(default="https://api.lotus.example", description="Accounts, orders and prices.")


class _Lotus:
    kind = "lotus"
    config = LotusConfig

    def pace(self, config: LotusConfig) -> Pace:  # noqa: ARG002
        return Pace(orders=(Window.of_rate(10),), reads=(Window.of_rate(10),))

    def line(self, adapter_id: str, config: LotusConfig, tools: Tools) -> BrokerLine:
        from ordo_broker_example.adapter import LotusBroker
        from ordo_broker_example.client import LotusClient
        from ordo_broker_example.login import LotusLogin

        client = LotusClient(tools.http(config), config.base_url)
        return BrokerLine(
            adapter_id=adapter_id,
            kind=config.kind,
            broker=LotusBroker(client, tools.clock),
            login=LotusLogin(client, tools.clock),
            obeys_hours=config.keeps_hours,
        )

    def master(self, config: LotusConfig, clock: Clock) -> MasterSource | None:  # noqa: ARG002
        return None  # Its symbols follow from Ordo's keys.


LOTUS: Final[BrokerPlugin[LotusConfig]] = _Lotus()
