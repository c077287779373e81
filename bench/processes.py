"""Starts a server as a process of its own, pinned where the system lets it, and reads what it uses."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_SCHEDULED = 2  # Linux: this clock of a process counts what it computed.
_START_SECONDS, _END_SECONDS = 60, 60
_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that is ready, and how long that took, in seconds."""

    pid: int
    port: int
    start_seconds: float

    def cpu_seconds(self) -> float:
        """Of the process and of those that it started."""
        return sum(_cpu_seconds(pid) for pid in _tree(self.pid))

    def resident_mb(self) -> float:
        """Of the process and of those that it started; what they share counts for each."""
        return sum(_resident_mb(pid) for pid in _tree(self.pid))


def _tree(pid: int) -> list[int]:
    """The process, and all that descend from it."""
    children = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # It has ended meanwhile.
            parent = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
            children[int(parent)].append(int(path.parent.name))
    found = [pid]
    for one in found:
        found += children[one]
    return found


def _cpu_seconds(pid: int) -> float:
    """By the process's own clock, to the nanosecond: of all its threads, also of those that have ended."""
    return time.clock_gettime((~pid << 3) | _SCHEDULED)


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


@contextlib.contextmanager
def serving(
    arguments: list[str],
    *,
    folder: Path,
    environment: dict[str, str],
    pinned: bool = True,
    core: int = 0,
    ready: str = "/ready",
) -> Iterator[Server]:
    """Run `python ARGUMENTS --port N` in a folder until the block ends; on the core of that number (or the last) where
    it is `pinned`.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.perf_counter()
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  (our own interpreter and modules)
            [sys.executable, *arguments, "--port", str(port)],
            cwd=folder,
            # Modules are compiled once, as those of an installed package are: no start is about that.
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": ""} | environment,
            stdout=log,
            stderr=log,
        )
    try:
        if pinned and can_pin():
            os.sched_setaffinity(process.pid, {_CORES[min(core, len(_CORES) - 1)]})
        _wait(port, process, folder / "server.log", ready)
        yield Server(pid=process.pid, port=port, start_seconds=time.perf_counter() - started)
    finally:
        process.terminate()
        try:
            process.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise RuntimeError(f"the server did not end in {_END_SECONDS} s: {arguments}") from None


def _wait(port: int, process: subprocess.Popen[bytes], log: Path, ready: str) -> None:
    deadline = time.perf_counter() + _START_SECONDS
    while time.perf_counter() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=1).close()
            return
        time.sleep(0.01)
    raise RuntimeError(f"the server did not become ready:\n{log.read_text(encoding='utf-8', errors='replace')}")


def can_pin() -> bool:
    """Whether this system lets a process choose its core, and has more than one."""
    return len(_CORES) > 1


@contextlib.contextmanager
def other_cores() -> Iterator[None]:
    """Keep this process, and what it starts meanwhile, off the first core, which the gateways have, where the system
    lets it.
    """
    if not can_pin():
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(_CORES[1:]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def halted(servers: Sequence[Server]) -> Iterator[None]:
    """What these do in the background waits until the block ends."""
    for server in servers:
        os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for server in servers:
            os.kill(server.pid, signal.SIGCONT)
