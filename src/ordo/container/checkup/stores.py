"""Looks at what must last: secrets, disk, trail, keys, Redis."""

from __future__ import annotations

import asyncio
import shutil
import stat
from datetime import timedelta
from pathlib import Path
from typing import Final

from ordo.adapters.redis.server import RedisServer
from ordo.adapters.telemetry.archive import said_last, verify
from ordo.container.checkup.finding import Check, Site, told
from ordo.container.root import Container
from ordo.domain.errors import OrdoError
from ordo.schemas.config.settings import Settings

SKEW: Final = timedelta(seconds=2)
_FREE_BYTES: Final = 200 << 20
_SHORT: Final = 16
# A container mounts its secrets there for itself alone, readable to all in it.
_MOUNTED: Final = Path("/run/secrets")


def token(settings: Settings) -> Check:
    if settings.token is None:
        return Check(name="token", says="ORDO_TOKEN is not set: `ordo serve` makes one, and listens on loopback only")
    if len(settings.token.get_secret_value()) < _SHORT:
        return Check(
            name="token",
            says="ORDO_TOKEN is short enough to be guessed",
            means="who guesses it can place orders",
            do="set it to `openssl rand -hex 32`, and restart the gateway",
        )
    return Check(name="token", says="ORDO_TOKEN is set")


def secrets(site: Site) -> Check:
    """Whether others can read the files that secrets are in."""
    open_to_others = [
        str(path)
        for path in site.secret_files
        if _MOUNTED not in path.absolute().parents and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if open_to_others:
        return Check(
            name="secrets",
            says=f"{', '.join(open_to_others)} can be read by others on this machine",
            means="they can place orders, or read the brokers' tokens",
            do=f"chmod 600 {' '.join(open_to_others)}",
        )
    return Check(name="secrets", says="no file with a secret in it can be read by others")


async def room(site: Site, _: Container) -> Check:
    low = [
        str(place)
        for place in (site.settings.database_path.absolute().parent, site.settings.audit.dir.absolute())
        if place.exists() and shutil.disk_usage(place).free < _FREE_BYTES
    ]
    if low:
        return Check(
            name="room",
            says=f"less than 200 MB are free for {', '.join(low)}",
            means="when nothing is left, no order is sent, for none can be written down first",
            do="free disk space",
        )
    return Check(name="room", says="there is room for database and trail")


async def keys(site: Site, container: Container) -> Check:
    settings = site.settings
    path = settings.database_path.with_name(settings.database_path.name + ".key")
    kept = settings.master_keys is None
    if kept and not settings.is_on_a_server and not path.exists():
        return Check(
            name="keys",
            says=f"the key that was kept in {path} is gone, and ORDO_MASTER_KEYS is not set",
            means="what it has sealed, the brokers' sessions, can't be opened; orders are not touched by that",
            do=f"put {path} back; if it is lost, set ORDO_MASTER_KEYS to what `ordo keys new` prints, run"
            " `ordo keys rotate --forget-lost`, and log in again",
        )
    try:
        await container.keys().require()
    except OrdoError as error:
        return Check(
            name="keys",
            says=str(error),
            means="no gateway starts with these keys",
            do="put the missing key behind the others in ORDO_MASTER_KEYS; if it is lost,"
            " `ordo keys rotate --forget-lost`, and log in again",
        )
    if not kept:
        return Check(name="keys", says="ORDO_MASTER_KEYS opens everything that is sealed")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Check(
            name="keys",
            says=f"{path} can be read by others",
            means="with a copy of the database they can read the brokers' tokens",
            do=f"chmod 600 {path}",
        )
    return Check(name="keys", says=f"the key that is kept in {path} opens everything; keep it apart from back-ups")


async def audit(site: Site, container: Container) -> Check:
    container.audit().check()
    reports = await asyncio.to_thread(verify, site.settings.audit.dir)
    broken = [report for report in reports if report.fault is not None]
    if broken:
        return Check(
            name="audit",
            says=f"{', '.join(report.name for report in broken)} does not hold",
            means="a line was altered, cut off or taken away: the trail proves nothing from there on",
            do="`ordo audit verify` says where; put the file back from a copy, and find out who changed it",
        )
    return Check(name="audit", says=f"{sum(report.lines for report in reports)} lines, unbroken; it can be written")


async def clock(site: Site, container: Container) -> Check:
    now = container.clock().now()
    last = await asyncio.to_thread(said_last, site.settings.audit.dir)
    if last is not None and last > now + SKEW:
        return Check(
            name="clock",
            says=f"it says {told(now)}, and the trail was written at {told(last)} already",
            means="sessions, market hours and the absence of a lost order are judged by a wrong time",
            do="set the clock, and keep it set by NTP",
        )
    return Check(name="clock", says=f"it says {told(now)}, later than the trail")


async def redis(server: RedisServer) -> Check:
    try:
        await server.open()
        await server.close()
    except OrdoError as error:
        return Check(
            name="redis",
            says=str(error),
            means="no gateway of these settings starts, and one that runs places no order: its budgets are kept there",
            do="start Redis, or correct ORDO_REDIS_URL; one process with a SQLite file needs none",
        )
    return Check(name="redis", says="it answers")
