"""FYERS' official SDK can't tell the emulator from the broker: login, reads, place, modify, cancel."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.own_venv import ROOT, NotInstalled, python_of

REQUIREMENTS = ROOT / "requirements" / "fyers-sdk.txt"
DRIVER = Path(__file__).with_name("drive_fyers.py")
Json = dict[str, Any]


@contextmanager
def emulator() -> Iterator[str]:
    """The emulator as a process of its own, and the line that it prints. The scenario makes 25 calls in a second, so it
    runs without the broker's limits, which have tests of their own.
    """
    command = [sys.executable, "-m", "ordo_emulators", "fyers", "--port", "0", "--set", "rate_limits=false"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        try:
            yield process.stdout.readline()
        finally:
            process.terminate()


def driven(place: Path) -> Json:
    """What the SDK returned, step by step."""
    python = python_of(REQUIREMENTS)
    # Neither Ordo's coverage nor its environment belongs in that process.
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with emulator() as ready:
        done = subprocess.run(  # noqa: S603
            [python, "-I", DRIVER, ready],
            cwd=place,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    told: Json = json.loads(done.stdout)
    return told


def test_the_official_sdk_passes_its_scenario(tmp_path: Path) -> None:
    told = driven(tmp_path)
    logs_in(told)
    reads(told)
    trades(told)
    assert told["after logout"]["code"] == told["stranger"]["code"] == -16


def logs_in(told: Json) -> None:
    redirect = told["redirect"]
    assert (redirect["address"], redirect["s"], redirect["state"]) == (
        "http://127.0.0.1:1/callback/fyers",
        "ok",
        "the-state",
    )
    login = told["login"]
    assert (login["s"], login["code"]) == ("ok", 200)
    claims = json.loads(base64.urlsafe_b64decode(login["access_token"].split(".")[1] + "=="))
    assert claims["fy_id"] == "XE00001"
    assert len(claims["hsm_key"]) == 56
    assert (told["replayed"]["s"], told["replayed"]["code"]) == ("error", -437)


def reads(told: Json) -> None:
    for step in ("get_profile", "funds", "holdings", "market_status", "quotes", "positions", "orderbook", "tradebook"):
        assert told[step]["s"] == "ok", (step, told[step])
    assert told["get_profile"]["data"]["fy_id"] == "XE00001"
    assert {row["id"] for row in told["funds"]["fund_limit"]} == set(range(1, 11))
    assert {row["symbol"] for row in told["holdings"]["holdings"]} >= {"NSE:INFY-EQ", "NSE:SBIN-EQ"}
    assert [row["n"] for row in told["quotes"]["d"]] == ["NSE:SBIN-EQ", "NSE:INFY-EQ"]
    depth = told["depth"]["d"]["NSE:SBIN-EQ"]
    assert len(depth["bids"]) == len(depth["ask"]) == 5
    assert depth["bids"][0]["price"] < depth["ask"][0]["price"]
    assert all(len(candle) == 6 for candle in told["history"]["candles"])


def trades(told: Json) -> None:
    placed = told["placed"]
    assert (placed["s"], placed["code"]) == ("ok", 1101)
    (waiting,) = told["waiting"]["orderBook"]
    assert (waiting["id"], waiting["status"], waiting["qty"], waiting["orderTag"]) == (placed["id"], 6, 10, "1:sdk1")
    assert (told["modified"]["s"], told["modified"]["id"]) == ("ok", placed["id"])
    (found,) = told["found by tag"]["orderBook"]
    assert (found["id"], found["qty"], found["limitPrice"] > waiting["limitPrice"]) == (placed["id"], 12, True)
    assert (told["cancelled"]["code"], told["cancelled"]["id"]) == (1103, placed["id"])
    assert (told["cancelled again"]["s"], told["cancelled again"]["code"]) == ("error", -52)
    assert told["refused"]["s"] == "error"
    assert "id" not in told["refused"]
    market = told["market order"]
    status = {row["id"]: row["status"] for row in told["get_orders"]["orderBook"]}
    assert status == {placed["id"]: 1, market["id"]: 2}
    (item,) = told["basket"]["data"]
    assert item["body"]["s"] == "ok"
    assert {row["id"] for row in told["orderbook"]["orderBook"]} == {
        placed["id"],
        market["id"],
        str(item["body"]["id"]),
    }
    (trade,) = told["tradebook"]["tradeBook"]
    assert (trade["orderNumber"], trade["tradedQty"], trade["orderTag"]) == (market["id"], 10, "1:sdk2")
    (position,) = told["positions"]["netPositions"]
    assert (position["id"], position["netQty"]) == ("NSE:SBIN-EQ-CNC", 10)
    assert told["exited"]["s"] == "ok"
    assert told["logout"]["s"] == "ok"


def test_without_an_index_it_fails_and_says_why(tmp_path: Path) -> None:
    nowhere = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:1/simple",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_RETRIES": "0",
    }
    with pytest.raises(NotInstalled, match="needs a package index that this machine can reach"):
        python_of(REQUIREMENTS, cache=tmp_path, environment=nowhere)
