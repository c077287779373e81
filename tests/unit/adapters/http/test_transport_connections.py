"""Which connection a request goes out on, and that no answer ever reaches another request than its own."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack
from typing import Any

import pytest

from ordo.adapters.http.carrier import BrokenOff, Evidence
from ordo.adapters.http.client import HttpClient
from ordo.adapters.http.connection import Connection
from ordo.adapters.http.exchange import HttpRequest, NeverSent
from ordo.adapters.http.limits import HttpLimits
from ordo.adapters.http.wording import worded
from tests.support.hostile import Line, answering, hostile, whole
from tests.unit.adapters.http.conftest import Dial

WAIT = 30
LONG = 600


def ask(origin: str, path: str = "/") -> HttpRequest:
    return HttpRequest(method="POST", url=f"{origin}{path}", body=b"{}")


async def _echo(line: Line) -> None:
    while True:
        asked = await line.request()
        await line.send(whole(asked.split(b" ")[1]))


async def test_a_connection_is_kept(dial_own: Dial) -> None:
    async with hostile(_echo) as server:
        client = dial_own()
        for number in range(20):
            assert (await client.send(ask(server.origin, f"/{number}"))).body == f"/{number}".encode()
        assert len(server.lines) == 1


async def test_many_at_once_get_their_own_answers_over_few_connections(dial_own: Dial) -> None:
    async with hostile(_echo) as server:
        client = dial_own(connections=4)
        replies = await asyncio.gather(*[client.send(ask(server.origin, f"/{number}")) for number in range(100)])
        assert [reply.body for reply in replies] == [f"/{number}".encode() for number in range(100)]
        assert len(server.lines) <= 4


async def test_hosts_do_not_share(dial_own: Dial) -> None:
    async with hostile(answering(whole(b"a"))) as one, hostile(answering(whole(b"b"))) as other:
        client = dial_own()
        for _ in range(2):
            assert (await client.send(ask(one.origin))).body == b"a"
            assert (await client.send(ask(other.origin))).body == b"b"
        assert len(one.lines) == len(other.lines) == 1


async def test_one_slow_host_takes_no_connections_from_another(dial_own: Dial) -> None:
    async def silent(line: Line) -> None:
        await line.gone()

    async with hostile(silent) as slow, hostile(_echo) as server:
        client = dial_own(connections=2)
        waiting = [asyncio.create_task(client.send(ask(slow.origin))) for _ in range(4)]
        assert (await client.send(ask(server.origin))).body == b"/"
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.parametrize(
    "answer",
    [
        whole(b"yes", "Connection: close"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nyes",
        b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
    ],
)
async def test_a_host_that_wants_no_more(dial: Dial, answer: bytes) -> None:
    async with hostile(answering(answer)) as server:
        client = dial()
        for _ in range(3):
            assert (await client.send(ask(server.origin))).status in (200, 204)
        assert len(server.lines) == len(server.requests) == 3


async def test_a_host_that_has_left_is_not_written_to(dial: Dial) -> None:
    async with hostile(_echo) as server:
        client = dial()
        for number in range(10):
            assert (await client.send(ask(server.origin, f"/{number}"))).body == f"/{number}".encode()
            # The event loop has had no chance to hear of it.
            server.lines[-1].at_once(leave=True)
        assert len(server.lines) == 10


async def test_a_connection_is_closed_with_the_hosts_side_of_it(dial: Dial) -> None:
    left = asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        await line.send(whole())
        line.half_close()
        await line.gone()
        left.set()

    async with hostile(script) as server:
        client = dial()
        for _ in range(3):
            assert (await client.send(ask(server.origin))).body == b"yes"
            async with asyncio.timeout(WAIT):
                await left.wait()
            left.clear()
        assert len(server.lines) == 3


_FORGED = {
    "an answer": whole(b"forged"),
    "half an answer": whole(b"forged")[:20],
    "a byte": b"H",
    "a line break": b"\r\n",
    "garbage": b"\x00\xff garbage",
    "a promise": b"HTTP/1.1 100 Continue\r\n\r\n",
}


@pytest.mark.parametrize("said", _FORGED)
async def test_what_comes_unasked_is_never_an_answer(dial: Dial, said: str) -> None:
    async with hostile(_echo) as server:
        client = dial()
        for number in range(3):
            assert (await client.send(ask(server.origin, f"/{number}"))).body == f"/{number}".encode()
            server.lines[-1].at_once(_FORGED[said])
        assert len(server.lines) == 3, "a connection on which something lay was used again"


@pytest.mark.parametrize("said", [name for name in _FORGED if name != "a line break"])
async def test_what_comes_behind_an_answer_is_never_an_answer(dial: Dial, said: str) -> None:
    async def script(line: Line) -> None:
        while True:
            asked = await line.request()
            await line.send(whole(asked.split(b" ")[1]) + _FORGED[said])

    async with hostile(script) as server:
        client = dial()
        for number in range(3):
            assert (await client.send(ask(server.origin, f"/{number}"))).body == f"/{number}".encode()
        assert len(server.lines) == 3


async def test_a_line_break_behind_an_answer_is_none(dial_own: Dial) -> None:
    async def script(line: Line) -> None:
        while True:
            asked = await line.request()
            await line.send(whole(asked.split(b" ")[1]) + b"\r\n")

    async with hostile(script) as server:
        client = dial_own()
        for number in range(3):
            assert (await client.send(ask(server.origin, f"/{number}"))).body == f"/{number}".encode()


async def test_what_lies_on_a_new_connection_is_no_answer() -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        connection = Connection(loop, HttpLimits())
        await loop.create_connection(lambda: connection, *listening.getsockname())
        host, _ = listening.accept()
        with host:
            host.send(whole(b"forged"))
            sent = Evidence()
            with pytest.raises(BrokenOff, match="unasked"):
                await connection.exchange(worded(ask("http://127.0.0.1:1")), sent, loop.time() + WAIT)
            assert not sent.begun
            await connection.gone
            with pytest.raises(ConnectionResetError):  # By which a system says that what had come was not read.
                host.recv(100)


async def test_nothing_leaves_on_a_new_connection_on_which_something_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, ExitStack() as hosts:

        class Forestalled(Connection):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                host, _ = listening.accept()
                hosts.enter_context(host).send(whole(b"forged"))

        monkeypatch.setattr("ordo.adapters.http.own.Connection", Forestalled)
        client = HttpClient()
        with pytest.raises(NeverSent, match="unasked"):
            await client.send(ask(f"http://127.0.0.1:{listening.getsockname()[1]}"))
        await client.aclose()


async def test_an_answer_before_the_request_has_left(dial_own: Dial) -> None:
    """The answer counts, and the connection, with half a request on it, is not used again."""
    refused = whole(b"too large", status="413 Content Too Large")

    async def script(line: Line) -> None:
        if line.number:
            await _echo(line)
        await line.head()
        await line.send(refused)
        line.deaf()
        await asyncio.Event().wait()

    async with hostile(script) as server:
        client = dial_own()
        large = HttpRequest(method="POST", url=server.origin, body=b"x" * 16_000_000)
        reply = await client.send(large)
        assert (reply.status, reply.body) == (413, b"too large")
        assert (await client.send(ask(server.origin))).body == b"/"
        assert len(server.lines) == 2


async def test_the_latest_connection_is_used_first(dial_own: Dial) -> None:
    gates = [asyncio.Event() for _ in range(3)]
    used: list[int] = []

    async def script(line: Line) -> None:
        await line.request()
        if len(server.requests) == 3:
            everybody.set()
        await gates[line.number].wait()
        await line.send(whole())
        while True:
            await line.request()
            used.append(line.number)
            await line.send(whole())

    everybody = asyncio.Event()
    async with hostile(script) as server:
        client = dial_own()
        calls = [asyncio.create_task(client.send(ask(server.origin))) for _ in range(3)]
        await everybody.wait()
        for gate in gates:
            gate.set()
            await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            calls = [call for call in calls if not call.done()]
        for _ in range(3):
            await client.send(ask(server.origin))
        assert used == [2, 2, 2]


async def _is_closed_by_client(dial: Dial, answer: bytes, **limits: Any) -> None:  # noqa: ANN401
    left = asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        await line.send(answer)
        await line.gone()
        left.set()

    async with hostile(script) as server:
        client = dial(**limits)
        await client.send(ask(server.origin))
        async with asyncio.timeout(WAIT):
            await left.wait()


async def test_an_idle_connection_is_closed_after_a_while(dial_own: Dial) -> None:
    await _is_closed_by_client(dial_own, whole(), idle=0.05)


@pytest.mark.parametrize("said", ["timeout=1", "max=100, Timeout=1", "timeout=0"])
async def test_a_connection_is_closed_before_the_host_does_it(dial_own: Dial, said: str) -> None:
    await _is_closed_by_client(dial_own, whole(b"", f"Keep-Alive: {said}"), idle=LONG)


@pytest.mark.parametrize("said", ["timeout=99999999999999", "timeout=x", "timeout", "", "timeout=\u00b2"])
async def test_what_a_host_says_of_its_patience_does_not_lengthen_ours(dial_own: Dial, said: str) -> None:
    answer = whole().replace(b"\r\n\r\n", f"\r\nKeep-Alive: {said}\r\n\r\n".encode("latin-1"))
    await _is_closed_by_client(dial_own, answer, idle=0.05)


async def test_an_old_connection_is_not_kept(dial_own: Dial) -> None:
    await _is_closed_by_client(dial_own, whole(), age=0.0, idle=LONG)


async def test_a_client_that_was_closed_opens_new_ones(dial: Dial) -> None:
    async with hostile(_echo) as server:
        client = dial()
        for _ in range(2):
            assert (await client.send(ask(server.origin))).body == b"/"
            await client.aclose()
        assert len(server.lines) == 2


@pytest.mark.parametrize("said", _FORGED)
async def test_what_comes_unasked_ends_the_connection(dial_own: Dial, said: str) -> None:
    left = asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        await line.send(whole())
        await answered.wait()
        line.at_once(_FORGED[said])
        await line.gone()
        left.set()

    answered = asyncio.Event()
    async with hostile(script) as server:
        await dial_own(idle=LONG).send(ask(server.origin))
        answered.set()
        async with asyncio.timeout(WAIT):
            await left.wait()


async def test_a_turn_that_comes_with_a_cancellation_goes_to_the_next(dial_own: Dial) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def script(line: Line) -> None:
        while True:
            await line.request()
            asked.set()
            await go.wait()
            await line.send(whole())

    async with hostile(script) as server:
        client = dial_own(connections=1, connect=WAIT)

        async def and_cancel() -> None:
            await client.send(ask(server.origin))
            second.cancel()  # Its turn has come, and it does not know yet.

        first = asyncio.create_task(and_cancel())
        await asked.wait()
        second, third = [asyncio.create_task(client.send(ask(server.origin))) for _ in range(2)]
        await asyncio.sleep(0)
        go.set()
        await first
        async with asyncio.timeout(WAIT / 2):
            assert (await third).body == b"yes"
        with pytest.raises(asyncio.CancelledError):
            await second
        assert (await client.send(ask(server.origin))).body == b"yes"
