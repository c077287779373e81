"""What an operator does beside a gateway, running or not: over the same stores, without opening one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from ordo.adapters.sealing import generate_master_key
from ordo.adapters.telemetry.audit import FileAuditLog
from ordo.container.root import Container, container_for
from ordo.domain.sessions import Secret
from ordo.schemas.config.settings import Settings


@asynccontextmanager
async def administration(settings: Settings, *, of_sessions: bool = False) -> AsyncIterator[Container]:
    """The container of the settings with its database and trail open, and where the sessions are if they are needed;
    raises `Unavailable` (`STORE_UNAVAILABLE`).
    """
    container = container_for(settings)
    async with AsyncExitStack() as stack:
        audit = container.audit()
        if isinstance(audit, FileAuditLog):
            audit.open()
            stack.callback(audit.close)
        database = container.database()
        await database.open()
        stack.push_async_callback(database.close)
        redis = container.redis()
        if of_sessions and redis is not None:
            await redis.open()
            stack.push_async_callback(redis.close)
        yield container


def new_master_key() -> Secret:
    """A master key that nobody else has."""
    return generate_master_key()
