"""The whole way: the program, the adapters and the emulated brokers, each login as its broker has it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ordo.domain.audit import AuditKind
from tests.unit.entrypoints.cli.login_desk import Browser, free_port, visited
from tests.unit.entrypoints.cli.shell import Here, Shell
from tests.unit.entrypoints.cli.test_login_command import Terminal, Typing, typing

__all__ = ["typing"]

FYERS, HDFC = ("login", "fyers", "XE00001", "--json"), ("login", "hdfc", "7000001", "--json", "--consent")
HDFC_LINES = ("--username", "EMUSER", "--password", "-", "--otp", "-")
PASSWORD, OTP = "emu-pass", "123456"


@contextmanager
def emulated(broker: str, *settings: str) -> Iterator[dict[str, Any]]:
    chosen = [part for setting in settings for part in ("--set", setting)]
    command = [sys.executable, "-m", "ordo_emulators", broker, "--port", "0", *chosen]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def fyers() -> Iterator[dict[str, Any]]:
    with emulated("fyers") as urls:
        yield urls


@pytest.fixture(scope="module")
def hdfc() -> Iterator[dict[str, Any]]:
    with emulated("hdfc", "asks_consent=true") as urls:
        yield urls


def settings_of(broker: str, urls: dict[str, Any], **more: str) -> dict[str, str]:
    prefix = f"ORDO_BROKERS__{broker.upper()}__"
    given = {"BASE_URL": urls["base_url"], "MASTER_URL": urls["master_url"], **more}
    if broker == "fyers":
        given["DATA_URL"] = urls["data_url"]
    else:
        given |= {"API_KEY": "EMULATED", "API_SECRET": "EMULATED-SECRET"}
    return {f"{prefix}{name}": value for name, value in given.items()}


class Granting(Browser):
    """Follows the emulated page, which grants at once, to wherever it sends the browser."""

    seen: list[str]

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002
        answer = httpx2.get(url, trust_env=False)
        self.first = (*self.first, answer.headers["location"])
        self.pages.append(visited(answer.headers["location"]))
        return True

    @property
    def codes(self) -> list[str]:
        return [httpx2.URL(address).params["auth_code"] for address in self.first]


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Granting:
    opened = Granting()
    monkeypatch.setenv("BROWSER", "the-granting-one")
    webbrowser.register("the-granting-one", None, opened, preferred=True)
    return opened


@pytest.fixture
def configure(ordo: Here, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], None]:  # noqa: ARG001  (which clears the environment)
    def set_all(settings: dict[str, str]) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

    return set_all


def left_behind(place: Path, *secrets: str) -> list[str]:
    """The files in which a secret stands."""
    files = [path for path in place.rglob("*") if path.is_file()]
    assert any(path.name == "audit.jsonl" for path in files)
    return [str(path) for path in files for secret in secrets if secret.encode() in path.read_bytes()]


def events(place: Path) -> list[str]:
    lines = (place / "audit" / "audit.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["event"] for line in lines]


def test_fyers_without_a_gateway(
    ordo: Here,
    configure: Callable[[dict[str, str]], None],
    fyers: dict[str, Any],
    browser: Granting,
    typing: Typing,
    tmp_path: Path,
) -> None:
    typing("")
    configure(settings_of("fyers", fyers, REDIRECT_URI=f"http://127.0.0.1:{free_port()}/callback/fyers"))
    first = ordo(*FYERS)
    assert (first.code, first.document["state"]) == (0, "ACTIVE"), first.err
    assert browser.last[0] == 200
    funds = ordo("portfolio", "fyers/XE00001", "--json")
    assert (funds.code, funds.document["cash_balance"]) == (0, "100000000.00")
    out = ordo("logout", "fyers", "XE00001", "--json")
    assert (out.code, out.document["state"]) == (0, "NONE")
    assert ordo("portfolio", "fyers/XE00001").code == 2
    other = ordo("login", "fyers", "XE99999", "--json")
    assert (other.code, other.document["error_code"]) == (2, "INVALID_CREDENTIALS")
    assert browser.last[0] == 401
    assert AuditKind.SESSION_OPENED in events(tmp_path)
    assert left_behind(tmp_path, *browser.codes, "EMULATED-SECRET") == []
    assert not any(code in ended.out + ended.err for code in browser.codes for ended in (first, other))


def test_fyers_through_the_callback_of_a_gateway(
    shell: Shell, ordo: Here, fyers: dict[str, Any], browser: Granting, typing: Typing
) -> None:
    typing("")
    port = free_port()
    settings = settings_of("fyers", fyers, REDIRECT_URI=f"http://127.0.0.1:{port}/callback/fyers")
    with shell.serving("--json", "--port", str(port), ORDO_LOG__LEVEL="DEBUG", **settings) as serving:
        logged_in = ordo(*FYERS)
        assert (logged_in.code, logged_in.document["state"]) == (0, "ACTIVE"), logged_in.err
        assert browser.last[0] == 200
        assert visited(browser.first[0])[0] == 404
        assert ordo("portfolio", "fyers/XE00001", "--json").code == 0
        told = ordo("login", "--all", "--json")
        assert (told.code, told.document) == (0, [])
        ended = serving.end(signal.SIGTERM)
    assert left_behind(shell.place, *browser.codes, "EMULATED-SECRET") == []
    assert not any(secret in ended.out + ended.err for secret in (*browser.codes, "EMULATED-SECRET"))


def test_hdfc_by_password_and_code(
    ordo: Here, configure: Callable[[dict[str, str]], None], hdfc: dict[str, Any], typing: Typing, tmp_path: Path
) -> None:
    configure(settings_of("hdfc", hdfc))
    typing(f"{PASSWORD}\n{OTP}\n")
    without = ordo(*HDFC[:-1], *HDFC_LINES)
    assert (without.code, without.document["error_code"]) == (4, "VALIDATION_ERROR")
    assert "--consent" in without.document["message"]
    typing(f"{PASSWORD}\n{OTP}\n")
    logged_in = ordo(*HDFC, *HDFC_LINES)
    assert (logged_in.code, logged_in.document["state"]) == (0, "ACTIVE"), logged_in.err
    assert ordo("portfolio", "hdfc/7000001", "--json").code == 0
    for lines, code, error in (
        (f"wrong-{PASSWORD}\n{OTP}\n", 2, "INVALID_CREDENTIALS"),
        (f"{PASSWORD}\n000000\n", 2, "INVALID_OTP"),
        (f"{PASSWORD}\n", 4, "VALIDATION_ERROR"),
    ):
        typing(lines)
        refused = ordo(*HDFC, *HDFC_LINES)
        assert (refused.code, refused.document["error_code"]) == (code, error), refused.err
        assert not any(secret in refused.out + refused.err for secret in (PASSWORD, OTP, "000000"))
    assert left_behind(tmp_path, PASSWORD, "EMULATED-SECRET") == []


def test_hdfc_as_a_person_logs_in(shell: Shell) -> None:
    with emulated("hdfc", "asks_consent=true") as urls:
        terminal = Terminal(shell, "login", "hdfc", "7000001", **settings_of("hdfc", urls))
        try:
            terminal.type("EMUSER", after="username: ")
            terminal.type(PASSWORD, after="password: ")
            terminal.type("000000", after="otp: ")
            terminal.type(OTP, after="Type it again, or press Ctrl-C.\r\notp: ")
            terminal.type("yes", after="consent: ")
            assert terminal.ended() == 0, terminal.shown
        finally:
            terminal.close()
    assert "hdfc/7000001 ACTIVE until" in terminal.shown
    assert "asks for consent to its terms" in terminal.shown
    assert not any(secret in terminal.shown for secret in (PASSWORD, OTP, "000000"))


def test_hdfc_ends_a_login_whose_code_is_wrong_again(shell: Shell) -> None:
    with emulated("hdfc", "asks_consent=true") as urls:
        terminal = Terminal(shell, "login", "hdfc", "7000001", "--username", "EMUSER", **settings_of("hdfc", urls))
        try:
            terminal.type(PASSWORD, after="password: ")
            terminal.type("000000", after="otp: ")
            terminal.type("000001", after="otp: ")
            assert terminal.ended() == 2, terminal.shown
        finally:
            terminal.close()
    assert "INVALID_SESSION: HDFC did not take the code" in terminal.shown
    assert "The broker says: " in terminal.shown


def test_a_broker_that_is_gone_is_the_network(
    ordo: Here, configure: Callable[[dict[str, str]], None], hdfc: dict[str, Any], typing: Typing
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    configure(settings_of("hdfc", hdfc) | {"ORDO_BROKERS__HDFC__BASE_URL": nowhere})
    typing(f"{PASSWORD}\n{OTP}\n")
    ended = ordo(*HDFC, *HDFC_LINES)
    assert (ended.code, ended.document["error_code"]) == (5, "BROKER_UNAVAILABLE")
