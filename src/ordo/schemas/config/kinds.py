"""The kinds of broker that there are: the house's own, and those that installed packages bring."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final, Protocol

from ordo.schemas.config.brokers import BrokerConfig

GROUP: Final = "ordo.brokers"
"""The group of entry points in which a package names its kinds: `kind = "module:plugin"`."""

# Settings don't import what is wired with them: the house's own plug-ins are known by name, as foreign ones are.
_OWN: Final = tuple(
    EntryPoint(name=name.lower(), value=f"ordo.container.kinds:{name}", group=GROUP)
    for name in ("PAPER", "FYERS", "HDFC")
)


class Kind(Protocol):
    """As much of a plug-in as settings need; `ordo.plugins.BrokerPlugin` is the whole of it."""

    @property
    def kind(self) -> str:
        """The word in `ORDO_BROKERS__<ID>__KIND`."""
        ...

    @property
    def config(self) -> type[BrokerConfig]:
        """How one of its apps is configured."""
        ...


def kinds() -> tuple[str, ...]:
    """The words that may stand in `ORDO_BROKERS__<ID>__KIND`. Nothing is loaded for that."""
    return tuple(sorted({point.name for point in _points(tuple(sys.path))}))


def kind_named(name: str) -> Kind:
    """The plug-in of a kind, loaded now.

    Raises `ValueError` for a kind that nobody brings or more than one does, and for a plug-in that can't be loaded or
    is none; it names the package.
    """
    found = [point for point in _points(tuple(sys.path)) if point.name == name]
    if not found:
        raise ValueError(f"must be one of {', '.join(kinds())}, not {name!r}")
    if len(found) > 1:
        claims = " and ".join(_origin(point) for point in found)
        raise ValueError(f"{name!r} is ambiguous: it is brought by {claims}; uninstall all but one")
    return _loaded(found[0])


def _loaded(point: EntryPoint) -> Kind:
    try:
        plugin: Kind = point.load()
    except Exception as error:
        raise ValueError(f"{_origin(point)} can't be loaded: {type(error).__name__}: {error}") from error
    config = getattr(plugin, "config", None)
    if getattr(plugin, "kind", None) != point.name:
        raise ValueError(f"{_origin(point)} is no plug-in of this kind: its `kind` is not {point.name!r}")
    if not (isinstance(config, type) and issubclass(config, BrokerConfig)):
        raise ValueError(f"{_origin(point)} is no plug-in: its `config` is no class made of BrokerConfig")  # noqa: TRY004
    return plugin


@lru_cache(maxsize=8)
def _points(path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Finding them reads a file of every installed package, so it is done once for what Python looks through."""
    del path
    return (*_OWN, *entry_points(group=GROUP))


def _origin(point: EntryPoint) -> str:
    package = "Ordo itself" if point in _OWN else "a package" if point.dist is None else point.dist.name
    return f"{package} ({point.value})"
