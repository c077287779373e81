"""A server on loopback that hands out a few files, exactly as a test wants them sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One answer. `length` may promise more than the body has."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None


@asynccontextmanager
async def file_server(files: Mapping[str, Sent]) -> AsyncIterator[str]:
    """Serve the files by path, 404 for all others; yields the origin."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        path = request.split(b" ")[1].decode()
        sent = files.get(path, Sent(status=404))
        length = len(sent.body) if sent.length is None else sent.length
        head = {**sent.headers, "content-length": str(length), "connection": "close"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        writer.write(f"HTTP/1.1 {sent.status} -\r\n{lines}\r\n".encode() + sent.body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
