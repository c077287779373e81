"""The configured instrument masters, the most trusted first."""

from __future__ import annotations

from dependency_injector import containers, providers

from ordo.ports.clock import Clock
from ordo.ports.masters import MasterSource
from ordo.schemas.config.brokers import FyersConfig, HDFCConfig
from ordo.schemas.config.settings import Settings


def configured(settings: Settings, clock: Clock) -> tuple[MasterSource, ...]:
    """A source for each master whose place is set. Without one, no HTTP client is loaded."""
    places = settings.instruments
    sources: list[MasterSource] = []
    fyers = places.fyers_url or _of_broker(settings, FyersConfig)
    if fyers is not None:
        from ordo.adapters.masters.fyers import FyersMaster

        sources.append(FyersMaster(fyers))
    hdfc = places.hdfc_url or _of_broker(settings, HDFCConfig)
    if hdfc is not None:
        from ordo.adapters.masters.hdfc import HdfcMaster

        sources.append(HdfcMaster(hdfc, clock))
    return tuple(sources)


def _of_broker(settings: Settings, kind: type[FyersConfig | HDFCConfig]) -> str | None:
    """Where a configured app of a broker has its masters: without them none of its instruments has a name there."""
    apps = (config for config in settings.brokers.values() if isinstance(config, kind) and config.enabled)
    return next((app.masters for app in apps), None)


class Masters(containers.DeclarativeContainer):
    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
    clock: providers.Dependency[Clock] = providers.Dependency()
    sources: providers.Provider[tuple[MasterSource, ...]] = providers.Singleton(configured, settings, clock)
