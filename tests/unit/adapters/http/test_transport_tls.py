"""Whom it speaks to: only who proves to be the host, and whoever is not hears nothing of the request."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from ordo.adapters.http.client import HttpClient, Transport
from ordo.adapters.http.exchange import HttpRequest, NeverSent, ReplyLost, ReplyTimedOut
from tests.support.certificates import Authority, authority
from tests.support.hostile import Line, answering, hostile, once, whole
from tests.unit.adapters.http.conftest import Dial


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("certificates"))


def ask(origin: str, body: bytes = b"{}") -> HttpRequest:
    return HttpRequest(method="POST", url=f"{origin}/orders", body=body)


async def _echo(line: Line) -> None:
    while True:
        asked = await line.request()
        await line.send(whole(asked.partition(b"\r\n\r\n")[2]))


async def test_a_host_that_proves_itself(dial: Dial, known: Authority) -> None:
    async with hostile(_echo, known.serving()) as server:
        client = dial(tls=known.trusted())
        for size in (2, 300_000, 2):
            assert (await client.send(ask(server.origin, b"x" * size))).body == b"x" * size


async def test_a_connection_is_kept(dial_own: Dial, known: Authority) -> None:
    async with hostile(_echo, known.serving()) as server:
        client = dial_own(tls=known.trusted())
        for _ in range(5):
            await client.send(ask(server.origin))
        assert len(server.lines) == 1


@pytest.mark.parametrize("fault", ["another name", "another address", "expired", "signed by itself"])
async def test_a_host_that_does_not(dial: Dial, known: Authority, fault: str) -> None:
    serving = {
        "another name": lambda: known.serving("broker.example"),
        "another address": lambda: known.serving("127.0.0.2"),
        "expired": lambda: known.serving(days=-1),
        "signed by itself": lambda: known.serving(own=True),
    }[fault]()
    async with hostile(_echo, serving) as server:
        with pytest.raises(NeverSent, match=r"Cert|ConnectError"):
            await dial(tls=known.trusted()).send(ask(server.origin))
        assert not server.requests


async def test_an_authority_that_the_system_does_not_know(dial: Dial, known: Authority) -> None:
    async with hostile(_echo, known.serving()) as server:
        with pytest.raises(NeverSent):
            await dial().send(ask(server.origin))
        assert not server.requests


def test_nobody_can_turn_the_proof_off(transport: Transport) -> None:
    blind = ssl.create_default_context()
    blind.check_hostname = False
    with pytest.raises(ValueError, match="must check"):
        HttpClient(transport=transport, tls=blind)
    blind.verify_mode = ssl.CERT_NONE
    with pytest.raises(ValueError, match="must check"):
        HttpClient(transport=transport, tls=blind)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x28"])
async def test_a_host_that_refuses_the_handshake(dial: Dial, known: Authority, said: bytes) -> None:
    async def script(line: Line) -> None:
        await line.send(said)
        line.close()
        await line.gone()

    async with hostile(script) as server:
        with pytest.raises(NeverSent):
            await dial(tls=known.trusted()).send(ask(server.origin.replace("http:", "https:")))


async def test_a_host_that_speaks_too_old_a_version(dial: Dial, known: Authority) -> None:
    modern = known.trusted()
    modern.minimum_version = ssl.TLSVersion.TLSv1_3
    old = known.serving()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    async with hostile(_echo, old) as server:
        with pytest.raises(NeverSent):
            await dial(tls=modern).send(ask(server.origin))
        assert not server.requests


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nye"])
async def test_a_host_that_leaves_in_the_middle(
    dial: Dial, known: Authority, version: ssl.TLSVersion, how: str, said: bytes
) -> None:
    async def script(line: Line) -> None:
        await line.request()
        if said:
            await line.send(said)
        line.close() if how == "close" else line.reset()
        await line.gone()

    serving = known.serving()
    serving.minimum_version = serving.maximum_version = version
    async with hostile(script, serving) as server:
        with pytest.raises(ReplyLost):
            await dial(tls=known.trusted()).send(ask(server.origin))
        assert len(server.requests) == len(server.lines) == 1


async def test_an_end_that_the_host_has_said_is_one(dial: Dial, known: Authority) -> None:
    async with hostile(once(b"HTTP/1.1 200 OK\r\n\r\n[]"), known.serving()) as server:
        assert (await dial(tls=known.trusted()).send(ask(server.origin))).body == b"[]"


async def test_a_host_that_has_left_is_not_written_to(dial: Dial, known: Authority) -> None:
    async with hostile(_echo, known.serving()) as server:
        client = dial(tls=known.trusted())
        for _ in range(5):
            assert (await client.send(ask(server.origin))).body == b"{}"
            server.lines[-1].at_once(leave=True)
        assert len(server.lines) == 5


async def test_what_comes_behind_an_answer_is_never_an_answer(dial: Dial, known: Authority) -> None:
    async def script(line: Line) -> None:
        while True:
            asked = await line.request()
            await line.send(whole(asked.partition(b"\r\n\r\n")[2]) + whole(b"forged"))

    async with hostile(script, known.serving()) as server:
        client = dial(tls=known.trusted())
        for number in range(3):
            assert (await client.send(ask(server.origin, b"%d" % number))).body == b"%d" % number
        assert len(server.lines) == 3


async def test_a_host_that_falls_silent(dial: Dial, known: Authority) -> None:
    async with hostile(once(b"HTTP/1.1 200 OK\r\n", leave=False), known.serving()) as server:
        with pytest.raises(ReplyTimedOut):
            await dial(tls=known.trusted(), first=0.15, silence=0.15).send(ask(server.origin))


async def test_a_host_that_does_not_read(dial: Dial, known: Authority) -> None:
    async def script(line: Line) -> None:
        line.deaf()
        await asyncio.Event().wait()

    async with hostile(script, known.serving()) as server:
        client = dial(tls=known.trusted(), write=0.15, first=600, silence=600, total=600)
        with pytest.raises(ReplyTimedOut):
            await client.send(ask(server.origin, b"x" * 16_000_000))
        assert not server.requests


async def test_cancelling_closes_the_connection(dial: Dial, known: Authority) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        asked.set()
        await line.gone()
        left.set()

    async with hostile(script, known.serving()) as server:
        client = dial(tls=known.trusted(), first=600, silence=600, total=600)
        call = asyncio.create_task(client.send(ask(server.origin)))
        await asked.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        async with asyncio.timeout(30):
            await left.wait()


async def test_plain_http_to_a_host_of_tls(dial: Dial, known: Authority) -> None:
    async with hostile(answering(whole()), known.serving()) as server:
        with pytest.raises(ReplyLost):
            await dial().send(ask(server.origin.replace("https:", "http:")))
