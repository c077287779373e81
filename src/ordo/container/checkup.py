"""Whether this installation could trade now, part by part, each with what to do. Nothing is changed by looking."""

from __future__ import annotations

import asyncio
import shutil
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from ordo.adapters.telemetry.archive import said_last, verify
from ordo.container.administration import administration
from ordo.container.root import Container
from ordo.domain.errors import OrdoError
from ordo.domain.masters import MasterState
from ordo.domain.sessions import SessionState
from ordo.schemas.config.settings import ConfigurationError, Settings

_SECONDS: Final = 5.0
_SKEW: Final = timedelta(seconds=2)
_FREE_BYTES: Final = 200 << 20
_SHORT: Final = 16
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One part. `do` is what a person has to do; empty where there is nothing to do."""

    name: str
    says: str
    do: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is as it should be."""
        return not self.do


async def checkup(settings: Settings) -> AsyncIterator[Check]:
    """Every part in turn; a part that can't be looked at is a finding, and the others go on."""
    yield _token(settings)
    async for check in _hosts(settings):
        yield check
    for check in _redirects(settings):
        yield check
    if not settings.database_path.exists():
        yield Check(name="database", says=f"there is no {settings.database_path} yet; `ordo serve` makes it")
        return
    try:
        async with administration(settings) as container:
            yield Check(name="database", says=f"{settings.database_path} opens, and its tables are of this version")
            for look in (_room, _keys, _trail, _clock):
                yield await _looked(look, settings, container)
            async for check in _standings(container):
                yield check
    except (OrdoError, ConfigurationError) as error:
        yield Check(name="stores and keys", says=str(error), do="see the message")


async def _looked(
    look: Callable[[Settings, Container], Awaitable[Check]], settings: Settings, container: Container
) -> Check:
    try:
        return await look(settings, container)
    except (OrdoError, OSError) as error:
        return Check(name=look.__name__.removeprefix("_"), says=str(error), do="see the message")


def _token(settings: Settings) -> Check:
    if settings.token is None:
        return Check(name="token", says="ORDO_TOKEN is not set: `ordo serve` makes one, and listens on loopback only")
    if len(settings.token.get_secret_value()) < _SHORT:
        return Check(
            name="token", says="ORDO_TOKEN is short enough to be guessed", do="set it to `openssl rand -hex 32`"
        )
    return Check(name="token", says="ORDO_TOKEN is set")


async def _room(settings: Settings, _: Container) -> Check:
    low = [
        str(place)
        for place in (settings.database_path.absolute().parent, settings.audit.dir.absolute())
        if place.exists() and shutil.disk_usage(place).free < _FREE_BYTES
    ]
    if low:
        return Check(name="room", says=f"less than 200 MB are free for {', '.join(low)}", do="free disk space")
    return Check(name="room", says="there is room for database and trail")


async def _keys(settings: Settings, container: Container) -> Check:
    await container.keys().require()
    if settings.master_keys is not None:
        return Check(name="keys", says="ORDO_MASTER_KEYS opens everything that is sealed")
    path = settings.database_path.with_name(settings.database_path.name + ".key")
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Check(name="keys", says=f"{path} can be read by others", do=f"chmod 600 {path}")
    return Check(name="keys", says=f"the key that is kept in {path} opens everything; keep it apart from back-ups")


async def _trail(settings: Settings, container: Container) -> Check:
    container.audit().check()
    reports = await asyncio.to_thread(verify, settings.audit.dir)
    broken = [report for report in reports if report.fault is not None]
    if broken:
        return Check(
            name="audit",
            says=f"{', '.join(report.name for report in broken)} does not hold",
            do="`ordo audit verify` says where",
        )
    return Check(name="audit", says=f"{sum(report.lines for report in reports)} lines, unbroken; it can be written")


async def _clock(settings: Settings, container: Container) -> Check:
    now = container.clock().now()
    last = await asyncio.to_thread(said_last, settings.audit.dir)
    if last is not None and last > now + _SKEW:
        return Check(
            name="clock",
            says=f"it says {now.isoformat()}, and the trail was written at {last.isoformat()} already",
            do="set the clock, and keep it set by NTP",
        )
    return Check(name="clock", says=f"it says {now.isoformat()}, later than the trail")


async def _standings(container: Container) -> AsyncIterator[Check]:
    await container.instruments().open()
    status = await container.gateway().status.status()
    for session in status.sessions:
        active = session.state is SessionState.ACTIVE
        until = "" if session.expires_at is None else f" until {session.expires_at.isoformat()}"
        yield Check(
            name=f"session {session.account}",
            says=f"{session.state}{until if active else ''}",
            do="" if active else session.advice,
        )
    for master in status.masters:
        current = master.state is MasterState.CURRENT
        yield Check(
            name=f"master {master.name}",
            says=f"{master.state}, as of {master.as_of}, {master.rows} rows",
            do="" if current else "`ordo instruments sync`",
        )
    for order in status.unknown_orders:
        yield Check(
            name=f"order {order.order_id}",
            says=f"whether {order.account} has it is not known since {order.created_at.isoformat()}",
            do="never repeat it under another key; while Ordo does not find it, ask the broker, then `ordo resolve`",
        )
    if status.calendar_problem is not None:
        yield Check(name="calendar", says=status.calendar_problem, do="mend the file of ORDO_CALENDAR__OVERRIDE")


async def _hosts(settings: Settings) -> AsyncIterator[Check]:
    for adapter_id, config in settings.brokers.items():
        for field in ("base_url", "data_url", "master_url"):
            address = getattr(config, field, None)
            if config.enabled and address is not None:
                yield await asyncio.to_thread(_host, f"{adapter_id} {field}", str(address))


def _host(name: str, address: str) -> Check:
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=_SECONDS) as connection:
            told = None if parts.scheme == "https" else _date(connection, parts.netloc)
    except OSError as error:
        return Check(
            name=name,
            says=f"{parts.hostname} port {port} can't be reached ({error.strerror or error})",
            do="check the network, and whether the broker knows this machine's address",
        )
    if told is not None and abs(told - datetime.now(tz=UTC)) > _SKEW:
        return Check(
            name=name,
            says=f"{parts.hostname} says that it is {told.isoformat()}",
            do="set the clock, and keep it set by NTP",
        )
    return Check(name=name, says=f"{parts.hostname} port {port} can be reached")


def _date(connection: socket.socket, host: str) -> datetime | None:
    """The time that a host tells in its answer; `None` where it tells none."""
    connection.sendall(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    for line in connection.recv(4096).decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "date":
            with suppress(ValueError):
                return parsedate_to_datetime(value.strip())
    return None


def _redirects(settings: Settings) -> Iterator[Check]:
    for adapter_id, config in settings.brokers.items():
        address = getattr(config, "redirect_uri", None)
        if not config.enabled or address is None:
            continue
        parts = urlsplit(str(address))
        name = f"{adapter_id} redirect_uri"
        if parts.path.rstrip("/") != f"/callback/{adapter_id}":
            yield Check(
                name=name,
                says=f"its path is {parts.path}, where nothing of this gateway listens",
                do=f"let it end in /callback/{adapter_id}, here and at the broker",
            )
        elif parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            yield Check(name=name, says="it is neither https nor on this machine", do="use https, or 127.0.0.1")
        else:
            yield Check(name=name, says=f"{address}; it must be registered at the broker letter for letter")
