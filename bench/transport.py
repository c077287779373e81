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
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import httpx2
import uvloop

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with _host() as port:
        for at_once in (1, 32):
            found: dict[str, list[tuple[float, float]]] = {build: [] for build in BUILDS}
            for _ in range(arguments.rounds):
                for build, rounds in found.items():
                    rounds.append(uvloop.run(_round(port, build, arguments.calls, at_once)))
            floor = statistics.median(cpu for cpu, _ in found["by hand"])
            print(f"{at_once} at once, median of {arguments.rounds} rounds of {arguments.calls} calls")
            for build, rounds in found.items():
                cpu = statistics.median(one for one, _ in rounds)
                rate = statistics.median(one for _, one in rounds)
                print(f"  {build:26} {cpu:8.1f} us of CPU a call   x {cpu / floor:5.2f}   {rate:8,.0f} calls/s")


if __name__ == "__main__":
    main()
