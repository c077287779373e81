"""A closed loop of keep-alive connections that writes requests by hand, so that the client is not what is measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Latencies in seconds, one a request, and the wall time of the whole run."""

    latencies: list[float]
    seconds: float

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def drive(port: int, request: Callable[[int], bytes], *, connections: int, requests: int, expect: bytes) -> Load:
    """Send `requests` requests over so many connections; every answer must begin with the expected status line."""
    numbers = count()
    latencies: list[float] = []

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while (number := next(numbers)) < requests:
                started = time.perf_counter()
                writer.write(request(number))
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":", 1)[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length:")
                )
                body = await reader.readexactly(length)
                latencies.append(time.perf_counter() - started)
                if not head.startswith(expect):
                    raise RuntimeError((head + body)[:2000].decode(errors="replace"))
        finally:
            writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(connections)))
    return Load(latencies=latencies, seconds=time.perf_counter() - started)


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body
