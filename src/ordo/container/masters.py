"""The configured instrument masters, the most trusted first."""

from __future__ import annotations

from typing import Final

from dependency_injector import containers, providers

from ordo.container.kinds import fyers_master, hdfc_master
from ordo.container.plugged import plugin_of
from ordo.ports.clock import Clock
from ordo.ports.masters import MasterSource
from ordo.schemas.config.settings import Settings

_TRUSTED: Final = ("fyers", "hdfc")
"""They come before what packages bring, and in the order of the alphabet, which is that of trust."""


def configured(settings: Settings, clock: Clock) -> tuple[MasterSource, ...]:
    """A source for each master whose place is set, or that a configured app has: without it none of its instruments
    has a name there. Without one, no HTTP client is loaded.
    """
    places = settings.instruments
    found: dict[str, MasterSource | None] = {}
    if places.fyers_url:
        found["fyers"] = fyers_master(places.fyers_url, clock)
    if places.hdfc_url:
        found["hdfc"] = hdfc_master(places.hdfc_url, clock)
    for config in settings.brokers.values():
        if config.enabled and config.kind not in found:
            found[config.kind] = plugin_of(config.kind).master(config, clock)
    by_trust = sorted(found, key=lambda kind: (kind not in _TRUSTED, kind))
    return tuple(source for kind in by_trust if (source := found[kind]) is not None)


class Masters(containers.DeclarativeContainer):
    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
    clock: providers.Dependency[Clock] = providers.Dependency()
    sources: providers.Provider[tuple[MasterSource, ...]] = providers.Singleton(configured, settings, clock)
