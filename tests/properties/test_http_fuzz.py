"""Answers cut into any pieces, and answers with any bytes changed: the same answer, or a declared failure; and what has
been doubtful once is never asked again.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import get_args

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordo.adapters.http.carrier import BrokenOff
from ordo.adapters.http.client import HttpClient, Transport
from ordo.adapters.http.exchange import HttpReply, HttpRequest, NeverSent, ReplyLost
from ordo.adapters.http.limits import HttpLimits
from ordo.adapters.http.reading import ReplyReader
from ordo.adapters.http.unpacking import unpacked
from tests.support.hostile import Line, hostile, whole

SIZE = 4096
_NAMES = st.sampled_from(["Date", "Server", "X-Request-Id", "Retry-After", "Connection", "Keep-Alive", "Set-Cookie"])
_VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12)
_STATUSES = st.sampled_from([200, 201, 204, 302, 304, 400, 401, 429, 500, 502, 503])
_ODD = st.sampled_from(
    [
        b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"0\r\n\r\n", b"Content-Length: 1\r\n", b"Content-Length: 99999\r\n",
        b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 \r\n\r\n",
        b"HTTP/1.0", b"Upgrade: x\r\n", b"-", b"+", b"ffffffffffffffff", b";a=b", b",", b"\xff", b"\x80",
        b"Transfer-Encoding: identity\r\n", b"HTTP/1.1 101 \r\n\r\n",
    ]
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Made:
    """An answer as it was meant, and as it is sent."""

    status: int
    body: bytes
    data: bytes


@st.composite
def _answers(draw: st.DrawFn) -> Made:
    status = draw(_STATUSES)
    bodiless = status in (204, 304)
    body = b"" if bodiless else draw(st.binary(max_size=200))
    headers = [f"{name}: {value}" for name, value in draw(st.lists(st.tuples(_NAMES, _VALUES), max_size=4))]
    interim = "".join(
        f"HTTP/1.1 {one} \r\nX: y\r\n\r\n" for one in draw(st.lists(st.sampled_from([100, 102, 103]), max_size=8))
    )
    if bodiless:
        framed = b""
    elif draw(st.booleans()):
        headers.append(f"Content-Length: {len(body)}")
        framed = body
    else:
        headers.append("Transfer-Encoding: chunked")
        framed = _chunked(draw, body)
    lines = [f"HTTP/1.1 {status} {draw(_VALUES)}", *headers, "", ""]
    data = interim.encode() + "\r\n".join(lines).encode() + framed
    return Made(status=status, body=body, data=data)


def _chunked(draw: st.DrawFn, body: bytes) -> bytes:
    said, rest = bytearray(), body
    while rest:
        size = draw(st.integers(1, len(rest)))
        said += f"{size:x}{draw(st.sampled_from(['', ';a=b', ';c']))}\r\n".encode() + rest[:size] + b"\r\n"
        rest = rest[size:]
    return bytes(said) + b"0\r\n" + draw(st.sampled_from([b"", b"X-Trailer: 1\r\n"])) + b"\r\n"


@st.composite
def _pieces(draw: st.DrawFn, data: bytes) -> list[bytes]:
    cuts = sorted(draw(st.sets(st.integers(0, len(data)), max_size=12)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True) if start < end]


@st.composite
def _changed(draw: st.DrawFn) -> bytes:
    data = draw(_answers()).data
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(data)))
        gone = draw(st.integers(0, 8))
        data = data[:place] + draw(st.one_of(st.just(b""), _ODD, st.binary(max_size=4))) + data[place + gone :]
    return data


def _read(pieces: list[bytes], *, ends: bool) -> tuple[HttpReply | None, bool]:
    """The answer and whether the connection would be kept; raises nothing but `BrokenOff`."""
    reader = ReplyReader(SIZE, wants_body=True)
    for piece in pieces:
        reader.feed(piece)
    if ends:
        reader.end()
    return (reader.reply() if reader.done else None), reader.keeps


def _outcome(pieces: list[bytes], *, ends: bool) -> tuple[HttpReply | None, bool] | None:
    try:
        return _read(pieces, ends=ends)
    except BrokenOff:
        return None


def _by_h11(data: bytes) -> tuple[int, bytes] | None:
    """What another reader makes of it, if it takes it for one whole answer without the end of the connection."""
    machine = h11.Connection(h11.CLIENT)
    machine.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    machine.send(h11.EndOfMessage())
    machine.receive_data(data)
    status, body = 0, bytearray()
    try:
        while True:
            event = machine.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                return status, bytes(body)
            elif event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                return None
    except h11.RemoteProtocolError:
        return None


@given(st.data())
@settings(max_examples=150)
def test_any_pieces_make_the_same_answer(data: st.DataObject) -> None:
    made = data.draw(_answers())
    reply, kept = _read([made.data], ends=False)
    assert reply is not None
    assert (reply.status, reply.body) == (made.status, made.body)
    again, kept_again = _read(data.draw(_pieces(made.data)), ends=False)
    assert again == reply
    assert kept_again == kept
    _, kept_behind = _read([*data.draw(_pieces(made.data)), b"H"], ends=False)
    assert not kept_behind


@given(st.data())
@settings(max_examples=100)
def test_half_an_answer_is_none(data: st.DataObject) -> None:
    made = data.draw(_answers())
    cut = made.data[: data.draw(st.integers(0, len(made.data) - 1))]
    assert _outcome(data.draw(_pieces(cut)), ends=False) in (None, (None, False))
    assert _outcome(data.draw(_pieces(cut)), ends=True) is None


@given(st.data())
@settings(max_examples=300)
def test_a_changed_answer_is_one_or_none(data: st.DataObject) -> None:
    changed = data.draw(_changed())
    pieces = data.draw(_pieces(changed))
    whole_read, cut_read = _outcome([changed], ends=False), _outcome(pieces, ends=False)
    if whole_read is None or whole_read[0] is None:
        assert cut_read is None or cut_read[0] is None
    else:
        assert cut_read is not None
        assert cut_read[0] == whole_read[0]
        assert len(whole_read[0].body) <= SIZE
        other = _by_h11(changed)
        assert other in (None, (whole_read[0].status, whole_read[0].body)), "two readers, two answers"
    _outcome(pieces, ends=True)


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_any_bytes_at_all(data: bytes) -> None:
    _outcome([data], ends=False)
    _outcome([data], ends=True)


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "br", "identity", ""]), st.integers(0, 200))
@settings(max_examples=200)
def test_any_bytes_unpacked(data: bytes, coding: str, size: int) -> None:
    try:
        found = unpacked(data, coding, size)
    except ValueError:
        return
    assert coding in ("identity", "") or len(found) <= size


@given(st.lists(_changed(), min_size=8, max_size=8))
@settings(max_examples=12, deadline=None)
def test_after_a_doubtful_answer_the_next_is_right(answers: list[bytes]) -> None:
    asyncio.run(_converse(answers))


async def _converse(answers: list[bytes]) -> None:
    waiting = list(answers)

    async def script(line: Line) -> None:
        """A doubtful answer to each odd request, a right one to each even one."""
        spoilt: bytes | None = None
        while True:
            asked = await line.request()
            if asked.startswith(b"POST /right/"):
                assert spoilt is None or (_outcome([spoilt], ends=False) or (None, False))[1], spoilt
                await line.send(whole(asked.split(b" ")[1]))
                spoilt = None
            else:
                spoilt = waiting.pop()
                line.at_once(spoilt)

    async with hostile(script) as server:
        client = HttpClient()
        try:
            for number in range(len(answers)):
                await _doubtful(client, server.origin)
                path = f"/right/{number}"
                right = await client.send(HttpRequest(method="POST", url=server.origin + path, body=b""))
                assert (right.status, right.body) == (200, path.encode())
        finally:
            await client.aclose()


async def _doubtful(client: HttpClient, origin: str) -> None:
    # Half an answer is waited for: not for long.
    with suppress(ReplyLost, NeverSent):
        await client.send(HttpRequest(method="POST", url=f"{origin}/doubtful", body=b""), total=0.05)


_MOODS = st.sampled_from(
    ["answers", "answers", "leaves", "says nothing", "forges", "answers and leaves", "answers twice"]
)


@pytest.mark.parametrize("transport", get_args(Transport))
@given(st.lists(_MOODS, min_size=1, max_size=10), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_whatever_a_host_does_each_request_leaves_once_or_provably_never(
    transport: Transport, moods: list[str], connections: int
) -> None:
    asyncio.run(_account_for_all(transport, moods, connections))


async def _account_for_all(transport: Transport, moods: list[str], connections: int) -> None:
    heard: list[bytes] = []

    async def script(line: Line) -> None:
        mood = moods[line.number % len(moods)]
        if mood == "leaves":
            line.half_close()
        while mood.startswith("answers"):
            asked = await line.request()
            heard.append(asked)
            answer = whole(asked.split(b" ")[1])
            line.at_once(answer * (2 if mood == "answers twice" else 1), leave=mood == "answers and leaves")
        if mood == "forges":
            line.at_once(whole(b"forged"))
        # All that had left arrives, for nothing is thrown away before the client's end is here.
        heard.append(await line.gone())

    async with hostile(script) as server:
        client = HttpClient(HttpLimits(connections=connections, first=0.03, silence=0.03), transport=transport)
        outcomes = await asyncio.gather(*[_outcome_of(client, f"{server.origin}/{n}/") for n in range(12)])
        await client.aclose()
        for line in server.lines:
            await line.done.wait()
    for number, outcome in enumerate(outcomes):
        left = b"".join(heard).count(b"POST /%d/ " % number)
        if isinstance(outcome, HttpReply):
            assert outcome.body in (b"/%d/" % number, b"forged")
            assert left == 1
        else:
            assert left <= (0 if isinstance(outcome, NeverSent) else 1)


async def _outcome_of(client: HttpClient, url: str) -> HttpReply | NeverSent | ReplyLost:
    try:
        return await client.send(HttpRequest(method="POST", url=url, body=b"{}"))
    except (NeverSent, ReplyLost) as failure:
        return failure
