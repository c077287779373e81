"""A person at a terminal, and the emulated brokers: over SSH, with a browser, with a code that came too late."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from tests.unit.entrypoints.cli.login_desk import free_port
from tests.unit.entrypoints.cli.shell import Here, Shell
from tests.unit.entrypoints.cli.test_login_at_emulators import OTP, PASSWORD, Granting, browser, emulated, settings_of
from tests.unit.entrypoints.cli.test_login_command import Terminal, Typing, typing

__all__ = ["browser", "typing"]

FYERS, HDFC = ("login", "fyers", "XE00001"), ("login", "hdfc", "7000001")
OVER_SSH = {"SSH_CONNECTION": "203.0.113.5 50000 192.0.2.9 22", "DISPLAY": ":0"}


@contextmanager
def terminal(shell: Shell, *arguments: str, **given: str) -> Iterator[Terminal]:
    opened = Terminal(shell, *arguments, **given)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="module")
def fyers() -> Iterator[dict[str, Any]]:
    with emulated("fyers") as urls:
        yield urls


def at_fyers(urls: dict[str, Any]) -> dict[str, str]:
    port = free_port()
    return settings_of("fyers", urls, REDIRECT_URI=f"http://127.0.0.1:{port}/callback/fyers", MASTER_URL="nowhere")


def control(urls: dict[str, Any], path: str, **body: object) -> None:
    origin = "/".join(urls["base_url"].split("/")[:3])
    httpx2.post(f"{origin}/_emulator/{path}", json=body, trust_env=False).raise_for_status()


def granted(shown: str) -> str:
    """Where the broker's page, the last address that was shown, sends a browser."""
    page = [word for word in shown.split() if "generate-authcode" in word][-1]
    return httpx2.get(page, trust_env=False).headers["location"]


def test_over_ssh_the_address_at_the_end_is_pasted_and_with_a_browser_nothing_is(
    shell: Shell, fyers: dict[str, Any]
) -> None:
    with terminal(shell, *FYERS, **OVER_SSH, BROWSER="", **at_fyers(fyers)) as there:
        there.type("http://127.0.0.1/?state=old", after="paste the address of that page here:")
        there._until(lambda: "the address of another login" in there.shown)
        pasted = granted(there.shown)
        there.type(pasted, after="the address of another login")
        assert there.ended() == 0, there.shown
    assert "fyers/XE00001 ACTIVE until" in there.shown
    with terminal(shell, *FYERS, **OVER_SSH, BROWSER="", **at_fyers(fyers)) as again:
        state = granted_state(again)
        # The address of the login before, with the state of this one: its code is good for nothing any more.
        again.type(pasted.partition("&state=")[0] + f"&state={state}", after="paste the address of that page here:")
        assert again.ended() == 2, again.shown
    assert "INVALID_CREDENTIALS" in again.shown
    assert "The broker says: invalid auth code [-437]" in again.shown
    # With a browser nothing is typed.
    script = shell.place / "browser.py"
    script.write_text(
        "import sys, urllib.request\n"
        "opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))\n"
        "print(opener.open(sys.argv[1], timeout=20).read().decode())\n",
        encoding="utf-8",
    )
    with terminal(shell, *FYERS, **at_fyers(fyers), BROWSER=f"{sys.executable} {script} %s") as there:
        assert there.ended() == 0, there.shown
    assert "fyers/XE00001 ACTIVE until" in there.shown


def granted_state(there: Terminal) -> str:
    there._until(lambda: "paste the address" in there.shown)
    return httpx2.URL(granted(there.shown)).params["state"]


def test_a_code_that_came_too_late_is_told_from_a_wrong_one(shell: Shell) -> None:
    with emulated("hdfc") as urls:
        control(urls, "settings", otp_seconds=0)
        with terminal(
            shell, *HDFC, "--username", "EMUSER", "--consent", **settings_of("hdfc", urls, MASTER_URL="nowhere")
        ) as there:
            there.type(PASSWORD, after="password: ")
            there.type(OTP, after="otp: ")
            there._until(lambda: "It had expired, and another was asked for" in there.shown)
            control(urls, "settings", otp_seconds=300)
            there.type(OTP, after="otp: ")
            assert there.ended() == 0, there.shown
    assert "hdfc/7000001 ACTIVE until" in there.shown
    assert PASSWORD not in there.shown


def test_all_that_has_ended_is_walked_through_at_the_terminal(
    shell: Shell,
    ordo: Here,
    monkeypatch: pytest.MonkeyPatch,
    fyers: dict[str, Any],
    browser: Granting,
    typing: Typing,
) -> None:
    with emulated("hdfc") as urls:
        settings = at_fyers(fyers) | settings_of("hdfc", urls, MASTER_URL="nowhere")
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        typing("")
        assert ordo(*FYERS).code == 0
        assert browser.last[0] == 200
        typing(f"{PASSWORD}\n{OTP}\n")
        assert ordo(*HDFC, "--username", "EMUSER", "--consent", "--password", "-", "--otp", "-").code == 0
        for name, broker in (("fyers/XE00001", fyers), ("hdfc/7000001", urls)):
            control(broker, "expire-sessions")
            assert ordo("portfolio", name).code == 2
        everyone = ("login", "--all", "--username", "EMUSER", "--consent")
        with terminal(shell, *everyone, **OVER_SSH, BROWSER="", **settings) as there:
            there._until(lambda: "paste the address" in there.shown)
            there.type(granted(there.shown), after="here:")
            there.type("not-the-password", after="password: ")
            assert there.ended() == 2, there.shown
        assert "fyers/XE00001 (1 of 2)" in there.shown
        assert "hdfc/7000001 (2 of 2)" in there.shown
        assert "INVALID_CREDENTIALS" in there.shown
        states = {one["account"]: one["state"] for one in ordo("status", "--json").document["sessions"]}
    assert (states["fyers/XE00001"], states["hdfc/7000001"]) == ("ACTIVE", "SUSPECT")
