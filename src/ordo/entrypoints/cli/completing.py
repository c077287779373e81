"""What the shell offers behind TAB. It reads settings and asks a running gateway, briefly; it opens nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

from ordo.client import AsyncOrdoClient, OrdoApiError
from ordo.client.announcement import beside, read
from ordo.schemas.config.brokers import PaperConfig
from ordo.schemas.config.settings import ConfigurationError, Settings, load_settings

_SECONDS = 1.0
_MOST = 50


def adapters(incomplete: str) -> list[str]:
    """The brokers that are configured."""
    return [name for name in _brokers() if name.startswith(incomplete)]


def accounts(incomplete: str) -> list[str]:
    """Accounts in full: those of the settings, and those that a running gateway has a session of."""

    async def asked(ordo: AsyncOrdoClient) -> list[str]:
        return [session.account for session in await ordo.sessions.list()]

    of_paper = [
        f"{name}/{account}"
        for name, config in _brokers().items()
        if isinstance(config, PaperConfig)
        for account in config.accounts
    ]
    found = dict.fromkeys([*of_paper, *_of_gateway(asked)])
    begun = [name for name in (f"{adapter}/" for adapter in _brokers()) if not _any_of(name, found)]
    return [name for name in (*found, *begun) if name.startswith(incomplete)]


def account_ids(adapter_id: str | None, incomplete: str) -> list[str]:
    """The account ids at one broker."""
    full = accounts(f"{adapter_id}/{incomplete}")
    return [account_id for account_id in (name.partition("/")[2] for name in full) if account_id]


def instruments(incomplete: str) -> list[str]:
    """Keys that begin so, where a gateway runs that can be asked."""

    async def asked(ordo: AsyncOrdoClient) -> list[str]:
        return [one.key for one in await ordo.instruments.search(incomplete, limit=_MOST)]

    wanted = incomplete.upper()
    return [key for key in (_of_gateway(asked) if wanted else []) if key.startswith(wanted)]


def _any_of(prefix: str, names: dict[str, None]) -> bool:
    return any(name.startswith(prefix) for name in names)


def _settings() -> Settings | None:
    try:
        return load_settings()
    except ConfigurationError:
        return None


def _brokers() -> dict[str, object]:
    settings = _settings()
    return {} if settings is None else {name: one for name, one in settings.brokers.items() if one.enabled}


def _of_gateway(ask: Callable[[AsyncOrdoClient], Awaitable[list[str]]]) -> list[str]:
    settings = _settings()
    if settings is None:
        return []
    url, token = os.environ.get("ORDO_URL"), settings.token.get_secret_value() if settings.token else None
    if not url:
        found = read(beside(settings.database_path))
        if found is None:
            return []
        url, token = found.url, token or found.token

    async def asked() -> list[str]:
        async with AsyncOrdoClient(url, token or "", timeout=_SECONDS) as ordo:
            return await ask(ordo)

    try:
        return asyncio.run(asked())
    except (OrdoApiError, ValueError):
        return []
