"""The command line as a page, from the tree of its commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import typer

from ordo.entrypoints.cli.exits import MEANINGS, ExitCode
from ordo.entrypoints.cli.outcome import ENDINGS
from ordo.entrypoints.cli.program import app

_HEAD: Final = """\
# The command line

A command goes to the gateway that `ORDO_URL` (or `--url`) names, else to the one that serves the same database, else it
opens one for itself. With `--json` standard output holds one JSON document and nothing else, also when it fails.
`ordo --install-completion` teaches the shell. Colours are left out where the output is no terminal, and with
`NO_COLOR`.

This page is made from the commands themselves; a test holds the two together.

## Exit codes

| Code | Meaning | Errors that end so |
| --- | --- | --- |
"""


def page() -> str:
    """The page as Markdown."""
    root: Any = typer.main.get_command(app)
    return _HEAD + "\n".join(_endings()) + "\n\n## Commands\n\n" + "\n".join(_all_commands(root))


def _endings() -> Iterator[str]:
    for ending in ExitCode:
        codes = ", ".join(f"[`{code}`](errors.md#{code.lower()})" for code, found in ENDINGS.items() if found is ending)
        yield f"| {ending.value} | {MEANINGS[ending]} | {codes or '-'} |"


def _all_commands(root: Any) -> Iterator[str]:  # noqa: ANN401  (typer's commands are of a module of its own)
    commands = list(_walked(root, "ordo"))
    yield "| Command | What it does |"
    yield "| --- | --- |"
    for words, command in commands:
        yield f"| [`{words}`](#{words.replace(' ', '-')}) | {_told(command.help)} |"
    yield ""
    for words, command in commands:
        yield from _section(words, command)


def _walked(group: Any, words: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    for name, command in group.commands.items():
        if getattr(command, "commands", None):
            yield from _walked(command, f"{words} {name}")
        elif not command.hidden:
            yield f"{words} {name}", command


def _section(words: str, command: Any) -> Iterator[str]:  # noqa: ANN401
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    usage = [words, *(_argument(one) for one in arguments), *(["[OPTIONS]"] if options else [])]
    yield f"### {words}\n"
    yield f"`{' '.join(usage)}`\n"
    yield f"{_told(command.help)}\n"
    if arguments or options:
        yield "| | | |"
        yield "| --- | --- | --- |"
        for one in arguments:
            yield f"| `{_name(one)}` | {'' if one.required else 'may be left out'} | {_told(one.help)} |"
        for one in options:
            yield f"| `{_spelt(one)}` | {_default(one)} | {_told(one.help)} |"
        yield ""


def _name(parameter: Any) -> str:  # noqa: ANN401
    return str(parameter.metavar or parameter.name.upper())


def _argument(parameter: Any) -> str:  # noqa: ANN401
    return _name(parameter) if parameter.required else f"[{_name(parameter)}]"


def _spelt(option: Any) -> str:  # noqa: ANN401
    names = ", ".join(option.opts)
    return names if option.is_flag else f"{names} {option.metavar or option.name.upper()}"


def _default(option: Any) -> str:  # noqa: ANN401
    if option.required:
        return "must be given"
    plain = option.default is None or option.default is False or option.default in ((), [])
    return "" if plain or callable(option.default) else f"default `{option.default}`"


def _told(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")
