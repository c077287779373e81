"""A server on a real socket that does to each connection what a script says, byte by byte."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

_RESET = struct.pack("ii", 1, 0)
_END_OF_HEAD = b"\r\n\r\n"


class Line:
    """One connection, from the server's side. `number` counts connections from 0."""

    def __init__(
        self, server: HostileServer, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.number = number
        self.done = asyncio.Event()
        """Set when the script has ended."""
        self._server = server
        self._reader = reader
        self._writer = writer

    async def request(self) -> bytes:
        """The next whole request. `IncompleteReadError` where the client leaves instead."""
        head = await self.head()
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        whole = head + await self._reader.readexactly(length)
        self._server.requests.append(whole)
        return whole

    async def head(self) -> bytes:
        return await self._reader.readuntil(_END_OF_HEAD)

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def gone(self) -> bytes:
        """Wait until the client closes; what it said before."""
        with suppress(ConnectionError):
            return await self._reader.read()
        return b""

    def deaf(self) -> None:
        """Read nothing more, so that the client's system can't send on."""
        self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    def close(self) -> None:
        self._writer.close()

    def half_close(self) -> None:
        self._writer.write_eof()

    def reset(self) -> None:
        self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._writer.transport.abort()

    def at_once(self, data: bytes = b"", *, leave: bool = False) -> None:
        """Say something, or leave, before the event loop can hear of it."""
        with socket.socket(fileno=os.dup(self._socket().fileno())) as own:
            if data:
                own.send(data)
            if leave:
                own.shutdown(socket.SHUT_WR)

    def _socket(self) -> socket.socket:
        found: socket.socket = self._writer.get_extra_info("socket")
        return found


Script = Callable[[Line], Awaitable[None]]


class HostileServer:
    """`requests`: all that arrived whole, in the order of arrival; `lines`: all connections."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.lines: list[Line] = []
        self.origin = ""
        self._script: Script | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[Exception] = []

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        assert self._script is not None
        self._tasks.add(task)
        line = Line(self, len(self.lines), reader, writer)
        self.lines.append(line)
        try:
            await self._script(line)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            return
        except Exception as failure:  # noqa: BLE001  (the test is to fail by it)
            self._failures.append(failure)
        finally:
            self._tasks.discard(task)
            line.done.set()
            writer.transport.abort()

    @asynccontextmanager
    async def serving(self, script: Script, tls: ssl.SSLContext | None) -> AsyncIterator[HostileServer]:
        self._script = script
        listening = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls, limit=2**20)
        scheme = "https" if tls else "http"
        self.origin = f"{scheme}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            listening.close()
            for task in tuple(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await listening.wait_closed()
        if self._failures:
            raise self._failures[0]


def hostile(script: Script, tls: ssl.SSLContext | None = None) -> AbstractAsyncContextManager[HostileServer]:
    return HostileServer().serving(script, tls)


def answering(*answers: bytes) -> Script:
    """Each request on each connection is answered with the next of these, the last again and again."""
    waiting = list(answers)

    async def script(line: Line) -> None:
        while True:
            await line.request()
            await line.send(waiting.pop(0) if len(waiting) > 1 else waiting[0])

    return script


def once(answer: bytes, *, leave: bool = True) -> Script:
    """One answer on each connection, which then closes, or says no more."""

    async def script(line: Line) -> None:
        await line.request()
        await line.send(answer)
        if leave:
            line.close()
        await line.gone()

    return script


def whole(body: bytes = b"yes", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
