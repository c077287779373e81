"""The door under the API of httpx2."""

from __future__ import annotations

import asyncio
import gzip

import httpx2
import pytest

from ordo.adapters.http.exchange import HttpRequest
from ordo.adapters.http.httpx_transport import HttpClientTransport
from tests.support.hostile import answering, hostile, once, whole
from tests.unit.adapters.http.conftest import Dial


async def test_a_call(dial: Dial) -> None:
    packed = whole(gzip.compress(b'{"a":1}'), "Content-Encoding: gzip", "X-One: 1")
    async with hostile(answering(packed)) as server, httpx2.AsyncClient(transport=HttpClientTransport(dial())) as http:
        for method, body in (("POST", b"[1]"), ("GET", b""), ("DELETE", b"{}")):
            answer = await http.request(method, f"{server.origin}/a?b=c", content=body, headers={"X-Two": "2"})
            assert (answer.status_code, answer.json(), answer.headers["x-one"]) == (200, {"a": 1}, "1")
            asked = server.requests[-1]
            assert asked.startswith(f"{method} /a?b=c HTTP/1.1\r\n".encode())
            assert asked.endswith(b"\r\n\r\n" + body)
            assert b"\r\nx-two: 2\r\n" in asked.lower()


async def test_its_failures_say_what_is_known(dial: Dial) -> None:
    async with httpx2.AsyncClient(transport=HttpClientTransport(dial(first=0.1, silence=0.1))) as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get("http://127.0.0.1:1/")
        async with hostile(once(b"")) as server:
            with pytest.raises(httpx2.ReadError):
                await http.post(server.origin)
        async with hostile(once(b"", leave=False)) as server:
            with pytest.raises(httpx2.ReadTimeout):
                await http.post(server.origin)


async def test_closing_it_closes_the_connections(dial_own: Dial) -> None:
    async with hostile(answering(whole())) as server:
        client = dial_own()
        async with httpx2.AsyncClient(transport=HttpClientTransport(client)) as http:
            await asyncio.gather(*[http.get(server.origin) for _ in range(3)])
            opened = len(server.lines)
        assert (await client.send(HttpRequest(method="GET", url=server.origin))).body == b"yes"
        assert len(server.lines) == opened + 1
