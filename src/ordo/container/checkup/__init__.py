"""Whether this installation could trade now, part by part, each with what to do. Nothing is changed by looking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from ordo.adapters.http.client import HttpClient
from ordo.adapters.sql.file import revision_of
from ordo.adapters.sql.schema import HEAD
from ordo.container.administration import administration
from ordo.container.checkup.brokers import brokers
from ordo.container.checkup.finding import Check, Site, looked
from ordo.container.checkup.standing import standing
from ordo.container.checkup.stores import audit, clock, keys, redis, room, secrets, token
from ordo.container.checkup.wires import port, wires
from ordo.container.root import Container, container_for
from ordo.domain.errors import ErrorCode, OrdoError
from ordo.schemas.config.settings import ConfigurationError

__all__ = ["Check", "Site", "checkup"]


async def checkup(site: Site) -> AsyncIterator[Check]:
    """Every part in turn; a part that can't be looked at is a finding, and the others go on."""
    yield token(site.settings)
    yield secrets(site)
    yield port(site)
    async with AsyncExitStack() as stack:
        http = HttpClient()
        stack.push_async_callback(http.aclose)
        async for check in wires(site, http):
            yield check
        server = container_for(site.settings).redis()
        if server is not None:
            yield await redis(server)
        behind = _behind(site)
        if behind is not None:
            yield behind
            return
        try:
            container = await stack.enter_async_context(administration(site.settings))
        except (OrdoError, ConfigurationError) as error:
            yield _unopened(error)
            return
        async for check in _within(site, container, stack):
            yield check


async def _within(site: Site, container: Container, stack: AsyncExitStack) -> AsyncIterator[Check]:
    """What is looked at through an open database."""
    place = "PostgreSQL" if site.settings.is_on_a_server else str(site.settings.database_path)
    yield Check(name="database", says=f"{place} opens, and its tables are of this version")
    for look in (room, audit, clock):
        yield await looked(look, site, container)
    sealed = await looked(keys, site, container)
    yield sealed
    if not sealed.ok:
        return  # Sessions can't be read, and what needs them can't be told.
    stack.push_async_callback(container.broker_wire().aclose)
    try:
        shared = container.redis()
        if shared is not None:
            await shared.open()
            stack.push_async_callback(shared.close)
        for part in (standing(container), brokers(site, container)):
            async for check in part:
                yield check
    except (OrdoError, ConfigurationError) as error:
        yield Check(
            name="standing",
            says=str(error),
            means="sessions, masters and unknown orders can't be told",
            do="mend what is named above, and look again",
        )


def _behind(site: Site) -> Check | None:
    """A file that is not there, or whose tables opening it would change."""
    settings = site.settings
    if settings.is_on_a_server:
        return None
    path = settings.database_path
    if not path.exists():
        return Check(name="database", says=f"there is no {path} yet; `ordo serve` makes it")
    try:
        found = revision_of(path)
    except OrdoError as error:
        return _unopened(error)
    if found == HEAD:
        return None
    standing = (
        "has no tables of Ordo" if found is None else f"is of revision {found}, and this version works with {HEAD}"
    )
    return Check(
        name="database",
        says=f"{path} {standing}",
        means="the next `ordo serve` brings it up to date, and no older version can read it then",
        do="stop every gateway, copy the file, then run `ordo db upgrade`; if that refuses, start the version that"
        " wrote it",
    )


def _unopened(error: OrdoError | ConfigurationError) -> Check:
    is_setting = isinstance(error, ConfigurationError) or error.code is ErrorCode.VALIDATION_ERROR
    behind = "ordo db upgrade" in str(error)
    return Check(
        name="settings" if is_setting else "database",
        says=str(error),
        means="no gateway can start, and nothing that it keeps can be looked at",
        do="make a back-up, then run `ordo db upgrade` once, while no gateway runs"
        if behind
        else "set what is named there"
        if is_setting
        else "start the database, or correct ORDO_DATABASE_URL",
    )
