"""The commands that ask a gateway: with one of their own, with one that answers badly, and with none."""

from __future__ import annotations

import json
import signal
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from ordo.client.announcement import Announcement, announce
from ordo.domain.orders import OrderStatus
from ordo.schemas.v1.orders import Order
from tests.support.orders import order_of
from tests.unit.client.hostile_gateway import LOST, HostileGateway, answer
from tests.unit.entrypoints.cli.shell import SECONDS, Here, Shell

UNKNOWN = Order.of(replace(order_of(), status=OrderStatus.UNKNOWN))
BUY = ("buy", "NSE:SBIN", "3", "--limit", "900.00")


def test_an_order_is_placed_seen_and_cancelled_without_a_server(ordo: Here) -> None:
    bought = ordo(*BUY, "--key", "k1", "--json")
    assert bought.code == 0
    assert (bought.document["status"], bought.document["order_type"]) == ("FILLED", "LIMIT")
    again = ordo(*BUY, "--key", "k1", "--json")
    assert (again.code, again.out, again.err) == (0, bought.out, "")

    waiting = ordo("buy", "NSE:SBIN", "1", "--limit", "700.00", "--product", "MIS", "--json").document
    assert (waiting["status"], waiting["product"]) == ("OPEN", "MIS")
    changed = ordo("modify", "paper/DEMO", waiting["order_id"], "--quantity", "2", "--json").document
    assert (changed["order_id"], changed["quantity"]) == (waiting["order_id"], 2)
    cancelled = ordo("cancel", "paper/DEMO", waiting["order_id"], "--json").document
    assert (cancelled["order_id"], cancelled["status"]) == (waiting["order_id"], "CANCELLED")
    assert ordo("cancel", "paper/DEMO", waiting["order_id"]).code == 2

    listed = ordo("orders", "paper/DEMO", "--json").document
    assert [order["status"] for order in listed] == ["FILLED", "CANCELLED"]
    assert ordo("portfolio", "paper/DEMO", "--json").document["positions"][0]["quantity"] == 3
    sold = ordo("sell", "NSE:SBIN", "3", "--trigger", "700.00", "--account", "paper/DEMO", "--json").document
    assert (sold["side"], sold["order_type"], sold["trigger_price"]) == ("SELL", "SL-M", "700.00")


