"""`ordo login` as people and scripts use it, against a gateway on a socket."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.errors import ErrorCode, NotSent
from ordo.domain.sessions import Secret, Session
from tests.support.logins import AUTH_CODE, OTP, PASSWORD, sent_back
from tests.unit.entrypoints.cli.login_desk import Browser, LoginDesk, free_port, serving, typed
from tests.unit.entrypoints.cli.shell import _PROGRAM, SECONDS, Ended, Here, Shell

Typing = Callable[[str], None]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[LoginDesk]:
    with serving(tmp_path) as opened:
        yield opened


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    opened = Browser()
    monkeypatch.setenv("BROWSER", "the-one-of-the-test")
    webbrowser.register("the-one-of-the-test", None, opened, preferred=True)
    return opened


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Typing]:
    """Puts lines into standard input."""
    with typed("") as nothing:
        monkeypatch.setattr("sys.stdin", nothing)

        def put(text: str) -> None:
            reading, writing = os.pipe()
            os.write(writing, text.encode())
            os.close(writing)
            os.dup2(reading, nothing.fileno())
            os.close(reading)

        yield put


def tells_no_secret(ended: Ended, desk: LoginDesk) -> bool:
    told = f"{ended.out}{ended.err}{desk.audit.events!r}"
    return not any(secret in told for secret in (AUTH_CODE, PASSWORD, OTP, *desk.secrets_kept()))


def test_the_browser_comes_back_to_the_command(ordo: Here, desk: LoginDesk, browser: Browser, typing: Typing) -> None:
    typing("")
    desk.redirects.redirect_uri = f"http://127.0.0.1:{free_port()}/back/here"
    browser.first = ("/favicon.ico", "/back/here?state=forged&auth_code=x", "/back/here")
    ended = ordo("login", "redirects", "R1", "--json", *desk.arguments)
    assert (ended.code, ended.document["state"], ended.document["account"]) == (0, "ACTIVE", "redirects/R1")
    assert [status for status, _ in browser.pages] == [404, 404, 404, 200]
    assert "You can close this window" in browser.last[1]
    assert "https://broker.invalid/login?" in ended.err
    assert tells_no_secret(ended, desk)


@pytest.mark.parametrize("host", ["localhost", "[::1]", "127.0.0.2"])
def test_any_loopback_address_is_served(
    ordo: Here, desk: LoginDesk, browser: Browser, typing: Typing, host: str
) -> None:
    if host == "[::1]" and not _has_ipv6():
        host = "127.0.0.3"
    typing("")
    desk.redirects.redirect_uri = f"http://{host}:{free_port()}"
    assert ordo("login", "redirects", "R1", *desk.arguments).code == 0
    assert browser.last[0] == 200


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_the_browser_comes_back_to_the_gateway(ordo: Here, desk: LoginDesk, browser: Browser, typing: Typing) -> None:
    typing("")
    for _ in range(2):
        ended = ordo("login", "redirects", "R1", "--json", *desk.arguments)
        assert (ended.code, ended.document["state"]) == (0, "ACTIVE")
        assert browser.last[0] == 200
        assert tells_no_secret(ended, desk)
    kinds = [event.kind for event in desk.audit.events if event.actor == "callback"]
    assert kinds == [AuditKind.SESSION_OPENED] * 2


def test_a_refused_redirect_is_told_in_both_places(
    ordo: Here, desk: LoginDesk, browser: Browser, typing: Typing
) -> None:
    typing("")
    desk.redirects.redirect_uri = f"http://127.0.0.1:{free_port()}/"
    browser.back = lambda url: sent_back(url, auth_code="of-another-app")
    ended = ordo("login", "redirects", "R1", "--json", *desk.arguments)
    assert (ended.code, ended.document["error_code"]) == (2, "INVALID_CREDENTIALS")
    assert "The broker says: -437 invalid auth code" in ended.err
    assert browser.last[0] == 401
    assert "Not logged in" in browser.last[1]
    assert "of-another-app" not in ended.err + ended.out


def test_nobody_came_back_in_time(ordo: Here, desk: LoginDesk, typing: Typing) -> None:
    typing("")
    ended = ordo("login", "redirects", "R1", "--no-browser", "--wait", "1", "--json", *desk.arguments)
    assert (ended.code, ended.document["error_code"]) == (4, "VALIDATION_ERROR")
    assert "within 1 seconds" in ended.document["message"]


def test_a_pasted_address_that_is_wrong_is_told(ordo: Here, desk: LoginDesk, typing: Typing) -> None:
    typing("\nhttp://127.0.0.1/?state=of-another-login&auth_code=canary\n")
    ended = ordo("login", "redirects", "R1", "--no-browser", "--json", *desk.arguments)
    assert (ended.code, ended.document["error_code"]) == (4, "VALIDATION_ERROR")
    assert "address of another login" in ended.err
    assert "canary" not in ended.out + ended.err
    assert desk.redirects.asked == []


def test_over_ssh_the_address_is_printed_and_another_is_pasted(shell: Shell, desk: LoginDesk) -> None:
    desk.redirects.redirect_uri = "https://ordo.example.net/callback/redirects"
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", _PROGRAM, "login", "redirects", "R1", "--json", *desk.arguments],
        cwd=shell.place,
        env=shell.environment({"SSH_CONNECTION": "far away", "DISPLAY": ":0"}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        address = next(line.strip() for line in process.stderr if line.startswith("https://broker.invalid"))
        out, err = process.communicate(f"nonsense\n{sent_back(address)}\n", timeout=SECONDS)
    finally:
        process.kill()
        process.wait()
    ended = Ended(process.returncode, out, err)
    assert (ended.code, ended.document["state"]) == (0, "ACTIVE")
    assert tells_no_secret(ended, desk)


def test_the_browser_of_the_environment_is_opened(shell: Shell, desk: LoginDesk) -> None:
    script = shell.place / "browser.py"
    script.write_text(
        "import sys\n"
        "from tests.support.logins import sent_back\n"
        "from tests.unit.entrypoints.cli.login_desk import visited\n"
        "print(visited(sent_back(sys.argv[1])), file=sys.stderr)\n",
        encoding="utf-8",
    )
    root = str(Path(__file__).parents[4])
    given = {"BROWSER": f"{sys.executable} {script} %s", "PYTHONPATH": root}
    ended = shell.ordo("login", "redirects", "R1", *desk.arguments, **given)
    assert (ended.code, "redirects/R1 ACTIVE until" in ended.out) == (0, True), ended.err
    assert tells_no_secret(ended, desk)


OTP_LOGIN = ("login", "asks", "O1", "--json", "--username", "U1", "--password", "-", "--otp", "-")


def test_secrets_come_from_standard_input_in_the_order_asked(ordo: Here, desk: LoginDesk, typing: Typing) -> None:
    typing(f"{PASSWORD}\n{OTP}")
    ended = ordo(*OTP_LOGIN, *desk.arguments)
    assert (ended.code, ended.document["state"], ended.err) == (0, "ACTIVE", "")
    assert tells_no_secret(ended, desk)


@pytest.mark.parametrize(
    ("lines", "code", "error", "told"),
    [
        pytest.param("wrong\n123456\n", 2, "INVALID_CREDENTIALS", "wrong password", id="password"),
        pytest.param(f"{PASSWORD}\n000000\n", 2, "INVALID_OTP", "Invalid OTP", id="code"),
        pytest.param(f"{PASSWORD}\n", 4, "VALIDATION_ERROR", "no line for it", id="no code"),
        pytest.param("", 4, "VALIDATION_ERROR", "no line for it", id="nothing"),
        pytest.param(f"\n{OTP}\n", 4, "VALIDATION_ERROR", "no line for it", id="empty line"),
    ],
)
def test_what_is_wrong_is_told_apart(
    ordo: Here, desk: LoginDesk, typing: Typing, lines: str, code: int, error: str, told: str
) -> None:
    typing(lines)
    ended = ordo(*OTP_LOGIN, *desk.arguments)
    assert (ended.code, ended.document["error_code"]) == (code, error)
    assert told in ended.err
    assert tells_no_secret(ended, desk)


def test_a_code_that_comes_too_late_is_told(ordo: Here, desk: LoginDesk, typing: Typing) -> None:
    desk.asks.lasts = timedelta()
    typing(f"{PASSWORD}\n{OTP}\n")
    ended = ordo(*OTP_LOGIN, *desk.arguments)
    assert (ended.code, ended.document["error_code"]) == (4, "NOT_FOUND")
    assert "not answered in time" in ended.err


def test_the_network_is_told_from_the_broker(ordo: Here, desk: LoginDesk, typing: Typing) -> None:
    typing(f"{PASSWORD}\n{OTP}\n")
    desk.asks.failure = NotSent(ErrorCode.BROKER_UNAVAILABLE, "The broker can't be reached.")
    ended = ordo(*OTP_LOGIN, *desk.arguments)
    assert (ended.code, ended.document["error_code"]) == (5, "BROKER_UNAVAILABLE")
    gone = ordo(*OTP_LOGIN, "--url", f"http://127.0.0.1:{free_port()}", "--token", "t")
    assert (gone.code, gone.document["error_code"]) == (5, "GATEWAY_UNREACHABLE")


def test_without_a_terminal_it_says_how_to_give_the_answer(ordo: Here, desk: LoginDesk, typing: Typing) -> None:
    typing("")
    for arguments, told in (((), "--username"), (("--username", "U1"), "--password -")):
        ended = ordo("login", "asks", "O1", "--json", *arguments, *desk.arguments)
        assert (ended.code, ended.document["error_code"]) == (4, "VALIDATION_ERROR")
        assert told in ended.document["message"]
    assert desk.asks.asked == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("login", "asks", "O1", "--otp", "123456"),
        ("login", "asks", "O1", "--password", "canary"),
        ("login", "asks"),
        ("login",),
        ("login", "--all", "asks"),
        ("logout", "asks"),
    ],
)
def test_a_command_line_that_can_not_be_is_refused(ordo: Here, arguments: tuple[str, ...]) -> None:
    ended = ordo(*arguments, "--json")
    assert (ended.code, ended.document["error_code"]) == (4, "VALIDATION_ERROR")
    assert not any(secret in ended.out + ended.err for secret in ("123456", "canary"))


class Terminal:
    """The command in a terminal of its own."""

    def __init__(self, shell: Shell, *arguments: str, **given: str) -> None:
        self.master, slave = os.openpty()
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", _PROGRAM, *arguments],
            cwd=shell.place,
            env=shell.environment({"TERM": "dumb", **given}),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.shown = ""

    def type(self, text: str, *, after: str) -> None:
        self._until(lambda: after in self.shown[self.shown.rfind("\x00") + 1 :])
        self.shown += "\x00"
        os.write(self.master, text.encode() + b"\n")

    def ended(self) -> int:
        self._until(lambda: False)
        return self.process.wait(SECONDS)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    def _until(self, seen: Callable[[], bool]) -> None:
        while not seen():
            assert select.select([self.master], [], [], SECONDS)[0], self.shown
            try:
                chunk = os.read(self.master, 65_536)
            except OSError:  # Its end, as Linux tells it.
                return
            if not chunk:
                return
            self.shown += chunk.decode()


def test_in_a_terminal_secrets_are_asked_for_without_echo_and_a_code_may_be_corrected(
    shell: Shell, desk: LoginDesk
) -> None:
    terminal = Terminal(shell, "login", "asks", "O1", *desk.arguments)
    try:
        terminal.type("U-shown", after="username: ")
        terminal.type(PASSWORD, after="password: ")
        terminal.type("000000", after="otp: ")
        terminal.type(OTP, after="Type it again, or press Ctrl-C.\r\notp: ")
        assert terminal.ended() == 0
    finally:
        terminal.close()
    assert "asks/O1 ACTIVE until" in terminal.shown
    assert "U-shown" in terminal.shown
    assert not any(secret in terminal.shown for secret in (PASSWORD, OTP, "000000"))


def test_ctrl_c_at_a_prompt_ends_it(shell: Shell, desk: LoginDesk) -> None:
    terminal = Terminal(shell, "login", "asks", "O1", "--username", "U1", *desk.arguments)
    try:
        terminal._until(lambda: "password: " in terminal.shown)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.ended() == 130
    finally:
        terminal.close()
    assert desk.asks.asked == []


def keep(desk: LoginDesk, account: str, *, lasts: float, suspect: bool = False) -> None:
    now = desk.asks.clock.now()
    session = Session(
        account=Account.parse(account),
        access_token=Secret("token"),
        issued_at=now - timedelta(hours=1),
        expires_at=now + timedelta(hours=lasts),
        suspect=suspect,
    )
    asyncio.run(desk.store.save(session))


def test_all_that_has_ended_is_walked_through(ordo: Here, desk: LoginDesk, browser: Browser, typing: Typing) -> None:
    keep(desk, "asks/O1", lasts=-0.5)
    keep(desk, "asks/O2", lasts=5)
    keep(desk, "paper/P1", lasts=-0.5)
    keep(desk, "redirects/R1", lasts=-0.5)
    typing(f"wrong\n{OTP}\n")
    arguments = ("--all", "--username", "U1", "--password", "-", "--otp", "-", *desk.arguments)
    ended = ordo("login", *arguments, "--json")
    told = {one["account"]: one["error_code"] or one["session"]["state"] for one in ended.document}
    assert told == {"asks/O1": "INVALID_CREDENTIALS", "paper/P1": "ACTIVE", "redirects/R1": "ACTIVE"}
    assert ended.code == 2
    assert browser.last[0] == 200
    typing(f"{PASSWORD}\n{OTP}\n")
    again = ordo("login", *arguments)
    assert (again.code, "asks/O1" in again.out, "redirects" in again.out) == (0, True, False)
    typing("")
    assert ordo("login", *arguments, "--json").document == []
    keep(desk, "asks/O1", lasts=-0.5)
    missing = ordo("login", *arguments, "--json")
    assert (missing.code, [one["error_code"] for one in missing.document]) == (4, ["VALIDATION_ERROR"])
    assert tells_no_secret(ended, desk)


def test_logging_out(ordo: Here, desk: LoginDesk) -> None:
    keep(desk, "asks/O2", lasts=5)
    for _ in range(2):
        ended = ordo("logout", "asks", "O2", "--json", *desk.arguments)
        assert (ended.code, ended.document["state"]) == (0, "NONE")
    assert len(desk.asks.ended) == 1
    assert "asks/O2 NONE" in ordo("logout", "asks", "O2", *desk.arguments).out


def test_a_broker_that_asks_for_nothing_is_logged_in_without_a_gateway(ordo: Here) -> None:
    assert ordo("login", "paper", "X1", "--json").document["state"] == "ACTIVE"
    assert "paper/X1 ACTIVE until" in ordo("login", "paper", "X1").out
    assert "no logins" in ordo("login", "--all").out
