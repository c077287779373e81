"""Sends requests to a broker's hosts, each exactly once, and says whether a byte of it may have left."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import httpx2

from ordo.adapters.http.exchange import HttpReply, HttpRequest, NeverSent, ReplyLost, ReplyTimedOut

_FIRST_BYTE: Final = "send_request_headers.started"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """Seconds: `connect` to have a connection, a wait for a free one included; `silence` between two bytes; `total`
    for the whole call. `size`: the most bytes an answer's body may have, unpacked. `connections`: at once, at most.
    """

    connect: float = 3.0
    silence: float = 10.0
    total: float = 15.0
    size: int = 32 * 1024 * 1024
    connections: int = 64


class HttpClient:
    """Keeps connections to any number of hosts. No cookie, redirect, retry, proxy or netrc is ever followed.

    Belongs to the event loop of its first call; `aclose` when done. Cancelling a call closes its connection.
    """

    def __init__(self, limits: HttpLimits | None = None) -> None:
        self._limits = limits or HttpLimits()
        self._client: httpx2.AsyncClient | None = None

    async def send(self, request: HttpRequest, *, total: float | None = None) -> HttpReply:
        """Send a request; `total` (seconds) overrides the limit.

        Raises `NeverSent` with the evidence that no byte left, else `ReplyLost`; a body that is cut, too large or
        packed unreadably is no answer.
        """
        sent = _Evidence()
        try:
            async with asyncio.timeout(self._limits.total if total is None else total):
                return await self._exchange(request, sent)
        except (TimeoutError, httpx2.TimeoutException):
            if not sent.begun:
                raise NeverSent("no connection in time") from None
            raise ReplyTimedOut("no whole answer in time") from None
        except httpx2.InvalidURL as error:
            raise NeverSent(f"the address is none ({type(error).__name__})") from None
        except (httpx2.HTTPError, OSError) as error:
            what = type(error).__name__
            if not sent.begun:
                raise NeverSent(f"no connection ({what})") from None
            raise ReplyLost(f"the answer broke off or is none ({what})") from None

    async def aclose(self) -> None:
        """Close all connections. A client that is used again opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _exchange(self, request: HttpRequest, sent: _Evidence) -> HttpReply:
        client = self._open()
        url = httpx2.URL(request.url)
        if url.scheme not in ("http", "https") or not url.host:
            raise httpx2.InvalidURL("not an address of HTTP")
        headers = [("Host", url.netloc.decode("ascii")), *request.headers.items()]
        extensions = {"trace": sent.hear, **self._timeout()}
        wired = httpx2.Request(request.method, url, headers=headers, content=request.body, extensions=extensions)
        response = await client.send(wired, stream=True)
        try:
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > self._limits.size:
                    raise httpx2.DecodingError(f"larger than {self._limits.size} bytes")
            named = {name.lower(): value for name, value in response.headers.multi_items()}
            return HttpReply(status=response.status_code, headers=named, body=bytes(body))
        finally:
            await response.aclose()

    def _timeout(self) -> dict[str, Any]:
        limits = self._limits
        return {
            "timeout": {
                "connect": limits.connect,
                "pool": limits.connect,
                "read": limits.silence,
                "write": limits.silence,
            }
        }

    def _open(self) -> httpx2.AsyncClient:
        if self._client is None:
            limits = httpx2.Limits(
                max_connections=self._limits.connections, max_keepalive_connections=self._limits.connections
            )
            self._client = httpx2.AsyncClient(
                verify=_tls(), trust_env=False, follow_redirects=False, limits=limits, cookies=_NoCookies()
            )
        return self._client


class _Evidence:
    """Whether the first byte of the request was handed to the network."""

    __slots__ = ("begun",)

    def __init__(self) -> None:
        self.begun = False

    async def hear(self, event: str, _: object) -> None:
        if event.endswith(_FIRST_BYTE):
            self.begun = True


class _NoCookies(httpx2.Cookies):
    def extract_cookies(self, response: httpx2.Response) -> None:
        pass


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    # One for all: making it reads the whole store of trusted roots.
    return httpx2.create_ssl_context(trust_env=False)
