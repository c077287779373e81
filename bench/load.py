"""A closed loop of keep-alive connections that writes requests by hand, so that the client is not what is measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import cast

import uvloop

_ENDS = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Latencies in seconds, one a request, and the wall time of the whole run; `bodies` where they were asked for."""

    latencies: list[float]
    seconds: float
    bodies: list[bytes] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class _Run:
    """What all connections of one run share."""

    def __init__(
        self, request: Callable[[int], bytes], requests: int | None, seconds: float | None, expect: bytes, *, keep: bool
    ) -> None:
        self.request, self.requests, self.expect, self.keep = request, requests, expect, keep
        self.until = None if seconds is None else time.perf_counter() + seconds
        self.numbers = count()
        self.latencies: list[float] = []
        self.bodies: list[bytes] = []

    def next(self) -> bytes | None:
        """The next request; `None` when there were enough."""
        number = next(self.numbers)
        if self.requests is not None and number >= self.requests:
            return None
        if self.until is not None and time.perf_counter() >= self.until:
            return None
        return self.request(number)


class _Caller(asyncio.Protocol):
    """One connection: the next request goes when the answer to the last one is whole."""

    def __init__(self, run: _Run, done: asyncio.Future[None]) -> None:
        self._run = run
        self._done = done
        self._data = b""
        self._began = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._go(self._transport)

    def data_received(self, data: bytes) -> None:
        self._data = data = self._data + data if self._data else data
        end = data.find(_ENDS)
        if end < 0:
            return
        head = data[:end].lower()
        at = head.find(_LENGTH)
        stop = head.find(b"\r", at)
        length = int(head[at + len(_LENGTH) : stop if stop > 0 else end]) if at >= 0 else 0
        if len(data) < end + 4 + length:
            return
        run = self._run
        run.latencies.append(time.perf_counter() - self._began)
        if not data.startswith(run.expect):
            self._fail(RuntimeError(data[:2000].decode(errors="replace")))
            return
        if run.keep:
            run.bodies.append(data[end + 4 :])
        self._data = b""
        if self._transport is not None:
            self._go(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionError("the server closed the connection"))

    def _go(self, transport: asyncio.Transport) -> None:
        request = self._run.next()
        if request is None:
            if not self._done.done():
                self._done.set_result(None)
            transport.close()
            return
        self._began = time.perf_counter()
        transport.write(request)

    def _fail(self, error: Exception) -> None:
        if not self._done.done():
            self._done.set_exception(error)


async def drive(
    port: int,
    request: Callable[[int], bytes],
    *,
    connections: int,
    requests: int | None = None,
    seconds: float | None = None,
    expect: bytes = b"HTTP/1.1 20",
    keep: bool = False,
) -> Load:
    """Send so many `requests`, or for so many `seconds`; every answer must begin with the expected status line."""
    loop = asyncio.get_running_loop()
    run = _Run(request, requests, seconds, expect, keep=keep)
    started = time.perf_counter()
    done = [loop.create_future() for _ in range(connections)]
    for one in done:
        await loop.create_connection(lambda one=one: _Caller(run, one), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*done)
    return Load(latencies=run.latencies, seconds=time.perf_counter() - started, bodies=run.bodies)


def driven(
    port: int,
    request: Callable[[int], bytes],
    *,
    connections: int,
    requests: int | None = None,
    seconds: float | None = None,
    expect: bytes = b"HTTP/1.1 20",
    keep: bool = False,
) -> Load:
    """`drive`, on an event loop of its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(
            drive(
                port,
                request,
                connections=connections,
                requests=requests,
                seconds=seconds,
                expect=expect,
                keep=keep,
            )
        )


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    return request("POST", path, headers, body)
