"""A connection's limits, piece by piece: who is awaited, for how long, and how much may come."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from ordo.entrypoints.cli.listening import Guarded, protocol
from ordo.schemas.config.settings import HttpConfig

LIMITS = HttpConfig(max_head_bytes=4096, head_seconds=10, body_seconds=30)
WHOLE = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"


class Wire(asyncio.Transport):
    """Keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self._is_closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True

    def resume_reading(self) -> None:
        pass

    def pause_reading(self) -> None:
        pass


async def _silent(_: Any, receive: Any, __: Any) -> None:  # noqa: ANN401  (any ASGI application)
    await receive()
    await asyncio.Event().wait()


async def _opened() -> tuple[Guarded, Wire]:
    config = uvicorn.Config(_silent, http=protocol(LIMITS), ws="none", lifespan="off", log_config=None)
    config.load()
    connection, wire = protocol(LIMITS)(config, ServerState(), {}), Wire()
    connection.connection_made(wire)
    return connection, wire


def _seconds(connection: Guarded) -> float | None:
    """How long the connection still waits for whoever is at its other end; `None` where it is Ordo's turn."""
    deadline = connection._deadline
    return None if deadline is None else round(deadline.when() - connection.loop.time())


async def _ended(connection: Guarded) -> None:
    connection.connection_lost(None)
    tasks = [*connection.tasks]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_it_waits_for_what_is_missing_and_for_nothing_else() -> None:
    connection, wire = await _opened()
    assert _seconds(connection) == 10
    head, end = WHOLE[:-2], WHOLE[-2:]
    for piece, awaited in ((head[:9], 10), (head[9:], 30), (end[:1], 30), (end[1:], None)):
        connection.data_received(piece)
        assert _seconds(connection) == awaited
    assert wire.written == b""
    await _ended(connection)


async def test_a_request_that_comes_whole_is_waited_for_no_more() -> None:
    connection, _ = await _opened()
    connection.data_received(WHOLE)
    assert _seconds(connection) is None
    await _ended(connection)


@pytest.mark.parametrize("pieces", [(5000,), (3000, 2000), (4000, 400, 600), (1, 4999)])
async def test_a_head_is_too_large_in_however_many_pieces(pieces: tuple[int, ...]) -> None:
    connection, wire = await _opened()
    head = b"GET / HTTP/1.1\r\nhost: x\r\nx-long: " + b"x" * 6000
    head = head[: sum(pieces) - 4] + b"\r\n\r\n"
    at = 0
    for length in pieces:
        connection.data_received(head[at : at + length])
        at += length
    assert wire.written.startswith(b"HTTP/1.1 400 ")
    assert wire.is_closing()
    await _ended(connection)


async def test_a_large_body_does_not_make_the_head_behind_it_too_large() -> None:
    connection, wire = await _opened()
    body = b"x" * 9000
    connection.data_received(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9000\r\n\r\n" + body + WHOLE[:20])
    connection.data_received(WHOLE[20:])
    assert wire.written == b""
    assert len(connection.pipeline) == 1
    await _ended(connection)
