"""Somebody who follows a page from its top, in an empty folder, and types what stands there."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import yaml  # type: ignore[import-untyped]

from ordo.schemas.config.settings import load_settings
from tests.documents.blocks import ROOT, Block

BIN: Final = Path(sys.executable).parent
_PROGRAMS: Final = Path(__file__).with_name("programs")
TOKEN: Final = "the-token-that-it-printed"
# What a page shows as an example stands for the last thing of that form that the reader has seen.
EXAMPLES: Final = {"375412345678901": r"\border(?:_id)?\W+([1-9][0-9]{14})\b", "0123456789ab": r"\b[0-9a-f]{12}\b"}
_SECONDS: Final = 600
_EXPORTED: Final = ".exported"
SERVERS: Final = re.compile(r"^(ordo serve|make run|python -m ordo_emulators)\b")
_LOCAL: Final = re.compile(r"\bhttp://127\.0\.0\.1:\d+")
_PORT: Final = re.compile(r"--port (\d+)")


class Reader:
    """Has a folder, a shell whose variables last from block to block, and servers that run until the end of the page.

    An address on this machine stands for the server that the page starts on that port; `places` are the others that are
    known by another name on a page than here. `home` gets the folder `ordo`, in which everything is done.
    """

    def __init__(
        self, home: Path, variables: dict[str, str], places: dict[str, str], *, is_fresh: bool = False
    ) -> None:
        self.home = home
        self.folder = home / "ordo"
        self.folder.mkdir(exist_ok=True)
        self._servers: dict[str, subprocess.Popen[str]] = {}
        self.places = dict(places)
        self._names: dict[str, object] = {"__name__": "__main__"}
        self._said = ""
        self._seen = ""
        self._shown: dict[str, Callable[[str], object]] = {
            "json": json.loads,
            "crontab": self._scheduled,
            "yaml": yaml.safe_load,
            "toml": self._settings,
            "text": lambda text: shown_in(text, self._said),
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORDO_", "PYTEST_"))}
        self._variables = kept | {
            "PATH": f"{_PROGRAMS}:{BIN}:{os.environ['PATH']}",
            "ORDO_TEST_BIN": str(BIN),
            "HOME": str(home),
            "PWD": str(self.folder),
            "COLUMNS": "120",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # A bot's tests need none of those that are installed here.
            "BROWSER": str(_PROGRAMS / "browser"),
            # The pages place the same order again and again.
            "ORDO_IDEMPOTENCY__DUPLICATE_SECONDS": "0",
            **variables,
        }
        self._is_fresh = is_fresh
        if is_fresh:
            # The home is the user's own, since pip has its settings there; what it has fetched before is not used.
            self._variables |= {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", str(home))}
            self._variables["PIP_NO_CACHE_DIR"] = "1"
        elif not (self.folder / ".venv").exists():
            self._set_up(self.folder / ".venv/bin")

    def follow(self, block: Block) -> None:
        """Do what a block says, and compare what comes of it with what the page shows."""
        text = self._here(block.text)
        if block.file is not None:
            path = self.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)  # Never through a link.
            path.write_text(text, encoding="utf-8")
        if block.language == "python" and block.file is not None:
            compile(text, str(block), "exec")  # A command on the page runs it.
        elif block.language == "toml" and block.file not in (None, "ordo.toml"):
            assert tomllib.loads(text)  # No settings of a gateway.
        elif block.language == "python":
            self._python(text, str(block))
        elif block.language in ("sh", "console"):
            self._typed(text, block.exit, prompted=block.language == "console")
        else:
            self._shown[block.language](text)

    def _set_up(self, programs: Path) -> None:
        """A copy of the repository as `make setup` leaves it, as far as a page can tell."""
        programs.mkdir(parents=True)
        for name in ("Makefile", "requirements"):
            (self.folder / name).symlink_to(ROOT / name)
        for path in (self.folder / "pyproject.toml", programs.parent / "run.stamp", programs.parent / "dev.stamp"):
            path.touch()
        (programs / "ordo").symlink_to(_PROGRAMS / "ordo")
        (programs / "python").write_text(f'#!/bin/sh\nexec {BIN}/python "$@"\n', encoding="utf-8")
        (programs / "python").chmod(0o755)
        (programs / "activate").write_text(f'PATH="{programs}:$PATH"\n', encoding="utf-8")

    def close(self) -> None:
        """Stop what was started, the latest first; each must end well."""
        for address in reversed(list(self._servers)):
            self._stop(address)

    def _stop(self, address: str) -> None:
        server = self._servers.pop(address)
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=_SECONDS)
        # An emulator has nothing to end in order, and `make` says only that it was ended.
        assert server.returncode == 0 or "'serve'" not in str(server.args), server.args

    def _here(self, text: str) -> str:
        for example, form in EXAMPLES.items():
            seen = re.findall(form, self._seen)
            text = text.replace(example, seen[-1] if seen else example)
        for address in _LOCAL.findall(text):
            self._place(address)
        for example, real in self.places.items():
            text = text.replace(example, real)
        return text

    def _place(self, address: str) -> str:
        """Where a server that pages know by this address is, or will be."""
        if address not in self.places:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.places[address] = f"http://127.0.0.1:{free.getsockname()[1]}"
        return self.places[address]

    def _settings(self, text: str) -> None:
        assert tomllib.loads(text)
        path = self.folder / ".shown.toml"
        path.write_text(text, encoding="utf-8")
        load_settings({"ORDO_CONFIG": str(path)})

    def _typed(self, text: str, exit_code: int, *, prompted: bool) -> None:
        if not prompted:
            self._shell(text, exit_code)
            return
        commands = [line[2:] for line in text.splitlines() if line.startswith(("$ ", "> "))]
        assert commands, "a console block needs a line that begins with `$ `"
        self._shell("\n".join(commands) + "\n", exit_code)
        shown_in("\n".join(line for line in text.splitlines() if not line.startswith(("$ ", "> "))), self._said)

    def _scheduled(self, text: str) -> None:
        """Do what each line of a crontab would have done, in a shell as bare as cron's."""
        variables, lines = dict(self._variables), []
        for line in text.splitlines():
            name, found, value = line.partition("=")
            if found and name.isidentifier():
                variables[name] = value
            elif line.strip() and not line.startswith("#"):
                lines.append(line)
        assert lines
        self._variables = variables
        for line in lines:
            *when, command = line.split(maxsplit=5)
            assert len(when) == 5, line
            assert all(re.fullmatch(r"\*|[\d,*/-]+", part) for part in when), line
            self._shell(f"cd\n{command}\n", 0)

    def _shell(self, text: str, exit_code: int) -> None:
        before, served = text, None
        lines = text.rstrip().splitlines()
        if SERVERS.match(lines[-1]):
            before, served = "\n".join(lines[:-1]) + "\n", lines[-1]
        assert not SERVERS.search(before), "a server must be the last line of its block"
        done = subprocess.run(  # noqa: S603
            ["/bin/sh", "-e", "-c", f"trap 'env -0 > {self.folder / _EXPORTED}' EXIT\n{before}"],
            cwd=self.folder,
            env=self._variables | {"PWD": str(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        self._heard(done.stdout)
        assert done.returncode == exit_code, f"{text}\nended with {done.returncode}:\n{done.stdout}"
        exported = (self.folder / _EXPORTED).read_text("utf-8").split("\0")
        self._variables = dict(line.split("=", 1) for line in exported if "=" in line)
        if served is not None:
            self.serve(served)

    def serve(self, command: str) -> None:
        """Start a server on a port that is free; from here on its address in the page is the real one."""
        asked = _PORT.search(command)
        address = f"http://127.0.0.1:{asked[1] if asked else 8000}"
        if address in self._servers:
            self._stop(address)  # Who starts it again has stopped it.
        port = self._place(address).rpartition(":")[2]
        log = self.folder / "server.log"
        with log.open("a", encoding="utf-8") as errors:
            server = subprocess.Popen(  # noqa: S603
                self._served_by(command, port),
                cwd=self._variables["PWD"],
                env=self._variables,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._servers[address] = server
        assert server.stdout is not None
        line = next((line for line in server.stdout if line.startswith("{")), "{}")
        told = json.loads(line)
        assert "url" in told or "base_url" in told, f"{command} did not start: {line}\n{log.read_text('utf-8')}"
        if told.get("token"):
            self.places[TOKEN] = told["token"]

    def _served_by(self, command: str, port: str) -> list[str | Path]:
        if command == "make run" and self._is_fresh:
            return ["make", "run", f"ARGS=--port {port} --json"]
        words = shlex.split(_PORT.sub("", command).replace("make run", "ordo serve"))
        if words[0] == "ordo":
            return [_PROGRAMS / "ordo", *words[1:], "--port", port, "--json"]
        return [BIN / words[0], *words[1:], "--port", port]

    def _python(self, text: str, name: str) -> None:
        said = io.StringIO()
        with self._in_folder(), contextlib.redirect_stdout(said):
            exec(compile(text, name, "exec"), self._names)  # noqa: S102  (that is what these tests are for)
        self._heard(said.getvalue())

    @contextlib.contextmanager
    def _in_folder(self) -> Iterator[None]:
        kept = dict(os.environ)
        with contextlib.chdir(self.folder):
            os.environ.clear()
            os.environ.update(self._variables)
            try:
                yield
            finally:
                os.environ.clear()
                os.environ.update(kept)

    def _heard(self, text: str) -> None:
        self._said = text
        self._seen += text


def shown_in(shown: str, said: str) -> None:
    """Fail unless each line that is shown was said, in that order; numbers, spaces and `…` stand for others."""
    rest = "\n".join(" ".join(line.split()) for line in said.splitlines())
    for line in shown.splitlines():
        if line.strip():
            found = re.search(_pattern(line), rest)
            assert found is not None, f"the page shows a line that was not said: {line!r}, but this:\n{said}"
            rest = rest[found.end() :]


def _pattern(line: str) -> str:
    words = (re.escape(word).replace("…", ".*") for word in line.split())
    return re.sub(r"\d+", r"\\d+", " ".join(words))
