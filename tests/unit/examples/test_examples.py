"""The examples do what they say, each over a real gateway on a socket."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

from ordo.client import OrdoClient
from ordo.testing.emulators import Emulator
from ordo.testing.market import Market

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def example(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    name = request.param
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def ran(name: str, folder: Path, **environment: str) -> str:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", EXAMPLES / f"{name}.py"],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("example", ["moving_average_bot"], indirect=True)
def test_the_bot_buys_what_rises_and_sells_what_falls(
    example: ModuleType, ordo_client: OrdoClient, ordo_market: Market, capsys: pytest.CaptureFixture[str]
) -> None:
    first = ordo_market.price("NSE:SBIN")
    path = iter([first + step for step in (-1, -2, -3, -4, -3, -2, -1, 0, 1, 2, 1, 0, -1, -2, -3)])

    def pause(_: float) -> None:
        ordo_market.move("NSE:SBIN", next(path))

    assert example.main(["--steps", "14", "--short", "2", "--long", "4"], pause=pause) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told[:-1]] == ["BUY", "SELL"]
    assert told[-1].startswith("2 orders, 0 units left, ")
    assert [order.side for order in ordo_client.orders.iterate("paper/DEMO", status="FILLED")] == ["BUY", "SELL"]


@pytest.mark.parametrize("example", ["moving_average_bot"], indirect=True)
def test_the_bot_counts_what_was_filled_before_it_gave_up(
    example: ModuleType, ordo_client: OrdoClient, ordo_market: Market
) -> None:
    ordo_market.move("NSE:SBIN", "780.00", quantity=4)
    bot = example.Bot(ordo_client, "paper/DEMO", "NSE:SBIN", 10, 2, 4, patience=0.1)
    bot.trade("BUY", 10)
    (order,) = bot.orders
    assert (order.status, order.filled_quantity, bot.held) == ("CANCELLED", 4, 4)


@pytest.mark.parametrize("example", ["moving_average_bot"], indirect=True)
def test_the_bot_stops_where_nothing_is_known(
    example: ModuleType, ordo_client: OrdoClient, capsys: pytest.CaptureFixture[str]
) -> None:
    ordo_client.kill_switch.set("HALTED", "a test")
    bought = ["--steps", "1", "--short", "1", "--long", "1"]
    assert example.main(bought, pause=lambda _: None) == 0  # One price is no crossing, so nothing is sent.
    assert example.main(["--account", "paper/", *bought], pause=lambda _: None) == 1
    assert "Stopped: UNKNOWN_ACCOUNT" in capsys.readouterr().err


def test_the_portfolio_is_drawn(ordo_client: OrdoClient, tmp_path: Path) -> None:
    told = ran("portfolio_over_time", tmp_path, SAMPLES="5", PAUSE="0.01")
    assert "bought 50 NSE:SBIN" in told
    (line,) = ET.parse(tmp_path / "portfolio.svg").iter("{http://www.w3.org/2000/svg}polyline")  # noqa: S314
    assert len(line.attrib["points"].split()) == 5
    assert [position.quantity for position in ordo_client.positions("paper/DEMO")] == [50, 20]


@pytest.mark.usefixtures("ordo_gateway")
@pytest.mark.parametrize("example", ["rebalance_two_brokers"], indirect=True)
def test_two_brokers_come_to_one_target(
    example: ModuleType,
    fyers_emulator: Emulator,
    hdfc_emulator: Emulator,
    capsys: pytest.CaptureFixture[str],
) -> None:
    accounts = [fyers_emulator.account, hdfc_emulator.account]
    command = [*accounts, "--target", "NSE:SBIN=40000", "--target", "NSE:INFY=60000", "--key", "monday"]
    fyers_emulator.fail("place", "drop_after_accept")
    assert example.main(command) == 0
    told = capsys.readouterr().out
    for account, emulator in zip(accounts, (fyers_emulator, hdfc_emulator), strict=True):
        assert told.count(account) == len(emulator.orders()) > 0
    assert example.main(command[:-2]) == 0
    assert capsys.readouterr().out == "nothing to do\n"
    hdfc_emulator.expire_sessions()
    assert example.main([*accounts, "--target", "NSE:SBIN=80000"]) == 1
    assert f"{hdfc_emulator.account} can't be read" in capsys.readouterr().err


def test_a_gateway_lives_inside_another_program(tmp_path: Path) -> None:
    told = ran("embedded", tmp_path)
    assert "it is the same order: True" in told
    assert "paper/DEMO now has 10 units" in told
    assert list(tmp_path.iterdir()) == []
