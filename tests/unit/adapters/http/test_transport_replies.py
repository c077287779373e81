"""What is one whole answer, and what is none."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib

import pytest

from ordo.adapters.http.exchange import HttpRequest, ReplyLost
from ordo.adapters.http.unpacking import unpacked
from tests.support.hostile import Line, answering, hostile, once, whole
from tests.unit.adapters.http.conftest import Dial

SIZE = 100_000


def ask(origin: str, method: str = "GET") -> HttpRequest:
    return HttpRequest(method=method, url=f"{origin}/book?day=1#part", headers={"X-One": "1"})


def _chunked(*rest: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", *rest]).encode()


_ANSWERS = {
    "a length": whole(),
    "chunks": _chunked("1", "y", "2", "es", "0", "", ""),
    "chunks with extensions": _chunked('1;a=b;c="d"', "y", "002", "es", "0;z", "", ""),
    "chunks with a trailer": _chunked("3", "yes", "0", "X-One: other", "", ""),
    "interim answers": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nX-One: 9\r\n\r\n" + whole(),
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nyes",
    "an end for a length": b"HTTP/1.1 200 OK\r\n\r\nyes",
    "an old version": b"HTTP/1.0 200 OK\r\n\r\nyes",
    "an old version with a length": b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nyes",
    "gzip": whole(gzip.compress(b"yes"), "Content-Encoding: gzip"),
    "zlib": whole(zlib.compress(b"yes"), "Content-Encoding: Deflate"),
    "deflate": whole(zlib.compress(b"yes")[2:-4], "Content-Encoding: deflate"),
    "identity": whole(b"yes", "Content-Encoding: identity"),
}


@pytest.mark.parametrize("name", _ANSWERS)
async def test_an_answer(dial: Dial, name: str) -> None:
    async with hostile(once(_ANSWERS[name])) as server:
        reply = await dial(size=SIZE).send(ask(server.origin))
    assert (reply.status, reply.body) == (200, b"yes")
    assert reply.headers.get("x-one") is None


@pytest.mark.parametrize("name", _ANSWERS)
async def test_an_answer_in_single_bytes(dial_own: Dial, name: str) -> None:
    async def script(line: Line) -> None:
        await line.request()
        for byte in _ANSWERS[name]:
            line.at_once(bytes([byte]))
            await asyncio.sleep(0)
        line.close()

    async with hostile(script) as server:
        assert (await dial_own().send(ask(server.origin))).body == b"yes"


async def test_a_status_is_told_and_never_followed(dial: Dial) -> None:
    elsewhere = whole(b"go", "Location: /other", "Set-Cookie: a=b", status="307 Temporary Redirect")
    async with hostile(answering(elsewhere)) as server:
        client = dial()
        for _ in range(2):
            reply = await client.send(ask(server.origin))
            assert (reply.status, reply.headers["location"], reply.body) == (307, "/other", b"go")
        assert len(server.requests) == 2
        assert not any(b"ookie" in request for request in server.requests)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_an_answer_without_a_body(dial: Dial, status: str) -> None:
    async with hostile(answering(f"HTTP/1.1 {status}\r\n\r\n".encode())) as server:
        client = dial()
        assert (await client.send(ask(server.origin))).body == b""
        assert (await client.send(ask(server.origin))).body == b""


async def test_an_answer_to_head_has_no_body(dial: Dial) -> None:
    async with hostile(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n")) as server:
        reply = await dial(size=SIZE).send(ask(server.origin, "HEAD"))
        assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"", "300000")


async def test_what_is_said_to_the_host(dial: Dial) -> None:
    async with hostile(answering(whole())) as server:
        client = dial()
        host = server.origin.removeprefix("http://")
        for method, body, length in (
            ("GET", None, None), ("DELETE", None, None), ("DELETE", b"{}", 2), ("POST", None, 0), ("PUT", b"", 0),
            ("PATCH", b"\x00\xff", 2),
        ):  # fmt: skip
            wanted = HttpRequest(method=method, url=f"{server.origin}/a%20b?c=%2F", headers={"Accept": "x"}, body=body)
            await client.send(wanted)
            head, _, said = server.requests[-1].partition(b"\r\n\r\n")
            first, *rest = head.decode().split("\r\n")
            assert first == f"{method} /a%20b?c=%2F HTTP/1.1"
            lengths = [] if length is None else [f"content-length: {length}"]
            assert sorted(line.lower() for line in rest) == sorted(["accept: x", f"host: {host}", *lengths])
            assert said == (body or b"")


_NONE = {
    "not HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "a request": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTML": b"<html>\r\n\r\n</html>\r\n\r\n",
    "a longer length": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nyes",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 2\r\n\r\nyes",
    "a length below zero": b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nyes",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: three\r\n\r\nyes",
    "a length past all numbers": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nyes",
    "a length above the limit": b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n" + b"x" * 100_001,
    "a chunk that is none": _chunked("yes", "0", "", ""),
    "a chunk below zero": _chunked("-3", "yes", "0", "", ""),
    "a chunk past all numbers": _chunked("f" * 17, "yes", "0", "", ""),
    "a chunk that is too long": _chunked("2", "yes", "0", "", ""),
    "a chunk that is too short": _chunked("4", "yes", "0", "", ""),
    "chunks above the limit": _chunked(*["4000", "x" * 0x4000] * 7, "0", "", ""),
    "a body above the limit": b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_001,
    "gzip that is none": whole(b"yes", "Content-Encoding: gzip"),
    "gzip that is cut": whole(gzip.compress(b"yes" * 100)[:-9], "Content-Encoding: gzip"),
    "gzip that grows above the limit": whole(gzip.compress(b"0" * 100_001), "Content-Encoding: gzip"),
    "deflate that is none": whole(b"\xff\xff\xff", "Content-Encoding: deflate"),
    "a packing that nobody knows": whole(b"yes", "Content-Encoding: br"),
    "two packings": whole(gzip.compress(gzip.compress(b"yes")), "Content-Encoding: gzip, gzip"),
    "a change of protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + whole(),
    "a head that is too long": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 400_000 + b"\r\nContent-Length: 3\r\n\r\nyes",
    "a head without an end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
}


@pytest.mark.parametrize("name", _NONE)
async def test_what_is_no_answer(dial: Dial, name: str) -> None:
    async with hostile(once(_NONE[name])) as server:
        with pytest.raises(ReplyLost):
            await dial(size=SIZE).send(ask(server.origin))
        assert len(server.requests) == 1


_DOUBTFUL = {
    "a length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nyes\r\n0\r\n\r\n",
    "the same length twice": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nyes",
    "a list of lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nyes",
    "chunks twice": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nyes\r\n0\r\n\r\n",
    "chunks of something packed": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nyes\r\n0\r\n\r\n",
    "a coding that nobody knows": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: other\r\n\r\nyes",
    "chunks in an old version": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n0\r\n\r\n",
    "another version": b"HTTP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nyes",
    "a status that does not exist": b"HTTP/1.1 799 What\r\nContent-Length: 3\r\n\r\nyes",
    "a status below all": b"HTTP/1.1 099 What\r\nContent-Length: 3\r\n\r\nyes",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 3\n\nyes",
    "a folded header": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 3\r\n\r\nyes",
    "a space before a colon": b"HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\nyes",
    "a zero in a header": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 3\r\n\r\nyes",
    "a length behind chunks": _chunked("3", "yes", "0", "Content-Length: 1", "", ""),
    "too many promises": b"HTTP/1.1 102 Processing\r\n\r\n" * 9 + whole(),
    "a trailer without an end": _chunked("3", "yes", "0", *["X: y"] * 100_000, "", ""),
    "more frame than body": _chunked(*[f"1;{'x' * 200}", "y"] * 1000, "0", "", ""),
}


@pytest.mark.parametrize("name", _DOUBTFUL)
async def test_what_could_be_read_in_two_ways_is_no_answer(dial_own: Dial, name: str) -> None:
    async with hostile(once(_DOUBTFUL[name])) as server:
        with pytest.raises(ReplyLost):
            await dial_own(size=SIZE).send(ask(server.origin))


def _bomb() -> bytes:
    machine = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([machine.compress(b"\0" * 1_000_000) for _ in range(30)]) + machine.flush()


async def test_a_bomb_is_no_answer(dial: Dial) -> None:
    async with hostile(once(whole(_bomb(), "Content-Encoding: gzip"))) as server:
        with pytest.raises(ReplyLost, match="larger"):
            await dial(size=1_000_000).send(ask(server.origin))


def test_a_bomb_is_not_blown_up() -> None:
    bomb = _bomb()
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="larger"):
            unpacked(bomb, "gzip", 1_000_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


async def test_no_proxy_is_ever_asked(dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hostile(answering(whole(b"proxy"))) as proxy, hostile(answering(whole())) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.origin)
        assert (await dial().send(ask(server.origin))).body == b"yes"
        assert not proxy.lines


async def test_what_announces_too_much_is_not_read(dial_own: Dial) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n"
    async with hostile(once(head, leave=False)) as server, asyncio.timeout(30):
        with pytest.raises(ReplyLost, match="larger"):
            await dial_own(size=SIZE, silence=600, total=600).send(ask(server.origin))
