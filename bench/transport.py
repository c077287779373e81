"""What one call to a broker's host costs this process, in microseconds of its own processor time, by each transport.

    .venv/bin/python -m bench.transport [--calls 5000] [--rounds 5]

The host is a bare asyncio server in another process, which answers 200 bytes with 200 bytes. Builds run in turn, round
after round, so that a busy machine is as unfair to one as to the next: use the ratios. `by hand` is the floor: the same
bytes over asyncio's streams, without a check, a limit or a time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

import httpx2
import uvloop

from bench.rows import Effort, spread
from ordo.adapters.http.client import HttpClient
from ordo.adapters.http.exchange import HttpRequest
from ordo.adapters.http.httpx_transport import HttpClientTransport
from ordo.adapters.http.limits import HttpLimits

BODY = b'{"tag":"123456789012345","note":"' + b"x" * 165 + b'"}'
HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "Authorization": "app:" + "t" * 40}
ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Mon, 23 Nov 2026 04:30:00 GMT\r\nContent-Type: application/json\r\n"
    b"Content-Length: 200\r\nConnection: keep-alive\r\n\r\n" + b"x" * 200
)
_SERVER = f"""
import asyncio, uvloop
class Bare(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data): self.transport.write({ANSWER!r})
async def main():
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
uvloop.run(main())
"""

Call = Callable[[], Awaitable[object]]
_CALLS_A_SECOND, _LEAST_CALLS = 2_500, 320


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportRow:
    """Medians over the rounds; the spread is their range as a share of the median. `of_floor`: its CPU as a multiple of
    the bytes by hand.
    """

    name: str
    at_once: int
    cpu_us: float
    cpu_spread: float
    of_floor: float
    per_second: float


@contextlib.contextmanager
def _host() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True)  # noqa: S603  (our own)
    try:
        yield int((process.stdout or sys.stdin).readline())
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextlib.asynccontextmanager
async def _client(port: int, transport: str) -> AsyncIterator[Call]:
    client = HttpClient(HttpLimits(connections=64), transport="stock" if transport == "stock" else "own")
    wanted = HttpRequest(method="POST", url=f"http://127.0.0.1:{port}/orders/sync", headers=HEADERS, body=BODY)
    try:
        yield lambda: client.send(wanted)
    finally:
        await client.aclose()


@contextlib.asynccontextmanager
async def _faced(port: int) -> AsyncIterator[Call]:
    transport = HttpClientTransport(HttpClient())
    async with httpx2.AsyncClient(transport=transport, trust_env=False) as client:
        url = f"http://127.0.0.1:{port}/orders/sync"
        yield lambda: client.post(url, headers=HEADERS, content=BODY)


@contextlib.asynccontextmanager
async def _kept_by_httpx2(port: int) -> AsyncIterator[Call]:
    async with httpx2.AsyncClient(trust_env=False, limits=httpx2.Limits(max_connections=64)) as client:
        url = f"http://127.0.0.1:{port}/orders/sync"
        yield lambda: client.post(url, headers=HEADERS, content=BODY)


@contextlib.asynccontextmanager
async def _by_hand(port: int) -> AsyncIterator[Call]:
    lines = [f"{name}: {value}" for name, value in HEADERS.items()]
    head = ["POST /orders/sync HTTP/1.1", f"Host: 127.0.0.1:{port}", *lines, f"Content-Length: {len(BODY)}", "", ""]
    data = "\r\n".join(head).encode() + BODY
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def call() -> bytes:
        reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(200)
        idle.append((reader, writer))
        return body

    yield call
    for _, writer in idle:
        writer.close()


BUILDS: dict[str, Callable[[int], contextlib.AbstractAsyncContextManager[Call]]] = {
    "by hand": _by_hand,
    "own": lambda port: _client(port, "own"),
    "own under httpx2": _faced,
    "httpx2, connections kept": _kept_by_httpx2,
    "stock": lambda port: _client(port, "stock"),
}


async def _measure(call: Call, calls: int, at_once: int) -> tuple[float, float]:
    async def some(number: int) -> None:
        for _ in range(number):
            await call()

    await asyncio.gather(*[some(5) for _ in range(at_once)])
    used, started = time.process_time(), time.perf_counter()
    await asyncio.gather(*[some(calls // at_once) for _ in range(at_once)])
    done = calls // at_once * at_once
    return (time.process_time() - used) / done * 1e6, done / (time.perf_counter() - started)


async def _round(port: int, build: str, calls: int, at_once: int) -> tuple[float, float]:
    async with BUILDS[build](port) as call:
        return await _measure(call, calls, at_once)


def transports(effort: Effort) -> list[TransportRow]:
    """Each build at one call at a time and at 32 at once."""
    return _compared(max(_LEAST_CALLS, round(effort.seconds * _CALLS_A_SECOND)), effort.rounds)


def table(rows: Sequence[TransportRow]) -> str:
    """The rows for people."""
    head = f"{'one call to a broker':58}{'calls':>6}{'CPU us':>9}{'±':>6}{'by hand':>9}{'per s':>8}"
    lines = (
        f"{row.name:58}{row.at_once:>6}{row.cpu_us:>9.1f}{row.cpu_spread:>6.0%}{row.of_floor:>8.2f}x"
        f"{row.per_second:>8.0f}"
        for row in rows
    )
    return "\n".join((head, *lines))


def _compared(calls: int, rounds: int) -> list[TransportRow]:
    rows: list[TransportRow] = []
    with _host() as port:
        for at_once in (1, 32):
            print(f"measuring: transport, {at_once} at once", file=sys.stderr)
            found: dict[str, list[tuple[float, float]]] = {build: [] for build in BUILDS}
            for _ in range(rounds):
                for build, counted in found.items():
                    counted.append(uvloop.run(_round(port, build, calls, at_once)))
            floor = statistics.median(cpu for cpu, _ in found["by hand"])
            rows += [_row(build, at_once, counted, floor) for build, counted in found.items()]
    return rows


def _row(build: str, at_once: int, rounds: list[tuple[float, float]], floor: float) -> TransportRow:
    cpu = [one for one, _ in rounds]
    return TransportRow(
        name=f"transport, {build}",
        at_once=at_once,
        cpu_us=statistics.median(cpu),
        cpu_spread=spread(cpu),
        of_floor=statistics.median(cpu) / floor,
        per_second=statistics.median(rate for _, rate in rounds),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(table(_compared(arguments.calls, arguments.rounds)))
