"""The switches: shown, changed, refused; given at construction and on the command line; and what a reset leaves."""

import asyncio
import json
import os
import sys

import httpx2
import pytest

from ordo_emulators import __main__ as command
from ordo_emulators.hdfc.emulator import HdfcEmulator
from ordo_emulators.hdfc.settings import ProfileVerb, ReferenceMode, Settings, TwoFA
from tests.unit.emulators.hdfc_wire import BROWSER, RESTING, Hdfc
from tests.unit.emulators.wire import Clock, Json

OF_THE_CONTRACT = {
    "reference_mode": "echo",
    "refusal_style": "http200",
    "market_orders": "allow",
    "profile_verb": "get",
    "holdings_empty": "list",
    "twofa": "on",
    "token_ttl": 28_800,
}


async def test_every_switch_is_shown(hdfc: Hdfc) -> None:
    shown: Json = (await hdfc.control("GET", "/settings")).json()
    assert {name: shown[name] for name in OF_THE_CONTRACT} == OF_THE_CONTRACT
    assert shown["callback_url"] == "http://127.0.0.1:8000/callback/hdfc"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"reference_mode": "maybe"}, "one of echo, stapi"),
        ({"profile_verb": ["get"]}, "one of get, post, 422"),
        ({"twofa": None}, "one of on, off, recaptcha"),
        ({"token_ttl": "8h"}, "of the kind int"),
        ({"token_ttl": -1}, "below 0"),
        ({"refresh_per_second": 1}, "unknown setting"),
    ],
)
async def test_a_wrong_value_changes_nothing(hdfc: Hdfc, values: Json, reason: str) -> None:
    before = (await hdfc.control("GET", "/settings")).json()
    answer = await hdfc.control("POST", "/settings", {"bucket": 3, **values})
    assert (answer.status_code, reason in answer.json()["error"]) == (400, True)
    assert (await hdfc.control("GET", "/settings")).json() == before


@pytest.mark.parametrize("name", ["profile_verb", "holdings_empty"])
async def test_422_may_be_written_as_a_number(hdfc: Hdfc, name: str) -> None:
    await hdfc.set(**{name: 422})
    assert (await hdfc.control("GET", "/settings")).json()[name] == "422"


def test_switches_are_given_at_construction() -> None:
    settings = Settings(
        reference_mode=ReferenceMode.STAPI,
        profile_verb=ProfileVerb.UNPROCESSABLE,
        twofa=TwoFA.OFF,
        token_ttl=60,
        has_holdings=False,
        market_open=False,
    )
    emulator = HdfcEmulator(settings=settings)
    shown = emulator.settings()
    assert (shown["reference_mode"], shown["profile_verb"], shown["token_ttl"]) == ("stapi", "422", 60)
    assert not emulator._desk.exchange.is_open
    assert emulator._desk.account.holdings == {}


async def test_a_reset_forgets_orders_and_keeps_sessions_and_switches(hdfc: Hdfc, clock: Clock) -> None:
    await hdfc.set(reference_mode="stapi", changes="rejected")
    await hdfc.price("NSE:SBIN", "950")
    order_id = await hdfc.place(**RESTING)
    await hdfc.api("DELETE", f"/orders/regular/{order_id}")
    await hdfc.arm("funds", "unknown_code")
    assert (await hdfc.control("POST", "/reset")).json() == {"reset": True}
    clock.forward(1)
    assert await hdfc.arrived() == []
    assert await hdfc.rows("/orders") == []
    assert (await hdfc.api("GET", "/user/margins")).json()["status"] == "success"
    row = await hdfc.order(await hdfc.place(**RESTING, external_reference_number=7))
    assert (row["status"], row["external_reference_number"][:5]) == ("Pending", "STAPI")
    assert row["order_id"] != order_id


async def test_it_is_started_from_the_command_line() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "ordo_emulators", "hdfc", "--port", "0", "--seed", "7", "--rows", "5000"),
        *("--set", "profile_verb=422", "--set", "reference_mode=stapi"),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ,
    )
    assert process.stdout is not None
    try:
        ready: Json = json.loads(await process.stdout.readline())
        origin = ready["base_url"]
        assert ready == {
            "base_url": origin,
            "data_url": origin,
            "master_url": f"{origin}/oapi/v1/security-master",
        }
        async with httpx2.AsyncClient(headers={"User-Agent": BROWSER}) as client:
            assert len((await client.get(ready["master_url"])).text.splitlines()) > 5000
            started = await client.get(f"{origin}/oapi/v1/login", params={"api_key": "EMULATED"})
            assert started.json().keys() == {"tokenId"}
            switches = (await client.get(f"{origin}/_emulator/settings")).json()
            assert (switches["profile_verb"], switches["reference_mode"]) == ("422", "stapi")
        process.terminate()
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def test_a_wrong_switch_on_the_command_line_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["hdfc", "--set", "twofa=totp"]) == 2
    assert "one of on, off, recaptcha" in capsys.readouterr().err
