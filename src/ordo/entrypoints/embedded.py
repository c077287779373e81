"""Direct use: the application services themselves, in the caller's own event loop, without HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ordo.application.gateway import Gateway
from ordo.container.lifespan import running
from ordo.container.root import container_for
from ordo.schemas.config.settings import Settings, load_settings


@asynccontextmanager
async def open_gateway(settings: Settings | None = None) -> AsyncIterator[Gateway]:
    """Open a gateway with the given settings, or with those of the environment and `ordo.toml`.

    Everything behaves as over HTTP: the same checks, the same keys, the same trail. Raises
    `ConfigurationError` for settings that can't be used and `Unavailable` (`STORE_UNAVAILABLE`) when a store
    can't be opened. Leaving the context carries writes under way to their end.
    """
    async with running(container_for(settings or load_settings())) as gateway:
        yield gateway
