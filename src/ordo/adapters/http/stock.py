"""The stock transport: httpx2 with all that it would do by itself turned off."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, Final

import httpx2

from ordo.adapters.http.carrier import BrokenOff, Carrier, Evidence
from ordo.adapters.http.exchange import HttpReply, HttpRequest
from ordo.adapters.http.limits import HttpLimits
from ordo.adapters.http.wording import Worded

_FIRST_BYTE: Final = "send_request_headers.started"
_LAST_BYTE: Final = "send_request_body.complete"


class StockCarrier(Carrier):
    """No cookie, redirect, retry, proxy or netrc is ever followed."""

    def __init__(self, limits: HttpLimits, tls: Callable[[], ssl.SSLContext]) -> None:
        self._limits = limits
        self._tls = tls
        self._client: httpx2.AsyncClient | None = None

    async def carry(self, request: HttpRequest, worded: Worded, sent: Evidence, total: float) -> HttpReply:
        try:
            async with (
                asyncio.timeout(total),
                asyncio.timeout(self._limits.connect + self._limits.handshake) as leaving,
            ):
                return await self._exchange(request, worded, sent, leaving)
        except httpx2.TimeoutException as error:
            raise TimeoutError(type(error).__name__) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise BrokenOff(type(error).__name__) from None

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _exchange(
        self, request: HttpRequest, worded: Worded, sent: Evidence, leaving: asyncio.Timeout
    ) -> HttpReply:
        async def hear(event: str, _: object) -> None:
            if event.endswith(_FIRST_BYTE):
                sent.begin()
                # Below, each of a place, TCP and TLS has a limit of its own; together they have this one.
                leaving.reschedule(None)
            elif event.endswith(_LAST_BYTE):
                sent.end()

        headers = [("Host", worded.origin.netloc), *request.headers.items()]
        extensions = {"trace": hear, **self._timeout()}
        wired = httpx2.Request(
            request.method, request.url, headers=headers, content=request.body, extensions=extensions
        )
        response = await self._open().send(wired, stream=True)
        try:
            body = bytearray()
            async for part in response.aiter_raw():
                body += part
                if len(body) > self._limits.size:
                    raise BrokenOff(f"the answer is larger than {self._limits.size} bytes")
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
                "read": max(limits.first, limits.silence),
                "write": limits.write,
            }
        }

    def _open(self) -> httpx2.AsyncClient:
        if self._client is None:
            # What comes behind an answer, h11 keeps, and gives it to the next request on the connection for its own.
            limits = httpx2.Limits(max_connections=self._limits.connections, max_keepalive_connections=0)
            self._client = httpx2.AsyncClient(
                verify=self._tls(), trust_env=False, follow_redirects=False, limits=limits, cookies=_NoCookies()
            )
        return self._client


class _NoCookies(httpx2.Cookies):
    def extract_cookies(self, response: httpx2.Response) -> None:
        pass
