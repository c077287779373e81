"""The program `ordo` as a shell runs it: processes of their own, in a directory of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROGRAM = "from ordo.entrypoints.cli import main; main()"
SECONDS = 60


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401  (whatever JSON it is)
        """The one JSON document on standard output."""
        return json.loads(self.out)


Here = Callable[..., Ended]
"""One command line, carried out in this process."""


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell in a directory, with nothing of Ordo's in its environment but what is given."""

    place: Path

    def environment(self, given: dict[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ORDO_")}
        return kept | given

    def ordo(self, *arguments: str, **given: str) -> Ended:
        return self.python(_PROGRAM, *arguments, **given)

    def python(self, code: str, *arguments: str, **given: str) -> Ended:
        done = subprocess.run(  # noqa: S603  (the program under test)
            [sys.executable, "-c", code, *arguments],
            cwd=self.place,
            env=self.environment(given),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, **given: str) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603  (likewise)
            [sys.executable, "-c", _PROGRAM, *arguments],
            cwd=self.place,
            env=self.environment(given),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def serving(self, *arguments: str, **given: str) -> Iterator[Serving]:
        """`ordo serve` on a free port, and what it says when it is ready; killed if it has not ended by itself."""
        process = self.start("serve", "--port", "0", *arguments, **given)
        try:
            assert process.stdout is not None
            said = ""
            while not ("--json" in arguments and said) and "\n  -d " not in said:
                line = process.stdout.readline()
                assert line, f"ordo serve did not start: {process.communicate(timeout=SECONDS)}"
                said += line
            yield Serving(process, said)
        finally:
            process.kill()
            process.communicate(timeout=SECONDS)

    def announcement(self) -> dict[str, Any]:
        """What `ordo serve` wrote for the other commands."""
        told: dict[str, Any] = json.loads((self.place / "ordo.db.serve.json").read_text(encoding="utf-8"))
        return told


@dataclass(frozen=True, slots=True)
class Serving:
    process: subprocess.Popen[str]
    said: str

    def end(self, how: signal.Signals) -> Ended:
        """Send a signal, and wait for what comes of it."""
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=SECONDS)
        return Ended(self.process.returncode, out, err)
