"""An HTTP/1.1 server on a real socket, which misbehaves when it is told to.

A handler is a plain function from `Request` to `Response`. It runs on the event loop, one request at a time, so an
emulator needs no locks and every request is atomic. How the answer reaches the client is said in `Response.delivery`:
whole, cut in the middle of its body, not at all (the connection drops), or never (the connection hangs). No in-process
transport can show that.

    async with serve(handler) as origin:            # "http://127.0.0.1:40123"
        ...
    with serve_in_thread(handler) as origin:        # the same, from code that has no event loop
        ...
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, unquote

import httptools
import orjson

BODY_LIMIT: Final = 4 * 1024 * 1024
"""Bytes of a request body; a longer one is answered 413 and the connection is closed."""

_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}
_log = logging.getLogger(__name__)


class Delivery(Enum):
    """How an answer reaches the client."""

    WHOLE = auto()
    CUT = auto()
    """The full length is announced, half of the body is sent, then the connection closes."""
    DROP = auto()
    """Not one byte is sent and the connection closes."""
    HANG = auto()
    """Not one byte is sent and the connection stays open, until the client leaves or `hang_limit` is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it came. `path` is decoded, header names are lower case; of a repeated name the last counts."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = Delivery.WHOLE


Handler = Callable[[Request], Response]


def json_response(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`value` as JSON. A `Decimal` becomes a JSON number, as brokers write prices."""
    return Response(status=status, body=orjson.dumps(value, default=float), headers=headers or {})


def html_response(text: str, *, status: int = 200) -> Response:
    page = f"<!DOCTYPE html><html><head><title>{text}</title></head><body><h1>{text}</h1></body></html>"
    return Response(status=status, body=page.encode(), content_type="text/html; charset=UTF-8")


DROPPED: Final = Response(delivery=Delivery.DROP)
HUNG: Final = Response(delivery=Delivery.HANG)


class _Connection(asyncio.Protocol):
    """One client. Requests on it are answered in the order in which they came, also when they were pipelined."""

    def __init__(self, handler: Handler, others: "set[_Connection]", hang_limit: float) -> None:
        self._handler = handler
        self._others = others
        self._hang_limit = hang_limit
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._hanging: asyncio.TimerHandle | None = None
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(f"a stream transport is needed, not {transport!r}")
        self._transport = transport
        self._others.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        self._others.discard(self)
        if self._hanging is not None:
            self._hanging.cancel()

    def data_received(self, data: bytes) -> None:
        if not self._open():
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._close_after(Response(status=501, content_type="text/plain", body=b"no protocol upgrades here"))
        except httptools.HttpParserError:
            self._close_after(Response(status=400, content_type="text/plain", body=b"this is not HTTP/1.1"))

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers = {}
        self._body = bytearray()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > BODY_LIMIT:
            self._close_after(Response(status=413, content_type="text/plain", body=b"body too large"))

    def on_message_complete(self) -> None:
        target, _, query = self._url.decode("latin-1").partition("?")
        request = Request(
            method=self._parser.get_method().decode("ascii"),
            path=unquote(target),
            query=dict(parse_qsl(query, keep_blank_values=True)),
            headers=self._headers,
            body=bytes(self._body),
        )
        self._waiting.append((request, self._parser.should_keep_alive()))
        self._answer_waiting()

    def _open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def _answer_waiting(self) -> None:
        while self._waiting and self._hanging is None and self._open():
            request, keep_alive = self._waiting.popleft()
            self._deliver(request, self._handled(request), keep_alive=keep_alive)

    def _handled(self, request: Request) -> Response:
        try:
            return self._handler(request)
        except Exception:  # noqa: BLE001 - the client must get an answer, and the log the cause
            _log.exception("the emulator failed on %s %s", request.method, request.path)
            return Response(status=500, content_type="text/plain", body=b"the emulator itself failed: see its log")

    def _deliver(self, request: Request, response: Response, *, keep_alive: bool) -> None:
        transport = self._transport
        if transport is None:
            return
        match response.delivery:
            case Delivery.DROP:
                transport.abort()
            case Delivery.HANG:
                loop = asyncio.get_running_loop()
                self._hanging = loop.call_later(self._hang_limit, transport.abort)
            case Delivery.CUT:
                # An empty body can't be cut, so at least two bytes are announced.
                announced = max(len(response.body), 2)
                transport.write(_head(response, length=announced, keep_alive=False) + response.body[: announced // 2])
                transport.close()
            case Delivery.WHOLE:
                head = _head(response, length=len(response.body), keep_alive=keep_alive)
                body = b"" if request.method == "HEAD" else response.body
                transport.writelines((head, body) if body else (head,))
                if not keep_alive:
                    transport.close()

    def _close_after(self, response: Response) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_head(response, length=len(response.body), keep_alive=False) + response.body)
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _head(response: Response, *, length: int, keep_alive: bool) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines += [f"Content-Type: {response.content_type}", f"Content-Length: {length}"]
    lines.append("Connection: keep-alive" if keep_alive else "Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


@asynccontextmanager
async def serve(
    handler: Handler, *, host: str = "127.0.0.1", port: int = 0, hang_limit: float = 120.0
) -> AsyncIterator[str]:
    """Serves until the block ends, then cuts every connection. Yields the origin, such as `http://127.0.0.1:40123`.

    `port` 0 takes a free one; `hang_limit` is in seconds. OSError when the port is taken.
    """
    connections: set[_Connection] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(handler, connections, hang_limit), host, port, backlog=1024)
    try:
        yield f"http://{host}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for connection in tuple(connections):
            connection.abort()
        await server.wait_closed()


@contextmanager
def serve_in_thread(
    handler: Handler, *, host: str = "127.0.0.1", port: int = 0, hang_limit: float = 120.0
) -> Iterator[str]:
    """`serve` on an event loop in a thread of its own. Everything else must then speak to the emulator over HTTP."""
    started: deque[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = deque()
    failed: deque[OSError] = deque()
    ready = threading.Event()

    async def run() -> None:
        try:
            async with serve(handler, host=host, port=port, hang_limit=hang_limit) as origin:
                stop = asyncio.Event()
                started.append((origin, asyncio.get_running_loop(), stop))
                ready.set()
                await stop.wait()
        except OSError as error:
            failed.append(error)
            ready.set()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="emulator", daemon=True)
    thread.start()
    ready.wait()
    if failed:
        thread.join()
        raise failed[0]
    origin, loop, stop = started[0]
    try:
        yield origin
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
