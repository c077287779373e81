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


async def _opened(app: Any = _silent) -> tuple[Guarded, Wire]:  # noqa: ANN401  (any ASGI application)
    config = uvicorn.Config(app, http=protocol(LIMITS), ws="none", lifespan="off", log_config=None)
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


async def _refuses(_: Any, __: Any, send: Any) -> None:  # noqa: ANN401  (any ASGI application)
    await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def test_who_sends_the_rest_of_a_body_after_its_answer_is_not_waited_for_without_end() -> None:
    connection, wire = await _opened(_refuses)
    connection.data_received(WHOLE[:-1])
    await asyncio.gather(*connection.tasks)
    assert wire.written.startswith(b"HTTP/1.1 401 ")
    assert _seconds(connection) == 30
    connection.data_received(WHOLE[-1:])
    assert _seconds(connection) == 10
    await _ended(connection)


CHUNKED = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"


async def test_what_stands_behind_a_body_is_no_header_of_its_request() -> None:
    connection, wire = await _opened()
    connection.data_received(CHUNKED + b"authorization: Bearer t\r\n" * 200 + b"\r\n")
    assert connection.cycle.scope["headers"] == [(b"host", b"x"), (b"transfer-encoding", b"chunked")]
    assert not connection.cycle.more_body
    assert wire.written == b""
    await _ended(connection)


async def test_what_stands_behind_a_body_has_an_end() -> None:
    connection, wire = await _opened()
    connection.data_received(CHUNKED + b"x-endless: ")
    most = LIMITS.max_body_bytes + LIMITS.max_head_bytes
    connection.data_received(b"x" * most)
    assert not wire.is_closing()
    connection.data_received(b"x")
    assert wire.is_closing()
    await _ended(connection)


async def test_many_chunks_may_be_longer_than_one() -> None:
    connection, wire = await _opened()
    connection.data_received(CHUNKED[: CHUNKED.index(b"2\r\n")])
    for _ in range(3):
        connection.data_received(b"%x\r\n%b\r\n" % (LIMITS.max_body_bytes, b"x" * LIMITS.max_body_bytes))
    connection.data_received(b"0\r\n\r\n")
    assert not wire.is_closing()
    await _ended(connection)
