"""How a socket is served: by uvicorn, which sets no limit to the patience or the size that a stranger may ask for."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import deque
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ordo.application.context import new_correlation_id
from ordo.entrypoints.cli.outcome import InputError
from ordo.schemas.config.settings import HttpConfig

_MOST_HEADERS: Final = 100
_NOWHERE: Final[Any] = deque(maxlen=0)
"""Keeps nothing of what is put there."""


class TooMuch(Exception):
    """The head of a request is larger than this gateway reads."""


class Guarded(HttpToolsProtocol):
    """One connection. It has so many seconds for the head of a request and so many for its body, from the moment that
    it opens; so many connections may be open at once, and a head may have so many bytes. What stands behind a body is
    no header. What can't be read at all is answered in the shape of every other failure.
    """

    limits: ClassVar[HttpConfig]

    def __init__(self, *args: Any, **named: Any) -> None:  # noqa: ANN401  (uvicorn's own)
        super().__init__(*args, **named)
        self._deadline: asyncio.TimerHandle | None = None
        self._due: float | None = None
        self._head = self._most = self._part = 0
        self._chunk: int | None = None
        self._reads_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.limits.max_connections:
            transport.abort()
            return
        self._arm(self.limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # What came whole in one piece needs no clock: only what is still awaited after it sets one.
        if self._deadline is None and getattr(self.cycle, "response_complete", True):
            self._due = self.limits.head_seconds
        self._part = len(data)
        if self._reads_head:
            self._head += self._part
            self._most += self._part
        elif self._chunk is not None:
            self._chunk += self._part
            if self._chunk > self.limits.max_body_bytes + self.limits.max_head_bytes:
                self.transport.close()
                return
        super().data_received(data)
        if self._due is not None:
            self._arm(self._due)
            self._due = None
        if self._reads_head and self._head > self.limits.max_head_bytes and not self.transport.is_closing():
            self.send_400_response("the head of the request is larger than this gateway reads")

    def on_message_begin(self) -> None:
        self._reads_head, self._head, self._most = True, 0, self._part
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._reads_head = False
        if len(self.headers) > _MOST_HEADERS or (self._most > self.limits.max_head_bytes and self._is_too_large()):
            raise TooMuch
        self._due = self.limits.body_seconds
        self._chunk = None
        super().on_headers_complete()
        self.headers = _NOWHERE

    def on_chunk_header(self) -> None:
        """A part of a body begins that tells its own length, or what stands behind all of them."""
        self._chunk = 0

    def on_message_complete(self) -> None:
        # Whoever was answered before his body was whole has no other clock that awaits his next request.
        self._due = self.limits.head_seconds if self.cycle.response_complete else None
        self._disarm()
        self._reads_head, self._head = True, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        name = new_correlation_id()
        body = json.dumps(
            {
                "error_code": "VALIDATION_ERROR",
                "message": f"Nothing was done: this is no HTTP request that can be read ({msg.rstrip('.')}).",
                "details": {},
                "correlation_id": name,
            }
        ).encode()
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncache-control: no-store\r\n"
            f"x-content-type-options: nosniff\r\nx-correlation-id: {name}\r\ncontent-length: {len(body)}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _is_too_large(self) -> bool:
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        return size > self.limits.max_head_bytes

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(seconds, self._too_slow)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        self.transport.abort()


def protocol(limits: HttpConfig) -> type[Guarded]:
    """The protocol of connections within these limits."""
    return type("Limited", (Guarded,), {"limits": limits})


def tls(config: HttpConfig) -> dict[str, Any]:
    """What uvicorn is told of TLS; nothing where no certificate is set. Raises `InputError` for what can't be used."""
    if config.tls_certificate is None:
        return {}
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(config.tls_certificate, config.tls_key)
        if config.tls_client_ca is not None:
            context.load_verify_locations(config.tls_client_ca)
    except OSError as error:
        raise InputError(
            f"The certificate {config.tls_certificate}, its key or the client authority can't be used"
            f" ({error.strerror or error}). Check ORDO_HTTP__TLS_CERTIFICATE, __TLS_KEY and __TLS_CLIENT_CA."
        ) from None
    told: dict[str, Any] = {"ssl_certfile": str(config.tls_certificate)}
    if config.tls_key is not None:
        told["ssl_keyfile"] = str(config.tls_key)
    if config.tls_client_ca is not None:
        told |= {"ssl_ca_certs": str(config.tls_client_ca), "ssl_cert_reqs": ssl.CERT_REQUIRED}
    return told
