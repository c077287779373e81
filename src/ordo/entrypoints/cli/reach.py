"""How a command finds its gateway: an address that it is given, the one that serves the same database, or one of its
own. All three are spoken to through the client, so a command can't tell them apart.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ordo.client import AsyncOrdoClient, OrdoApiError
from ordo.client.announcement import Announcement, beside, read
from ordo.entrypoints.cli.outcome import InputError
from ordo.schemas.config.settings import load_settings

_HEALTH_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the person said about where to go."""

    url: str | None = None
    token: str | None = None

    def __repr__(self) -> str:
        return f"Target(url={self.url!r})"


@asynccontextmanager
async def reached(target: Target) -> AsyncIterator[AsyncOrdoClient]:
    """A client of the gateway; raises `ConfigurationError`, `InputError`, or what keeps a gateway from opening."""
    url = target.url or os.environ.get("ORDO_URL") or None
    token = target.token or os.environ.get("ORDO_TOKEN") or None
    if url is None:
        settings = load_settings()
        if token is None and settings.token is not None:
            token = settings.token.get_secret_value()
        found = read(beside(settings.database_path))
        if found is not None and await serves(found):
            url, token = found.url, token or found.token
            if token is None:
                raise InputError(
                    f"A gateway serves this database at {url} (process {found.pid}), and it was given its token. Give"
                    " the same one with --token or ORDO_TOKEN. Nothing was sent."
                )
    if url is None:
        async with _own(token or secrets.token_urlsafe(32)) as client:
            yield client
    else:
        async with _client(url, token) as client:
            yield client


async def serves(found: Announcement) -> bool:
    """Whether the gateway of the file is still there; one that was killed leaves its file behind."""
    try:
        async with AsyncOrdoClient(found.url, token="", timeout=_HEALTH_SECONDS) as client:
            await client.health()
    except (OrdoApiError, ValueError):
        return False
    return True


@asynccontextmanager
async def _own(token: str) -> AsyncIterator[AsyncOrdoClient]:
    from ordo.entrypoints.cli.in_process import application

    # A command says what matters and no more, unless it is told otherwise.
    level = os.environ.get("ORDO_LOG__LEVEL", "WARNING")
    async with (
        application(ORDO_TOKEN=token, ORDO_LOG__LEVEL=level) as app,
        AsyncOrdoClient(token=token, app=app) as client,
    ):
        yield client


def _client(url: str, token: str | None) -> AsyncOrdoClient:
    try:
        return AsyncOrdoClient(url, token)
    except ValueError as error:
        raise InputError(f"{error}. Nothing was sent.") from None
