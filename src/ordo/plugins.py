"""What another package gives Ordo, to let it trade at one more broker.

Its metadata names the plug-in: in `pyproject.toml`, under `[project.entry-points."ordo.brokers"]`,
`KIND = "module:plugin"`. From then on `ORDO_BROKERS__<ID>__KIND=KIND` configures an app of it. The house's own brokers
come through the same gate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from ordo.application.brokers import BrokerLine
from ordo.domain.budget import Pace
from ordo.ports.clock import Clock
from ordo.ports.instruments import InstrumentStore
from ordo.ports.journal import Journal
from ordo.ports.logins import LoginNotes
from ordo.ports.masters import MasterSource
from ordo.ports.prices import PriceSource
from ordo.schemas.config.brokers import BrokerConfig, WireConfig

if TYPE_CHECKING:
    from ordo.adapters.http.client import HttpClient

C = TypeVar("C", bound=BrokerConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the gateway lends to its lines. `http(config)` is the one client of all brokers with the same transport:
    nobody else closes it. `prices(seed)` is an invented market, `journal` keeps what a broker without a wire has to
    remember, and `notes` what a login of several steps does, so that any worker may take the next.
    """

    clock: Clock
    instruments: InstrumentStore
    http: Callable[[WireConfig], HttpClient]
    journal: Journal
    notes: LoginNotes
    prices: Callable[[str], PriceSource]


@runtime_checkable
class BrokerPlugin(Protocol[C]):
    """One kind of broker. The module that holds it is loaded with the settings, when its kind is configured: what is
    heavy is imported in `line` and `master`.

    What the broker can do is said once, by the `capabilities` of its `Broker`.
    """

    @property
    def kind(self) -> str:
        """The name of the entry point, again."""
        ...

    @property
    def config(self) -> type[C]:
        """How one of its apps is configured: a class made of `BrokerConfig`, or of `WireConfig`."""
        ...

    def pace(self, config: C) -> Pace:
        """What the broker takes of one account; `ordo.domain.budget.UNLIMITED` for any number. The gateway's own limits
        stand in place of the windows of orders where they are set.
        """
        ...

    def line(self, adapter_id: str, config: C, tools: Tools) -> BrokerLine:
        """The two ports of one configured app. Nothing is sent yet."""
        ...

    def master(self, config: C, clock: Clock) -> MasterSource | None:
        """Where its instruments are listed; `None` where their names follow from Ordo's keys."""
        ...
