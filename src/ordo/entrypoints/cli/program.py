"""One command line: carried out, and ended with its exit code. `ordo --help` loads nothing of what the commands do."""

from __future__ import annotations

import json
import sys
import traceback

import typer

from ordo.entrypoints.cli import tree
from ordo.entrypoints.cli.exits import ExitCode
from ordo.entrypoints.cli.root import app

__all__ = ["app", "run", "tree"]


def run(arguments: list[str]) -> int:
    """Carry out one command line and return its exit code. Whatever happens, `--json` gets its one document."""
    as_json = "--json" in arguments
    try:
        code = app(arguments, prog_name="ordo", standalone_mode=False) or ExitCode.OK
    except typer.TyperException as error:
        from ordo.entrypoints.cli.outcome import InputError, end

        problem = InputError(f"{error.format_message().rstrip('.')}. See `ordo --help`, or `ordo COMMAND --help`.")
        return end(problem, as_json=as_json)
    except BrokenPipeError:
        raise  # Whoever reads the output has gone; there is nobody to tell.
    except Exception as error:  # noqa: BLE001  (the last place that can say it)
        traceback.print_exc()
        return _failed(ExitCode.BROKEN_PROMISE, "INTERNAL_ERROR", _bug(error), as_json=as_json)
    if code == ExitCode.INTERRUPTED:
        return _failed(ExitCode.INTERRUPTED, "INTERRUPTED", "You interrupted the command.", as_json=as_json)
    return int(code)


def _bug(error: Exception) -> str:
    return (
        f"This is a fault of Ordo itself ({type(error).__name__}), and the lines above say where. If the command was to"
        " place, change or cancel an order, look into `ordo orders` before anything else. Please report it."
    )


def _failed(code: ExitCode, name: str, message: str, *, as_json: bool) -> ExitCode:
    sys.stderr.write(f"{message}\n")
    if as_json:
        document: dict[str, object] = {"error_code": name, "message": message, "details": {}, "correlation_id": None}
        sys.stdout.write(json.dumps(document) + "\n")
    return code