def test_people_read_tables_without_colours_in_a_file(ordo: Here) -> None:
    assert "no orders" in ordo("orders", "paper/DEMO").out
    placed = ordo("buy", "NSE:SBIN", "1")
    assert "FILLED" in placed.out
    orders = ordo("orders", "paper/DEMO")
    portfolio = ordo("portfolio", "paper/DEMO")
    quotes = ordo("quote", "NSE:SBIN", "NSE:RELIANCE")
    status = ordo("status")
    for ended in (placed, orders, portfolio, quotes, status):
        assert (ended.code, ended.err) == (0, "" if ended is not placed else placed.err)
        assert "\x1b" not in ended.out
    assert "BUY" in orders.out
    assert "no holdings" in portfolio.out
    assert "NSE:RELIANCE" in quotes.out
    assert "kill switch ACTIVE" in status.out
    assert "paper/DEMO" in status.out


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        pytest.param(("buy", "NSE:SBIN", "1", "--limit", "800.01"), 2, "INVALID_ORDER", id="off the tick"),
        pytest.param(("buy", "NSE:NOSUCH", "1"), 2, "INVALID_INSTRUMENT", id="unknown instrument"),
        pytest.param(("buy", "NSE:SBIN", "1000000", "--limit", "900.00"), 2, "INSUFFICIENT_FUNDS", id="too dear"),
        pytest.param(("buy", "NSE:SBIN", "1", "--limit", "dear"), 4, "VALIDATION_ERROR", id="no price"),
        pytest.param(("buy", "NSE:SBIN", "1", "--key", " "), 4, "VALIDATION_ERROR", id="no key"),
        pytest.param(("portfolio", "DEMO"), 4, "UNKNOWN_ACCOUNT", id="half an account"),
        pytest.param(("portfolio", "hdfc/7000001"), 4, "UNKNOWN_ACCOUNT", id="unknown account"),
        pytest.param(
            ("resolve", "paper/DEMO", "375000000000001", "placed", "--why", "asked the desk"),
            4,
            "ORDER_NOT_FOUND",
            id="nothing to resolve",
        ),
        pytest.param(
            ("resolve", "paper/DEMO", "375000000000001", "perhaps", "--why", "asked the desk"),
            4,
            "VALIDATION_ERROR",
            id="no finding",
        ),
        pytest.param(("cancel", "paper/DEMO", "375000000000001"), 4, "ORDER_NOT_FOUND", id="unknown order"),
    ],
)
def test_a_refusal_has_its_exit_code_and_its_reason(
    ordo: Here, arguments: tuple[str, ...], code: int, error: str
) -> None:
    ended = ordo(*arguments, "--json")
    assert (ended.code, ended.document["error_code"]) == (code, error)
    assert set(ended.document) == {"error_code", "message", "details", "correlation_id"}
    assert f"{error}: {ended.document['message']}" in ended.err


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ORDO_NONSENSE", "1", "nonsense"),
        ("ORDO_DATABASE_URL", "mysql://127.0.0.1/ordo", "ORDO_DATABASE_URL"),
        ("ORDO_DATABASE_URL", "sqlite://", "ORDO_DATABASE_URL"),
        ("ORDO_MASTER_KEYS", "too-short", "ORDO_MASTER_KEYS"),
    ],
)
def test_settings_that_do_not_fit_are_named(
    ordo: Here, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    for arguments in (("status", "--json"), ("serve", "--port", "0", "--json")):
        ended = ordo(*arguments)
        assert ended.code == 4
        assert told in ended.document["message"]


def test_an_unknown_outcome_says_what_not_to_do(ordo: Here) -> None:
    with HostileGateway.serving(answer(202, UNKNOWN.model_dump_json())) as gateway:
        ended = ordo(*BUY, "--key", "mine", "--url", gateway.url, "--token", "t0ken", "--json")
    assert ended.code == 3
    assert "OUTCOME UNKNOWN" in ended.err.splitlines()[0]
    assert f"ordo orders {UNKNOWN.account}" in ended.err
    assert "the same command with --key mine" in ended.err
    assert Order.model_validate_json(ended.out) == UNKNOWN
    assert "Do not repeat" in ended.err
    assert "ordo orders" in ended.err
    assert gateway.seen[0].headers["authorization"] == "Bearer t0ken"


def test_a_gateway_that_is_lost_leaves_the_outcome_unknown(ordo: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordo.client.clients.TIMEOUT_SECONDS", 0.5)
    busy = answer(409, json.dumps({"error_code": "IDEMPOTENCY_IN_FLIGHT", "message": ""}), "Retry-After: 900")
    with HostileGateway.serving(busy) as gateway:
        assert ordo(*BUY, "--url", gateway.url, "--json").code == 3
    with HostileGateway.serving(answer(200, "no order")) as gateway:
        ended = ordo(*BUY, "--url", gateway.url, "--key", "mine", "--json")
    assert (ended.code, ended.document["error_code"]) == (3, "OUTCOME_UNKNOWN")
    assert ended.document["details"]["idempotency_key"] == "mine"
    assert gateway.keys == ["mine"]


def test_a_lost_answer_is_asked_for_again(ordo: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    with HostileGateway.serving(LOST, answer(201, UNKNOWN.model_dump_json())) as gateway:
        monkeypatch.setenv("ORDO_URL", gateway.url)
        assert ordo(*BUY).code == 0
    assert len(set(gateway.keys)) == 1
    assert len(gateway.keys) == 2


@pytest.mark.parametrize(("url", "code"), [("http://127.0.0.1:1", 5), ("127.0.0.1:8000", 4)])
def test_an_address_without_a_gateway(ordo: Here, url: str, code: int) -> None:
    ended = ordo(*BUY, "--url", url, "--json")
    assert ended.code == code
    assert "othing was sent" in ended.document["message"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense"])
def test_what_a_dead_gateway_left_behind_is_not_believed(ordo: Here, tmp_path: Path, url: str) -> None:
    announce(tmp_path / "ordo.db.serve.json", Announcement(url=url, pid=1, token="t0ken"))
    assert ordo("status", "--json").document["kill_switch"]["state"] == "ACTIVE"


def test_what_was_interrupted_is_unknown(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gateway:
        url = f"http://127.0.0.1:{gateway.getsockname()[1]}"
        process = shell.start(*BUY, "--url", url, "--key", "mine", "--json")
        connection, _ = gateway.accept()
        with connection:
            assert connection.recv(4) == b"POST"
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, json.loads(out)["error_code"]) == (3, "OUTCOME_UNKNOWN")
    assert "--key mine" in err
    assert "Do not repeat this under another key" in err


@pytest.mark.parametrize(
    "arguments", [("buy", "NSE:SBIN"), ("buy", "NSE:SBIN", "many"), ("orders",), ("dance",), ("serve", "--port", "x")]
)
def test_a_command_line_that_is_wrong(ordo: Here, arguments: tuple[str, ...]) -> None:
    ended = ordo(*arguments, "--json")
    assert (ended.code, ended.document["error_code"]) == (4, "VALIDATION_ERROR")
    assert "--help" in ended.err
    assert ordo(*arguments).out == ""


def test_help_and_version_load_little(shell: Shell, ordo: Here) -> None:
    assert ordo().out == ordo("--help").out
    assert "portfolio" in ordo("--help").out
    assert ordo("--version").out.startswith("ordo 0.")
    code = "import sys; from ordo.entrypoints.cli import program as it; it.run(['--help']); print(*sys.modules)"
    loaded = {name.partition(".")[0] for name in shell.python(code).out.split()}
    assert "typer" in loaded
    assert not {"litestar", "sqlalchemy", "httpx2", "uvicorn", "cryptography", "dependency_injector"} & loaded


def test_trading_is_halted_and_resumed_by_command(ordo: Here) -> None:
    assert "kill switch HALTED" in ordo("halt", "--reason", "runaway").out
    refused = ordo("buy", "NSE:SBIN", "1", "--json")
    assert (refused.code, refused.document["error_code"]) == (2, "KILL_SWITCH_ACTIVE")
    assert "kill switch HALTED (owner: runaway)" in ordo("status").out
    assert ordo("resume", "--json").document["state"] == "ACTIVE"
    assert ordo("buy", "NSE:SBIN", "1").code == 0


def test_one_account_may_only_reduce(ordo: Here) -> None:
    assert ordo("buy", "NSE:SBIN", "2", "--product", "MIS").code == 0
    halted = ordo("halt", "--reduce-only", "--account", "paper/DEMO", "--json").document
    assert (halted["state"], halted["account"]) == ("REDUCE_ONLY", "paper/DEMO")
    assert "kill switch paper/DEMO REDUCE_ONLY" in ordo("status").out
    assert ordo("buy", "NSE:SBIN", "1", "--product", "MIS").code == 2
    assert ordo("sell", "NSE:SBIN", "2", "--product", "MIS").code == 0
    assert ordo("resume", "--account", "paper/DEMO").code == 0


def test_a_stop_that_protects_a_position_is_cancelled_by_force_while_trading_is_halted(ordo: Here) -> None:
    ordo("buy", "NSE:SBIN", "2", "--product", "MIS")
    stop = ordo("sell", "NSE:SBIN", "2", "--product", "MIS", "--trigger", "700.00", "--json").document["order_id"]
    ordo("halt")
    assert ordo("cancel", "paper/DEMO", stop).code == 2
    assert ordo("cancel", "paper/DEMO", stop, "--force", "--json").document["status"] == "CANCELLED"
