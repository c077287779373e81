"""A line to a broker's host that can be spoilt on this side, which no emulator can do from the other."""

from __future__ import annotations

import socket
from dataclasses import replace
from urllib.parse import urlsplit

from ordo.adapters.http.client import HttpClient
from ordo.adapters.http.exchange import HttpReply, HttpRequest

_SHORT = 0.2


class SpoiltLine(HttpClient):
    """The real client on real sockets. When told to, its next call finds nobody listening, or is short of patience: for
    a host that never answers.
    """

    def __init__(self) -> None:
        super().__init__()
        # Bound and not listening: the system refuses whoever connects, and gives the port to nobody else.
        self._nobody = socket.socket()
        self._nobody.bind(("127.0.0.1", 0))
        self._next: str | None = None

    def find_nobody(self) -> None:
        """The next call is refused its connection."""
        self._next = "nobody"

    def hurry(self) -> None:
        """The next call gives up soon."""
        self._next = "hurry"

    async def send(self, request: HttpRequest, *, total: float | None = None) -> HttpReply:
        """As the client does, after what was asked for."""
        spoilt, self._next = self._next, None
        if spoilt == "nobody":
            port = self._nobody.getsockname()[1]
            request = replace(request, url=urlsplit(request.url)._replace(netloc=f"127.0.0.1:{port}").geturl())
        return await super().send(request, total=_SHORT if spoilt == "hurry" else total)

    async def aclose(self) -> None:
        """Close all connections."""
        self._nobody.close()
        await super().aclose()
