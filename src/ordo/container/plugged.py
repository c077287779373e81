"""The plug-in behind a configured kind."""

from __future__ import annotations

from typing import Any

from ordo.plugins import BrokerPlugin
from ordo.schemas.config.kinds import kind_named
from ordo.schemas.config.settings import ConfigurationError


def plugin_of(kind: str) -> BrokerPlugin[Any]:
    """The whole plug-in; raises `ConfigurationError` where nothing can be made of it."""
    plugin = kind_named(kind)
    if not isinstance(plugin, BrokerPlugin):
        lacking = ", ".join(name for name in ("line", "master", "pace") if not hasattr(plugin, name))
        raise ConfigurationError(
            f"The plug-in of the broker kind {kind!r} ({type(plugin).__module__}) lacks {lacking}; it was made for"
            " another version of Ordo."
        )
    return plugin
