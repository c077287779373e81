"""Looks at what listens, here and at the brokers: the port, the hosts, their clocks, and the way back of a login."""

from __future__ import annotations

import asyncio
import errno
import json
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

from ordo.adapters.http.client import HttpClient
from ordo.adapters.http.exchange import HttpFailure, HttpReply, HttpRequest
from ordo.container.checkup.finding import Check, Site
from ordo.container.checkup.stores import SKEW
from ordo.schemas.config.brokers import BrokerConfig, FyersConfig, HDFCConfig

_SECONDS: Final = 5.0
_NOT_FOUND: Final = 404
_FORBIDDEN: Final = 403
_SERVER_ERROR: Final = 500
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
# A path of the API that answers everybody, if only with a refusal in its own form.
_PATHS: Final[dict[type[BrokerConfig], str]] = {FyersConfig: "/profile", HDFCConfig: "/oapi/v3/user/profile"}
_CLOCK: Final = "set the clock of this machine, and keep it set by NTP (timedatectl set-ntp true)"


def port(site: Site) -> Check:
    """Whether `ordo serve` could listen."""
    name = f"port {site.port}"
    if site.served is not None:
        return Check(name=name, says=f"the gateway of this database serves {site.served}")
    try:
        socket.create_server((site.host, site.port)).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return Check(
                name=name,
                says=f"another program listens at {site.host} port {site.port}",
                means="`ordo serve` can't start there",
                do="stop it (`ss -ltnp` names it), or use `ordo serve --port` and a redirect address of that port",
            )
        return Check(
            name=name,
            says=f"nothing can listen at {site.host} port {site.port}: {error.strerror}",
            means="`ordo serve` can't start there",
            do="choose an address of this machine with --host, and a port above 1023 with --port",
        )
    return Check(name=name, says=f"{site.host} port {site.port} is free for `ordo serve`")


async def wires(site: Site, http: HttpClient) -> AsyncIterator[Check]:
    """The hosts of every broker that is enabled, and where its login comes back."""
    for adapter_id, config in site.settings.brokers.items():
        if config.enabled:
            async for check in _broker(site, adapter_id, config, http):
                yield check


async def _broker(site: Site, adapter_id: str, config: BrokerConfig, http: HttpClient) -> AsyncIterator[Check]:
    there = True
    for field in ("base_url", "data_url", "master_url"):
        address = str(getattr(config, field, None) or "")
        if urlsplit(address).hostname:  # A master may be a local file.
            path = _PATHS.get(type(config), "") if field == "base_url" else ""
            async for check in host(f"{adapter_id} {field}", address, path, http):
                there = there and (check.ok or field != "base_url")
                yield check
    if isinstance(config, FyersConfig):
        for check in redirect(site, adapter_id, config.redirect_uri):
            yield check
        if there:  # Else it is the host that must be mended, and that was said.
            yield await login_page(adapter_id, config, http)


async def host(name: str, address: str, path: str, http: HttpClient) -> AsyncIterator[Check]:
    """Whether a host is there, whether it is the one that is meant, and whether its clock agrees with this one."""
    parts = urlsplit(address)
    where = f"{parts.hostname} port {parts.port or (443 if parts.scheme == 'https' else 80)}"
    meant = f"check the address in ORDO_BROKERS__{name.upper().replace(' ', '__')}, and the network"
    away = "no order, login or reading passes at this broker"
    try:
        await asyncio.to_thread(_connect, parts)
    except OSError as error:
        yield Check(name=name, says=f"{where} can't be reached ({error.strerror or error})", means=away, do=meant)
        return
    before = datetime.now(tz=UTC)
    try:
        reply = await http.send(HttpRequest(method="GET", url=address + path, headers=_HEADERS), total=_SECONDS)
    except HttpFailure as failure:
        yield Check(name=name, says=f"{where} is there, but {failure.reason}", means=away, do=meant)
        return
    why = _stranger(reply) if path else None
    if path and reply.status == _FORBIDDEN and why is not None:
        meant = f"register this machine's public address for the app at the broker; or {meant}"
    if why is not None:
        yield Check(name=name, says=f"{address} does not answer as this broker's API does: {why}", means=away, do=meant)
    else:
        yield Check(name=name, says=f"{where} can be reached")
    skew = _skew(reply, before)
    if skew is not None:
        yield Check(
            name=f"clock by {parts.hostname}",
            says=f"this machine is {abs(skew).total_seconds():.0f} seconds {_side(skew)} it",
            means="sessions, market hours and the absence of a lost order are judged by a wrong time",
            do=_CLOCK,
        )


def _side(skew: timedelta) -> str:
    return "behind" if skew > timedelta() else "ahead of"


_HEADERS: Final = {"Accept": "application/json", "User-Agent": "Mozilla/5.0 (ordo doctor)"}


def _connect(parts: SplitResult) -> None:
    number = parts.port or (443 if parts.scheme == "https" else 80)
    socket.create_connection((parts.hostname or "", number), timeout=_SECONDS).close()


def _stranger(reply: HttpReply) -> str | None:
    """Why an answer is none of a broker's API; it refuses whom it does not know, in JSON."""
    if reply.status == _NOT_FOUND:
        return "it knows no such path (HTTP 404)"
    if reply.status >= _SERVER_ERROR:
        return f"HTTP {reply.status}"
    try:
        told = json.loads(reply.body)
    except ValueError:
        told = None
    return None if isinstance(told, dict) else f"HTTP {reply.status}, and no JSON"


