"""What holds for every command: help with examples that can be typed, one JSON document, an exit code with a row."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from ordo.entrypoints.cli import completing, database
from ordo.entrypoints.cli.exits import MEANINGS, ExitCode
from ordo.entrypoints.cli.program import app
from tests.unit.entrypoints.cli.login_desk import free_port
from tests.unit.entrypoints.cli.shell import _PROGRAM, Here, Shell

ROOT = get_command(app)
LOGIN_PAGE = Path(__file__).parents[4] / "docs/login.md"


def leaves(command: object = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    subcommands: dict[str, object] = getattr(command, "commands", {})
    for name, one in subcommands.items():
        yield from leaves(one, (*path, name))
    if not subcommands:
        yield path, command


COMMANDS = dict(leaves())
EXAMPLES = {
    path: re.findall(r"^ordo .*$", getattr(command, "epilog", "") or "", re.MULTILINE) for path, command in leaves()
}
NEEDS_NOTHING = (("demo",), ("keys", "new"))
"""Those that read no settings, so that wrong ones can't make them fail."""
EVERY = pytest.mark.parametrize("path", COMMANDS, ids=" ".join)


def test_the_tree_is_the_one_of_the_public_face() -> None:
    face = (
        "demo serve login status portfolio quote orders buy sell cancel halt resume doctor init",
        *("instruments sync", "instruments search", "audit verify", "keys new", "keys rotate"),
        *("tokens new", "tokens list", "tokens revoke", "db upgrade"),
    )
    wanted = {(name,) for name in face[0].split()} | {tuple(names.split()) for names in face[1:]}
    assert wanted <= set(COMMANDS)


@EVERY
def test_every_command_has_json_a_help_and_an_example_that_can_be_typed(path: tuple[str, ...], ordo: Here) -> None:
    command = COMMANDS[path]
    options = {name for parameter in command.params for name in parameter.opts}  # type: ignore[attr-defined]
    assert "--json" in options
    assert {"--url", "--token"} <= options or not {"--url", "--token"} & options
    assert EXAMPLES[path], "no example"
    for example in EXAMPLES[path]:
        words = shlex.split(example)[1:]
        assert tuple(words[: len(path)]) == path, example
        command.make_context("ordo", words[len(path) :])  # type: ignore[attr-defined]  # Raises what typing it would.
    told = ordo(*path, "--help")
    assert told.code == 0
    shown = " ".join(re.sub("[│╭╮╰╯─]", " ", told.out).split())
    assert all(example.split(" --")[0] in shown for example in EXAMPLES[path])
    assert "[env" not in shown


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in NEEDS_NOTHING], ids=" ".join)
def test_every_command_that_fails_tells_it_in_one_document(
    path: tuple[str, ...], ordo: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDO_NONSENSE", "1")
    ended = ordo(*shlex.split(EXAMPLES[path][0])[1:], "--json")
    assert ended.code == ExitCode.INPUT, ended
    assert ended.document["error_code"] == "VALIDATION_ERROR"
    assert set(ended.document) == {"error_code", "message", "details", "correlation_id"}
    strange = ordo(*path, "--no-such-option", "--json")
    assert (strange.code, strange.document["error_code"]) == (ExitCode.INPUT, "VALIDATION_ERROR")


@pytest.mark.parametrize("group", ["instruments", "db", "audit", "tokens", "keys"])
def test_a_command_of_commands_shows_what_it_has(group: str, ordo: Here) -> None:
    assert ordo(group).out == ordo(group, "--help").out
    assert ordo(group).code == 0


def test_every_ending_has_its_row_in_the_help_and_in_the_documents(ordo: Here) -> None:
    assert set(MEANINGS) == set(ExitCode)
    shown = " ".join(ordo("--help").out.split())
    for code, meaning in MEANINGS.items():
        assert f"{int(code)} {meaning}" in shown
        assert re.search(rf"^\| {int(code)} \|", LOGIN_PAGE.read_text("utf-8"), re.MULTILINE), code


def test_a_bug_and_an_interruption_are_told_in_one_document(ordo: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(error: BaseException) -> None:
        def upgrade(**_: object) -> int:
            raise error

        monkeypatch.setattr(database, "upgrade", upgrade)

    ends(ZeroDivisionError("the reason"))
    broken = ordo("db", "upgrade", "--json")
    assert (broken.code, broken.document["error_code"]) == (ExitCode.BROKEN_PROMISE, "INTERNAL_ERROR")
    assert "ZeroDivisionError: the reason" in broken.err
    ends(KeyboardInterrupt())
    stopped = ordo("db", "upgrade", "--json")
    assert (stopped.code, stopped.document["error_code"]) == (ExitCode.INTERRUPTED, "INTERRUPTED")
    assert ordo("db", "upgrade").out == ""
    ends(typer.Exit(0))
    assert ordo("db", "upgrade").code == 0


def test_the_shell_completes_what_it_can_know(shell: Shell, ordo: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ordo("keys", "new").code == 0  # In the folder of the shell.
    asked = {"_ORDO_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    with shell.serving("--json"):
        typed = shell.ordo(**asked, _TYPER_COMPLETE_ARGS="ordo quote NSE:SB").out
        assert [line.split("\t")[0] for line in typed.splitlines()] == ["NSE:SBIN"]
        assert completing.instruments("nse:sbi") == ["NSE:SBIN"]
        assert completing.accounts("") == ["paper/DEMO"]
        assert completing.instruments("") == []
    assert completing.instruments("NSE:SB") == []
    monkeypatch.setenv("ORDO_BROKERS__PAPER__ACCOUNTS", "DEMO,X1")
    monkeypatch.setenv("ORDO_BROKERS__HDFC__BASE_URL", "http://127.0.0.1:1")
    assert completing.accounts("p") == ["paper/DEMO", "paper/X1"]
    assert completing.accounts("h") == ["hdfc/"]
    assert completing.account_ids("paper", "X") == ["X1"]
    assert completing.account_ids("hdfc", "") == []
    assert completing.adapters("") == ["paper", "hdfc"]
    monkeypatch.setenv("ORDO_NONSENSE", "1")
    assert completing.adapters("") == completing.accounts("") == []


def test_the_shell_is_told_how_to_complete(shell: Shell) -> None:
    assert "_ORDO_COMPLETE=complete_bash" in shell.ordo(_ORDO_COMPLETE="source_bash").out


def test_colours_are_for_a_terminal_that_wants_them(shell: Shell) -> None:
    command = ("doctor", "--port", str(free_port()))
    code = "import pty, sys; pty.spawn([sys.executable, '-c', *sys.argv[1:]])"
    for given, coloured in (({"TERM": "xterm-256color"}, True), ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False)):
        shown = shell.python(code, _PROGRAM, *command, **given).out
        assert "Everything is well." in shown
        assert ("\x1b[32m" in shown) is coloured
