import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx2
import pytest

from ordo_emulators.server import (
    BODY_LIMIT,
    DROPPED,
    HUNG,
    Delivery,
    Request,
    Response,
    json_response,
    serve,
    serve_in_thread,
)

TOO_LARGE = b"x" * (BODY_LIMIT + 1)


def echo(request: Request) -> Response:
    if request.path == "/fails":
        raise RuntimeError("a bug of the emulator's")
    if request.path in {"/dropped", "/hung"}:
        return DROPPED if request.path == "/dropped" else HUNG
    if request.path == "/cut":
        return Response(body=b'{"id":"26112300000001"}', delivery=Delivery.CUT)
    if request.path == "/cut-empty":
        return Response(delivery=Delivery.CUT)
    return json_response(
        {
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "length": len(request.body),
            "kind": request.headers.get("content-type"),
        }
    )


@asynccontextmanager
async def dialled(origin: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(origin.rsplit(":", 1)[1]))
    try:
        yield reader, writer
    finally:
        writer.close()


async def read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head, await reader.readexactly(length)


async def test_a_delete_keeps_its_body() -> None:
    async with serve(echo) as origin, httpx2.AsyncClient() as client:
        answer = await client.request("DELETE", f"{origin}/orders/sync", json={"id": "1"})
    assert answer.json() == {
        "method": "DELETE",
        "path": "/orders/sync",
        "query": {},
        "length": len(b'{"id":"1"}'),
        "kind": "application/json",
    }


async def test_a_chunked_body_arrives_whole() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a" * 70_000
        yield b"b"

    async with serve(echo) as origin, httpx2.AsyncClient() as client:
        answer = await client.post(origin, content=pieces())
    assert answer.json()["length"] == 70_001


async def test_path_and_query_are_decoded() -> None:
    async with serve(echo) as origin, httpx2.AsyncClient() as client:
        answer = await client.get(f"{origin}/a%20b?symbols=NSE%3AM%26M-EQ&empty=")
    assert answer.json()["path"] == "/a b"
    assert answer.json()["query"] == {"symbols": "NSE:M&M-EQ", "empty": ""}


async def test_pipelined_requests_share_a_connection_and_are_answered_in_order() -> None:
    async with serve(echo) as origin, dialled(origin) as (reader, writer):
        writer.write(b"GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET /two HTTP/1.1\r\nHost: x\r\n\r\n")
        bodies = [(await read_answer(reader))[1] for _ in range(2)]
    assert [b'"/one"' in bodies[0], b'"/two"' in bodies[1]] == [True, True]


async def test_a_client_that_asks_for_it_is_closed_after_the_answer() -> None:
    async with serve(echo) as origin, dialled(origin) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        head, _ = await read_answer(reader)
        assert b"Connection: close" in head
        assert await reader.read() == b""


async def test_a_head_request_gets_no_body() -> None:
    async with serve(echo) as origin, dialled(origin) as (reader, writer):
        writer.write(b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length: 0" not in answer


async def test_a_client_that_waits_for_leave_to_send_gets_it() -> None:
    async with serve(echo) as origin, dialled(origin) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"{}")
        assert (await read_answer(reader))[0].startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"this is not HTTP\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", b"501"),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (BODY_LIMIT + 1) + b"x" * (BODY_LIMIT + 1),
            b"413",
        ),
    ],
    ids=["nonsense", "upgrade", "too large"],
)
async def test_what_it_does_not_serve_is_refused_once_and_closed(sent: bytes, status: bytes) -> None:
    async with serve(echo) as origin, dialled(origin) as (reader, writer):
        writer.write(sent)
        answers = (await reader.read()).split(b"HTTP/1.1 ")[1:]
    assert answers[-1].startswith(status)
    assert sum(answer.startswith(status) for answer in answers) == 1


async def test_a_failing_handler_is_a_500_and_stands_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with serve(echo) as origin, httpx2.AsyncClient() as client:
        assert (await client.get(f"{origin}/fails")).status_code == 500
        assert (await client.get(f"{origin}/works")).status_code == 200
    assert "a bug of the emulator's" in caplog.text


async def test_a_dropped_connection_sends_nothing() -> None:
    async with serve(echo) as origin, dialled(origin) as (reader, writer):
        writer.write(b"GET /dropped HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await reader.read() == b""


@pytest.mark.parametrize(("path", "announced"), [("/cut", 23), ("/cut-empty", 2)])
async def test_a_cut_answer_announces_more_than_it_sends(path: str, announced: int) -> None:
    async with serve(echo) as origin, dialled(origin) as (reader, writer):
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % announced in head
    assert len(body) < announced


async def test_a_hung_connection_ends_at_its_limit_and_answers_nothing_meanwhile() -> None:
    async with serve(echo, hang_limit=0.05) as origin, dialled(origin) as (reader, writer):
        writer.write(b"GET /hung HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await reader.read() == b""


async def test_a_client_of_a_hung_connection_may_leave() -> None:
    async with serve(echo) as origin:
        async with httpx2.AsyncClient(timeout=0.05) as client:
            with pytest.raises(httpx2.ReadTimeout):
                await client.get(f"{origin}/hung")
        async with httpx2.AsyncClient() as client:
            assert (await client.get(origin)).status_code == 200


async def test_the_end_of_the_server_cuts_what_hangs() -> None:
    async with serve(echo) as origin:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(origin.rsplit(":", 1)[1]))
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await read_answer(reader)
        writer.write(b"GET /hung HTTP/1.1\r\nHost: x\r\n\r\n")
    # A connection with a request still unread is reset rather than closed.
    with suppress(ConnectionResetError):
        assert await reader.read() == b""
    assert reader.at_eof() or reader.exception() is not None
    writer.close()


def test_code_without_an_event_loop_is_served_from_a_thread() -> None:
    with serve_in_thread(echo) as origin:
        assert httpx2.get(f"{origin}/x").json()["path"] == "/x"
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(origin)


async def test_a_taken_port_is_an_os_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="address already in use"):
            async with serve(echo, port=port):
                pass
        with pytest.raises(OSError, match="address already in use"), serve_in_thread(echo, port=port):
            pass