def _skew(reply: HttpReply, before: datetime) -> timedelta | None:
    """By how much the host's clock is ahead of this one, where that is more than the way there can explain."""
    told = None
    with suppress(ValueError, KeyError):
        told = parsedate_to_datetime(reply.headers["date"])
    if told is None or told.tzinfo is None:
        return None
    # A host tells whole seconds, of a moment between the question and its answer.
    early, late = before - SKEW - timedelta(seconds=1), datetime.now(tz=UTC) + SKEW
    if told < early:
        return told - before
    return told - before if told > late else None


def redirect(site: Site, adapter_id: str, address: str) -> Iterator[Check]:
    """Whether something of this gateway listens where the broker's page sends the browser."""
    parts, name = urlsplit(address), f"{adapter_id} redirect_uri"
    lost = "the browser ends at a page that does not load; only pasting its address into `ordo login` finishes a login"
    try:
        number = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        number = 0
    if parts.path.rstrip("/") != f"/callback/{adapter_id}":
        do = f"let it end in /callback/{adapter_id}, here and at the broker"
        yield Check(
            name=name, says=f"its path is {parts.path}, where nothing of this gateway listens", means=lost, do=do
        )
    elif parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        do = "use https, or 127.0.0.1"
        yield Check(name=name, says=f"{address} is neither https nor on this machine", means=lost, do=do)
    elif parts.hostname not in _LOOPBACK:
        yield Check(name=name, says=f"{address}; a proxy there must lead to this gateway")
    else:
        yield _on_this_machine(site, name, parts, number)


def _on_this_machine(site: Site, name: str, parts: SplitResult, number: int) -> Check:
    address = parts.geturl()
    if site.served is not None:
        serves = urlsplit(site.served)
        if (serves.scheme, serves.port) == (parts.scheme, number):
            return Check(name=name, says=f"{address}, where the gateway listens; register it letter for letter")
        return Check(
            name=name,
            says=f"it leads to {parts.scheme} port {number}, and the gateway listens at {site.served}",
            means="a login that the API begins ends at a page that does not load",
            do=f"`ordo serve --port {number}`, or set it to {site.served}{parts.path}, here and at the broker",
        )
    if number != site.port and not _is_free(parts.hostname or "", number):
        return Check(
            name=name,
            says=f"it leads to port {number}, where another program listens, and `ordo serve` is to take {site.port}",
            means="that program would get the login's code, and the login is not finished",
            do=f"set it to {parts.scheme}://{parts.hostname}:{site.port}{parts.path}, here and at the broker, or stop"
            " the other program",
        )
    return Check(name=name, says=f"{address}; it must be registered at the broker letter for letter")


def _is_free(hostname: str, number: int) -> bool:
    try:
        family = socket.AF_INET6 if ":" in hostname else socket.AF_INET
        socket.create_server((hostname, number), family=family).close()
    except OSError:
        return False
    return True


async def login_page(adapter_id: str, config: FyersConfig, http: HttpClient) -> Check:
    """What the broker's login page says to this app and redirect address. It is asked as a browser asks, by nobody."""
    name = f"{adapter_id} login page"
    query = {
        "client_id": config.client_id,
        "redirect_uri": config.redirect_uri,
        "response_type": "code",
        "state": secrets.token_urlsafe(16),
    }
    page = f"{config.base_url}/generate-authcode?{urlencode(query)}"
    try:
        reply = await http.send(HttpRequest(method="GET", url=page, headers={"Accept": "text/html"}), total=_SECONDS)
    except HttpFailure as failure:
        return Check(name=name, says=f"it does not open: {failure.reason}", means=_NO_LOGIN, do="check base_url")
    words = _refusal(reply, config.redirect_uri)
    if words is not None:
        return Check(
            name=name,
            says=f"it refuses this app or its redirect address: {words}",
            means=_NO_LOGIN,
            do=f"at myapi.fyers.in, compare the app's id with {config.client_id}, and its redirect address, letter for"
            f" letter, with {config.redirect_uri}",
        )
    if reply.headers.get("location", "").startswith(config.redirect_uri):
        return Check(name=name, says="it takes the app, and sends browsers to the redirect address")
    return Check(name=name, says="it opens; if the redirect address is not registered, it says so to who logs in")


_NO_LOGIN: Final = "nobody can log in, so nothing can be traded"


def _refusal(reply: HttpReply, redirect_uri: str) -> str | None:
    """The page's words of refusal, `None` where it gives none."""
    location = reply.headers.get("location", "")
    if location.startswith(redirect_uri):
        told = {key: values[0] for key, values in parse_qs(urlsplit(location).query).items()}
        return told.get("message", "no reason given") if told.get("s") == "error" else None
    with suppress(ValueError):
        told = json.loads(reply.body)
        if isinstance(told, dict) and told.get("s") == "error":
            return f"{told.get('message', '')} [{told.get('code')}]".strip()
    return f"HTTP {reply.status}" if reply.status >= 400 else None  # noqa: PLR2004  (where HTTP's errors begin)
