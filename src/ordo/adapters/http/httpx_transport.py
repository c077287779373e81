"""The same door for what speaks httpx2: a login flow, a test, an odd endpoint."""

from __future__ import annotations

from typing import Final

import httpx2

from ordo.adapters.http.client import HttpClient
from ordo.adapters.http.exchange import HttpRequest, NeverSent, ReplyLost, ReplyTimedOut

_OURS: Final = frozenset({"host", "content-length", "connection", "transfer-encoding"})
_UNPACKED: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class HttpClientTransport(httpx2.AsyncBaseTransport):
    """Lets an `httpx2.AsyncClient` send through an `HttpClient`, whose limits count and not the request's own.

    `httpx2.ConnectError` means that no byte left; `ReadTimeout` and `ReadError` that some may have. Closing it closes
    the client.
    """

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        headers = {name: value for name, value in request.headers.multi_items() if name.lower() not in _OURS}
        wanted = HttpRequest(method=request.method, url=str(request.url), headers=headers, body=body or None)
        try:
            reply = await self._client.send(wanted)
        except NeverSent as failure:
            raise httpx2.ConnectError(failure.reason, request=request) from None
        except ReplyTimedOut as failure:
            raise httpx2.ReadTimeout(failure.reason, request=request) from None
        except ReplyLost as failure:
            raise httpx2.ReadError(failure.reason, request=request) from None
        named = [(name, value) for name, value in reply.headers.items() if name not in _UNPACKED]
        return httpx2.Response(reply.status, headers=named, content=reply.body, request=request)

    async def aclose(self) -> None:
        await self._client.aclose()
