"""Forks gateways and an emulator out of a process that has everything imported, so that a start costs little.

Each line that it reads is a JSON list, a command and its arguments; it answers with one JSON document a line. What it
forks is the program itself, `ordo serve`, over a container whose clock, line and store can be watched.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TextIO

from ordo.entrypoints.cli import in_process
from ordo.entrypoints.cli.serve import serve
from ordo.entrypoints.http import app as _http  # noqa: F401  (what every gateway would import)
from ordo_emulators.control import controlled
from ordo_emulators.fyers.emulator import FyersEmulator
from ordo_emulators.fyers.settings import Settings
from ordo_emulators.server import serve as serve_emulator
from tests.torture import mortal
from tests.torture.mortal import RacingClock


class Launcher:
    def __init__(self) -> None:
        self._logs = Path()
        self._told: dict[int, TextIO] = {}

    def emulator(self, logs: str) -> str:
        """Start the emulated FYERS; its origin."""
        self._logs = Path(logs)
        return str(json.loads(self._forked(_emulate)[1])["origin"])

    def gateway(self, environment: dict[str, str], fate: dict[str, Any], workers: int = 1) -> list[Any]:
        """Start a gateway. Its process id, and its URL or, where it died before it served, `None`."""

        def run() -> None:
            os.chdir(self._logs)  # Where it announces itself, if its database is no file.
            os.environ.update(environment)
            in_process.APPLICATION = "tests.torture.mortal:app_from_environment"
            mortal.FATE = mortal.Fate(**fate)
            serve(host="127.0.0.1", port=0, workers=workers, as_json=True)

        pid, line = self._forked(run)
        return [pid, json.loads(line)["url"] if line else None]

    def end(self, pid: int, within: float) -> bool:
        """Kill a gateway after so many seconds, unless it is dead by then; whether it died by itself."""
        told = self._told.pop(pid)
        died, _, _ = select.select([told], [], [], within)  # Its end of the pipe closes when it dies, however it does.
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        told.close()
        return bool(died)

    def close(self) -> None:
        """Kill what still runs."""
        for pid in tuple(self._told):
            self.end(pid, 0)

    def _forked(self, run: Callable[[], None]) -> tuple[int, str]:
        """The process id of the fork and the first line that it writes."""
        ours, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            _run(run, theirs, self._logs / "processes.log")
        os.close(theirs)
        self._told[pid] = os.fdopen(ours)
        return pid, self._told[pid].readline()


def _run(run: Callable[[], None], out: int, log: Path) -> NoReturn:
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY), 2)
        run()
    except BaseException:  # noqa: BLE001  (a fork must not come back into the launcher)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(0)


def _emulate() -> None:
    async def until_killed() -> None:
        emulator = FyersEmulator(clock=RacingClock(1).now, settings=Settings(rate_limits=False))
        async with serve_emulator(controlled(emulator)) as origin:
            sys.stdout.write(json.dumps({"origin": origin}) + "\n")
            sys.stdout.flush()
            await asyncio.Event().wait()

    asyncio.run(until_killed())


def main() -> None:
    gc.freeze()
    launcher = Launcher()
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(getattr(launcher, command)(*arguments)) + "\n")
        sys.stdout.flush()
    launcher.close()


if __name__ == "__main__":
    main()
