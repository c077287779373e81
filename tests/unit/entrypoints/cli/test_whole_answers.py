"""Answers on a connection of Ordo's beside the same answers on one of uvicorn's: whatever an application says, both
write the same, end the same and refuse the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from ordo.entrypoints.cli.listening import protocol
from ordo.schemas.config.settings import HttpConfig

Message = Mapping[str, Any]
Header = tuple[bytes, bytes]
LENGTH = (b"content-length", b"2")
DATE = (b"date", b"Mon, 23 Nov 2026 03:30:45 GMT")
OURS = protocol(HttpConfig())


class Wire(asyncio.Transport):
    """Keeps each piece that is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self._is_closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pieces.append(bytes(data))

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True

    def resume_reading(self) -> None:
        pass

    def pause_reading(self) -> None:
        pass


def start(*headers: Header, status: int = 200) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(text: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": text, "more_body": more}


async def _said(
    kind: type[HttpToolsProtocol], request: bytes, messages: tuple[Message, ...]
) -> tuple[list[bytes], bool, list[str]]:
    """What is written, whether the connection ends, and what the application was told it did wrong."""
    faults: list[str] = []

    async def app(_: object, receive: Any, send: Any) -> None:  # noqa: ANN401  (any ASGI application)
        await receive()
        for message in messages:
            try:
                await send(message)
            except RuntimeError as error:
                faults.append(str(error))
                raise

    config = uvicorn.Config(app, http=kind, ws="none", lifespan="off", access_log=False, log_config=None)
    config.load()
    state = ServerState()
    state.default_headers = [DATE]
    connection, wire = kind(config, state, {}), Wire()
    connection.connection_made(wire)
    connection.data_received(request)
    await asyncio.gather(*connection.tasks)
    ends = wire.is_closing()
    connection.connection_lost(None)
    return wire.pieces, ends, faults


def _request(method: str = "GET", *more: bytes, version: bytes = b"1.1") -> bytes:
    lines = (method.encode() + b" / HTTP/" + version, b"host: x", *more)
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def _same(request: bytes, messages: tuple[Message, ...]) -> tuple[list[bytes], list[str]]:
    pieces, ends, faults = await _said(OURS, request, messages)
    by_uvicorn, ends_there, faults_there = await _said(HttpToolsProtocol, request, messages)
    assert b"".join(pieces) == b"".join(by_uvicorn)
    assert (ends, faults) == (ends_there, faults_there)
    return pieces, faults


async def test_a_whole_answer_is_one_piece() -> None:
    pieces, _ = await _same(_request(), (start((b"x-correlation-id", b"one"), LENGTH), body(b"{}")))
    head = b"HTTP/1.1 200 OK\r\ndate: Mon, 23 Nov 2026 03:30:45 GMT\r\nx-correlation-id: one\r\ncontent-length: 2"
    assert pieces == [head + b"\r\n\r\n{}"]


@pytest.mark.parametrize(
    "request_", [_request(), _request("HEAD"), _request(version=b"1.0")], ids=["GET", "HEAD", "1.0"]
)
@pytest.mark.parametrize(
    "messages",
    [
        (start(LENGTH), body(b"{", more=True), body(b"}")),
        (start(LENGTH), body(b"{")),
        (start(LENGTH), body(b"{ }")),
        (start(LENGTH), body(b"{}"), body(b"{}")),
        (start(LENGTH), start(LENGTH), body(b"{}")),
        (start(LENGTH), start(LENGTH, status=201), body(b"{}"), body(b"{}")),
        (body(b"{}"), start(LENGTH), body(b"{}")),
        (start(LENGTH, LENGTH), body(b"{}")),
        (start(LENGTH, (b"connection", b"close")), body(b"{}")),
        (start(LENGTH, (b"Connection", b"close")), body(b"{}")),
        (start((b"Content-Length", b"2")), body(b"{}")),
        (start((b"content-length", b"02")), body(b"{}")),
        (start((b"transfer-encoding", b"chunked")), body(b"{}")),
        (start((b"transfer-encoding", b"chunked"), LENGTH), body(b"{}")),
        (start(), body(b"{", more=True), body(b"}")),
        (start(status=204), body(b"")),
        (start(status=304), body(b"")),
        (start((b"content-length", b"0")), body(b"")),
        (start(LENGTH, (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")), body(b"{}")),
        ({"type": "http.response.start", "status": 200}, {"type": "http.response.body"}),
    ],
)
async def test_every_other_answer_is_what_uvicorn_makes_of_it(request_: bytes, messages: tuple[Message, ...]) -> None:
    await _same(request_, messages)


@pytest.mark.parametrize(
    "header",
    [
        (b"location", b"/a\r\nset-cookie: b"),
        (b"location", b"/a\r\n\r\n<html>"),
        (b"location", b"/a\nb"),
        (b"location", b"/a\rb"),
        (b"location", b"/a\x00"),
        (b"x\r\ny", b"a"),
        (b"x: y", b"a"),
        (b"", b"\r\n"),
    ],
)
async def test_no_header_holds_another(header: Header) -> None:
    pieces, faults = await _same(_request(), (start(header, LENGTH), body(b"{}")))
    assert pieces == []
    assert faults[0].startswith("Invalid HTTP header ")


@given(
    headers=st.lists(st.tuples(st.binary(max_size=6), st.binary(max_size=6)), max_size=3),
    status=st.sampled_from((200, 201, 202, 204, 304, 400, 503)),
    length=st.integers(0, 3),
    text=st.binary(max_size=3),
)
async def test_any_header_is_written_as_uvicorn_would(
    headers: list[Header], status: int, length: int, text: bytes
) -> None:
    told = start(*headers, (b"content-length", b"%d" % length), status=status)
    await _same(_request(), (told, body(text)))


async def test_a_body_is_asked_for_before_it_is_read() -> None:
    request = _request("POST", b"content-length: 2", b"expect: 100-continue") + b"{}"
    pieces, _ = await _same(request, (start(LENGTH), body(b"{}")))
    assert pieces[0] == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert len(pieces) == 2


async def test_requests_that_come_together_are_answered_in_their_order() -> None:
    pieces, _ = await _same(_request() + _request("HEAD"), (start(LENGTH), body(b"{}")))
    assert [piece[:15] for piece in pieces] == [b"HTTP/1.1 200 OK"] * 2
