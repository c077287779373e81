import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from ordo_emulators import __main__ as command
from tests.unit.emulators.wire import Json


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, Json]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ordo_emulators", "fyers", *arguments, stdout=asyncio.subprocess.PIPE, env=os.environ
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_it_is_told_to_stop(number: signal.Signals) -> None:
    async with started("--port", "0", "--seed", "7", "--set", "rate_limits=false") as (process, ready):
        assert ready.keys() == {"base_url", "data_url", "master_url"}
        origin = ready["base_url"].removesuffix("/api/v3")
        assert (ready["data_url"], ready["master_url"]) == (f"{origin}/data", f"{origin}/sym_details")
        async with httpx2.AsyncClient() as client:
            assert (await client.get(f"{ready['master_url']}/NSE_CM.csv")).status_code == 200
            assert (await client.get(f"{ready['base_url']}/funds")).json()["code"] == -16
            assert (await client.get(f"{origin}/_emulator/settings")).json()["rate_limits"] is False
        process.send_signal(number)
        assert await process.wait() == 0


async def test_the_port_is_the_one_that_was_asked_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with started("--port", str(port)) as (_, ready):
        assert ready["base_url"] == f"http://127.0.0.1:{port}/api/v3"


def test_a_taken_port_is_said_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert command.main(["fyers", "--port", str(port)]) == 1
    assert f"Port {port} can't be served" in capsys.readouterr().err


def test_a_broker_that_is_not_there_is_said_plainly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "BROKERS", ("fyers", "nowhere"))
    assert command.main(["nowhere"]) == 2
    assert "There is no emulator of nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["fyers", "--set", "speed=1"], "unknown setting 'speed'"),
        (["fyers", "--set", "rejections=never"], "one of answer, book"),
    ],
)
def test_a_wrong_setting_is_refused(arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(arguments) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["kite"], ["fyers", "--set", "speed"]])
def test_wrong_arguments_end_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err
