"""Whatever goes wrong, at whatever stage: it is said whether a byte of the request may have left."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ordo.adapters.http.carrier import Evidence
from ordo.adapters.http.client import HttpClient, Transport
from ordo.adapters.http.exchange import HttpFailure, HttpReply, HttpRequest, NeverSent, ReplyLost, ReplyTimedOut
from ordo.adapters.http.wording import Worded
from tests.support.hostile import HostileServer, Line, Script, answering, hostile, once, whole
from tests.unit.adapters.http.conftest import Dial

SOON = 0.15
WAIT = 30
LONG = 600
TOKEN = "very-secret"


def order(origin: str, body: bytes = b'{"qty":1}') -> HttpRequest:
    return HttpRequest(
        method="POST", url=f"{origin}/orders?api_key={TOKEN}", headers={"Authorization": TOKEN}, body=body
    )


def _nothing_is_told(failure: HttpFailure) -> None:
    assert TOKEN not in str(failure)
    assert TOKEN not in repr(failure)
    assert failure.__cause__ is None
    assert failure.__suppress_context__


@contextmanager
def _refusing() -> Iterator[str]:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{nobody.getsockname()[1]}"


async def test_a_connection_that_is_refused(dial: Dial) -> None:
    with _refusing() as origin, pytest.raises(NeverSent) as caught:
        await dial().send(order(origin))
    _nothing_is_told(caught.value)


async def test_a_host_that_does_not_take_the_connection(dial: Dial) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.settimeout(0)
            one.connect_ex(full.getsockname())
        with pytest.raises(NeverSent, match="in time"):
            await dial(connect=SOON).send(order(f"http://127.0.0.1:{full.getsockname()[1]}"))
        for one in waiting:
            one.close()


async def test_a_host_that_does_not_answer_the_handshake(dial: Dial) -> None:
    async def script(line: Line) -> None:
        await line.gone()

    async with hostile(script) as server:
        origin = server.origin.replace("http://", "https://")
        with pytest.raises(NeverSent, match="in time"):
            await dial(connect=SOON, handshake=SOON).send(order(origin))
    assert not server.requests


@pytest.mark.parametrize(
    "url",
    [
        "http://", "http:///orders", "ftp://127.0.0.1/", "127.0.0.1/orders", "http://127.0.0.1:0/", "http://a b/",
        "http://127.0.0.1:99999/", "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y", "http://user:pw@127.0.0.1/",
        "http://127.0.0.1/\u20b9", "http://[::1/", "", "http://a..b/", f"http://{'a' * 64}.in/", "http://\u20b9.in/",
        f"http://{'a.' * 127}in/", "HTTPS:/x", "http://[::1]x/", "http://127.0.0.1:port/", "http://127.0.0.1/\0",
    ],
)  # fmt: skip
async def test_what_is_no_address(dial: Dial, url: str) -> None:
    with pytest.raises(NeverSent, match="address"):
        await dial().send(HttpRequest(method="GET", url=url))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "a\r\nInjected: b"), ("X", "a\nb"), ("X", "a\rb"), ("X", "a\0b"), ("X", "\u20b9"), ("X\r\nY", "a"),
        ("X Y", "a"), ("X:", "a"), ("", "a"), ("Host", "other"), ("content-length", "0"),
        ("Transfer-Encoding", "chunked"), ("Connection", "upgrade"), ("Expect", "100-continue"),
    ],
)  # fmt: skip
async def test_headers_that_would_say_more_than_a_header(dial: Dial, name: str, value: str) -> None:
    async with hostile(answering(whole())) as server:
        with pytest.raises(NeverSent, match="header"):
            await dial().send(HttpRequest(method="GET", url=server.origin, headers={name: value}))
        assert not server.lines


@pytest.mark.parametrize("method", ["", "CONNECT", "get", "GET /x HTTP/1.1\r\nX:", "G\u20b9T"])
async def test_what_is_no_method(dial: Dial, method: str) -> None:
    with pytest.raises(NeverSent, match="method"):
        await dial().send(HttpRequest(method=method, url="http://127.0.0.1:1/"))


async def test_a_wait_for_a_free_connection_that_takes_too_long(dial: Dial) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        asked.set()
        await go.wait()
        await line.send(whole(b"first"))
        await line.gone()

    async with hostile(script) as server:
        client = dial(connections=1, connect=4 * SOON)
        first = asyncio.create_task(client.send(order(server.origin)))
        await asked.wait()
        with pytest.raises(NeverSent, match="in time"):
            await client.send(order(server.origin))
        go.set()
        assert (await first).body == b"first"
        assert len(server.requests) == 1


def _leaving(how: str, said: bytes) -> Script:
    async def script(line: Line) -> None:
        await line.request()
        if said:
            await line.send(said)
        if how == "reset":
            line.reset()
            return
        line.close() if how == "close" else line.half_close()
        await line.gone()

    return script


_HALVES = {
    "nothing": b"",
    "a part of the status": b"HTTP/1.",
    "a part of the head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "a head": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    "a part of the body": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nye",
    "a part of a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nye",
    "chunks without an end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n",
    "an end without its end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n0\r\n",
    "a promise": b"HTTP/1.1 102 Processing\r\n\r\n",
}


@pytest.mark.parametrize("said", _HALVES)
@pytest.mark.parametrize("how", ["close", "half-close", "reset"])
async def test_a_host_that_leaves_before_the_answer_is_whole(dial: Dial, how: str, said: str) -> None:
    async with hostile(_leaving(how, _HALVES[said])) as server:
        with pytest.raises(ReplyLost) as caught:
            await dial().send(order(server.origin))
        assert not isinstance(caught.value, ReplyTimedOut)
        _nothing_is_told(caught.value)
        assert len(server.requests) == len(server.lines) == 1


_STARTS = ["a part of the status", "a head", "a part of a chunk", "a promise"]


@pytest.mark.parametrize("said", ["nothing", *_STARTS])
async def test_a_host_that_falls_silent(dial: Dial, said: str) -> None:
    async with hostile(once(_HALVES[said], leave=False)) as server:
        with pytest.raises(ReplyTimedOut) as caught:
            await dial(first=SOON, silence=SOON).send(order(server.origin))
        _nothing_is_told(caught.value)
        assert len(server.lines) == 1


@pytest.mark.parametrize("said", _STARTS)
async def test_each_stage_has_its_own_time(dial_own: Dial, said: str) -> None:
    async with hostile(once(_HALVES[said], leave=False)) as server, asyncio.timeout(WAIT):
        with pytest.raises(ReplyTimedOut):
            await dial_own(write=LONG, first=LONG, silence=SOON, total=LONG).send(order(server.origin))


async def test_a_host_that_hangs_up_before_anything_was_said(dial: Dial) -> None:
    async def script(line: Line) -> None:
        line.close()
        server.requests.append(await line.gone())

    async with hostile(script) as server:
        with pytest.raises((NeverSent, ReplyLost)) as caught:
            await dial().send(order(server.origin))
        _proven(server, caught.value)


def _proven(server: HostileServer, failure: HttpFailure) -> None:
    if isinstance(failure, NeverSent):
        assert not any(server.requests), "bytes of a request that was never sent"


async def test_a_host_that_does_not_read(dial: Dial) -> None:
    async def script(line: Line) -> None:
        line.deaf()
        await asyncio.Event().wait()

    async with hostile(script) as server:
        with pytest.raises(ReplyTimedOut):
            await dial(write=SOON, first=LONG, silence=LONG, total=LONG).send(order(server.origin, b"x" * 16_000_000))
        assert not server.requests


async def _dripping(line: Line) -> None:
    await line.request()
    await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        await line.send(b"x")
        await asyncio.sleep(0.01)


async def test_an_answer_that_drips_past_the_whole_time(dial: Dial) -> None:
    async with hostile(_dripping) as server:
        with pytest.raises(ReplyTimedOut):
            await dial(total=4 * SOON).send(order(server.origin))


async def test_the_callers_own_time_counts(dial: Dial) -> None:
    async with hostile(_dripping) as server:
        with pytest.raises(ReplyTimedOut):
            await dial().send(order(server.origin), total=4 * SOON)


async def _cancelled(client: HttpClient, server: HostileServer, when: asyncio.Event) -> None:
    call = asyncio.create_task(client.send(order(server.origin)))
    await when.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


@pytest.mark.parametrize("said", ["nothing", "a part of the body"])
async def test_cancelling_closes_the_connection(dial: Dial, said: str) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        if line.number:
            await line.send(whole())
            return
        if _HALVES[said]:
            await line.send(_HALVES[said])
        asked.set()
        await line.gone()
        left.set()

    async with hostile(script) as server:
        client = dial(connections=1, first=LONG, silence=LONG, total=LONG)
        await _cancelled(client, server, asked)
        async with asyncio.timeout(WAIT):
            await left.wait()
        assert (await client.send(order(server.origin))).body == b"yes"
        assert len(server.lines) == 2


async def test_cancelling_a_wait_leaves_the_others_alone(dial: Dial) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def script(line: Line) -> None:
        while True:
            await line.request()
            asked.set()
            await go.wait()
            await line.send(whole())

    async with hostile(script) as server:
        client = dial(connections=1)
        first, second, third = [asyncio.create_task(client.send(order(server.origin))) for _ in range(3)]
        await asked.wait()
        second.cancel()
        go.set()
        assert (await first).body == (await third).body == b"yes"
        with pytest.raises(asyncio.CancelledError):
            await second
        assert len(server.requests) == 2


async def test_calls_that_end_in_the_moment_in_which_their_place_comes(dial: Dial) -> None:
    asked = asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        if asked.is_set():
            await line.send(whole())
        asked.set()
        await line.gone()

    async with hostile(script) as server:
        client = dial(connections=1)
        calls = [asyncio.create_task(client.send(order(server.origin))) for _ in range(3)]
        await asked.wait()
        for call in calls:
            call.cancel()
        ends = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(end) for end in ends] == [asyncio.CancelledError] * 3
        assert (await client.send(order(server.origin))).body == b"yes"
        assert len(server.requests) == 2


async def test_stages_before_the_first_byte_have_one_limit_together(dial: Dial) -> None:
    """A place, TCP and TLS may each be slow, but a halt waits for all of them together."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        asked.set()
        await go.wait()
        await line.send(whole())

    async with hostile(script) as server:
        client = dial(connections=1, connect=SOON, handshake=SOON, first=LONG, silence=LONG, total=LONG)
        first = asyncio.create_task(client.send(order(server.origin)))
        await asked.wait()
        with pytest.raises(NeverSent, match="in time"):
            await client.send(order(server.origin))
        # What has begun to leave is bound by none of that.
        await asyncio.sleep(3 * SOON)
        go.set()
        assert (await first).body == b"yes"


