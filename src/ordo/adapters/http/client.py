"""Sends requests to a broker's hosts, each exactly once, and says whether a byte of it may have left."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal

from ordo.adapters.http.carrier import BrokenOff, Carrier, Evidence
from ordo.adapters.http.exchange import HttpReply, HttpRequest, NeverSent, ReplyLost, ReplyTimedOut
from ordo.adapters.http.limits import HttpLimits
from ordo.adapters.http.unpacking import unpacked
from ordo.adapters.http.wording import Worded, worded

Transport = Literal["own", "stock"]


class HttpClient:
    """Keeps connections to any number of hosts. No cookie, redirect, retry, proxy or netrc is ever followed.

    Belongs to the event loop of its first call; `aclose` when done. Cancelling a call closes its connection. `tls` says
    whom to trust, if not those whom the system trusts; ValueError unless it checks certificates and names.
    """

    def __init__(
        self, limits: HttpLimits | None = None, *, transport: Transport = "own", tls: ssl.SSLContext | None = None
    ) -> None:
        if tls is not None and not (tls.verify_mode is ssl.CERT_REQUIRED and tls.check_hostname):
            raise ValueError("a context for TLS must check the host's certificate and its name")
        self._limits = limits or HttpLimits()
        self._carrier = _carrier(transport, self._limits, _tls if tls is None else lambda: tls)

    async def send(self, request: HttpRequest, *, total: float | None = None) -> HttpReply:
        """Send a request; `total` (seconds) overrides the limit.

        Raises `NeverSent` with the evidence that no byte left, else `ReplyLost`; a body that is cut, too large or
        packed unreadably is no answer.
        """
        wording = worded(request)
        sent = Evidence()
        try:
            reply = await self._carry(request, wording, sent, self._limits.total if total is None else total)
        except TimeoutError:
            if not sent.begun:
                raise NeverSent("no connection in time") from None
            raise ReplyTimedOut("no whole answer in time") from None
        except (BrokenOff, OSError) as error:
            what = error.reason if isinstance(error, BrokenOff) else type(error).__name__
            if not sent.begun:
                raise NeverSent(f"no connection ({what})") from None
            raise ReplyLost(f"the answer broke off or is none ({what})") from None
        coding = reply.headers.get("content-encoding")
        return reply if coding is None else self._unpacked(reply, coding)

    async def aclose(self) -> None:
        """Close all connections. A client that is used again opens new ones."""
        await self._carrier.aclose()

    def _carry(
        self, request: HttpRequest, wording: Worded, sent: Evidence, total: float
    ) -> Coroutine[Any, Any, HttpReply]:
        return self._carrier.carry(request, wording, sent, total)

    def _unpacked(self, reply: HttpReply, coding: str) -> HttpReply:
        try:
            return replace(reply, body=unpacked(reply.body, coding, self._limits.size))
        except ValueError as error:
            raise ReplyLost(f"the answer's body is none: {error}") from None


def _carrier(transport: Transport, limits: HttpLimits, tls: Callable[[], ssl.SSLContext]) -> Carrier:
    if transport == "stock":
        from ordo.adapters.http.stock import StockCarrier

        return StockCarrier(limits, tls)
    from ordo.adapters.http.own import OwnCarrier

    return OwnCarrier(limits, tls)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    # One for all: making it reads the whole store of trusted roots.
    import httpx2

    context = httpx2.create_ssl_context(trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    return context
