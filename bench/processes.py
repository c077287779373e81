"""Starts a server as a process of its own, pinned where the system lets it, and reads what it uses."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_START_SECONDS = 30


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
    found = [pid]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                found += _tree(int(child))
    return found


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


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
            env=os.environ | environment,
            stdout=log,
            stderr=log,
        )
    try:
        if pinned and hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
            cores = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(process.pid, {cores[min(core, len(cores) - 1)]})
        _wait(port, process, folder / "server.log", ready)
        yield Server(pid=process.pid, port=port, start_seconds=time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(timeout=30)


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


@contextlib.contextmanager
def other_cores() -> Iterator[None]:
    """Keep this process off the first core, which the servers have, where the system lets it."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    if len(before) > 1:
        os.sched_setaffinity(0, set(sorted(before)[1:]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