async def test_closing_the_client_breaks_what_is_under_way(dial_own: Dial) -> None:
    asked = asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        asked.set()
        await line.gone()

    async with hostile(script) as server:
        client = dial_own()
        call = asyncio.create_task(client.send(order(server.origin)))
        await asked.wait()
        await client.aclose()
        with pytest.raises(ReplyLost):
            await call


class _Watched(HttpClient):
    """Tells when the whole request has been given to the system."""

    def __init__(self, transport: Transport, has_left: asyncio.Event) -> None:
        super().__init__(transport=transport)
        self._has_left = has_left

    async def _carry(self, request: HttpRequest, wording: Worded, sent: Evidence, total: float) -> HttpReply:
        return await super()._carry(request, wording, _Told(sent, self._has_left), total)


class _Told(Evidence):
    def __init__(self, evidence: Evidence, has_left: asyncio.Event) -> None:
        super().__init__()
        self._evidence, self._has_left = evidence, has_left

    def begin(self) -> None:
        assert not self._has_left.is_set()
        self._evidence.begin()

    def end(self) -> None:
        assert self._evidence.begun
        self._has_left.set()


@pytest.mark.parametrize("size", [2, 8_000_000])
async def test_it_is_known_when_the_whole_request_has_left(transport: Transport, size: int) -> None:
    has_left = asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        async with asyncio.timeout(WAIT):
            await has_left.wait()
        await line.send(whole())

    async with hostile(script) as server:
        client = _Watched(transport, has_left)
        try:
            assert (await client.send(order(server.origin, b"x" * size))).body == b"yes"
        finally:
            await client.aclose()
