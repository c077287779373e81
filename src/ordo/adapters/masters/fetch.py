"""Brings one master file from a URL or a path, never trusting its size, its kind or where it leads."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from ordo.adapters.masters.fetched import Fetched, FetchLimits, NoSuchMaster, unreachable
from ordo.domain.calendar import trading_day


async def fetch(source: str, where: str, limits: FetchLimits) -> Fetched:
    """Bring the file at an http(s) URL or a local path.

    Raises `NoSuchMaster` when it is not there, `Unavailable` when its place can't be reached, and `MasterRefused` when
    it is too large or leads to another host.
    """
    if not where.startswith(("http://", "https://")):
        # Not in a thread: a file that opens after its caller was cancelled would belong to nobody.
        return _opened(source, where, limits)
    # Its client is loaded with the first download: a gateway that finds its masters in the database starts without.
    from ordo.adapters.masters.download import downloaded

    try:
        async with asyncio.timeout(limits.total_seconds):
            return await downloaded(source, where, limits)
    except TimeoutError:
        raise unreachable(source, where, f"no whole file came within {limits.total_seconds:g} seconds") from None


def _opened(source: str, where: str, limits: FetchLimits) -> Fetched:
    path = Path(where.removeprefix("file://"))
    try:
        found = path.stat()
        binary = path.open("rb")
    except FileNotFoundError:
        raise unreachable(source, path.name, "there is no such file", NoSuchMaster) from None
    except OSError as error:
        raise unreachable(source, path.name, f"the file can't be opened ({error.strerror})") from None
    fetched = Fetched(
        source=source,
        where=path.name,
        binary=binary,
        dated=trading_day(datetime.fromtimestamp(found.st_mtime, UTC)),
        limit=limits.size,
    )
    if found.st_size > limits.size:
        fetched.close()
        raise fetched.refused(f"it is larger than {limits.size} bytes")
    return fetched
