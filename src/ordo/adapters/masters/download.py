"""Brings one master file from a web server, and is led nowhere else."""

from __future__ import annotations

import tempfile
from datetime import UTC, date
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2

from ordo.adapters.masters.fetched import Fetched, FetchLimits, NoSuchMaster, unreachable
from ordo.domain.calendar import trading_day
from ordo.domain.master_rows import MasterRefused

_REDIRECTS: Final = 3
_REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_OK: Final = 200
_NOT_FOUND: Final = 404


async def downloaded(source: str, where: str, limits: FetchLimits) -> Fetched:
    """Bring the file at an http(s) URL. Raises what `fetch` raises."""
    timeout = httpx2.Timeout(limits.silence_seconds, connect=limits.connect_seconds)
    # Nothing of the environment: a proxy could hand out other lots.
    async with httpx2.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False) as client:
        try:
            url = httpx2.URL(where)
            for _ in range(_REDIRECTS + 1):
                async with client.stream("GET", url) as answer:
                    if answer.status_code in _REDIRECT_STATUSES:
                        url = _led(source, url, answer)
                        continue
                    return await _saved(source, answer, limits)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise unreachable(source, _shown(where), f"it can't be fetched ({type(error).__name__})") from None
    raise MasterRefused(source, f"{_shown(where)}: it redirects more than {_REDIRECTS} times")


def _led(source: str, url: httpx2.URL, answer: httpx2.Response) -> httpx2.URL:
    following = url.join(answer.headers.get("location", ""))
    if (following.scheme, following.host, following.port) != (url.scheme, url.host, url.port):
        raise MasterRefused(source, f"{_shown(str(url))}: it redirects to another place, {following.host}")
    return following


async def _saved(source: str, answer: httpx2.Response, limits: FetchLimits) -> Fetched:
    where = _shown(str(answer.url))
    if answer.status_code == _NOT_FOUND:
        raise unreachable(source, where, "there is no such file (HTTP 404)", NoSuchMaster)
    if answer.status_code != _OK:
        raise unreachable(source, where, f"HTTP {answer.status_code}")
    binary = tempfile.TemporaryFile()  # noqa: SIM115  (whoever asked for the file closes it)
    fetched = Fetched(source=source, where=where, binary=binary, dated=_dated(answer), limit=limits.size)
    try:
        await _save(answer, fetched)
    except BaseException:
        fetched.close()
        raise
    return fetched


async def _save(answer: httpx2.Response, fetched: Fetched) -> None:
    size = 0
    async for chunk in answer.aiter_bytes(1 << 16):
        size += len(chunk)
        if size > fetched.limit:
            raise fetched.refused(f"it is larger than {fetched.limit} bytes")
        fetched.binary.write(chunk)


def _dated(answer: httpx2.Response) -> date | None:
    try:
        moment = parsedate_to_datetime(answer.headers["last-modified"])
    except (KeyError, ValueError):
        return None
    return trading_day(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _shown(where: str) -> str:
    """A URL without what may be secret in it: credentials and the query."""
    try:
        url = httpx2.URL(where)
    except httpx2.InvalidURL:
        return "the URL"
    return f"{url.scheme}://{url.host}{'' if url.port is None else f':{url.port}'}{url.path}"
