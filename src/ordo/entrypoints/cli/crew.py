"""Several workers behind one socket: started, replaced when one dies, and ended together."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from ordo.entrypoints.cli.outcome import ExitCode, NotServed

Work = Callable[[Callable[[], None]], ExitCode]
"""What one worker does, given what to call when it is ready."""

_PAUSE_SECONDS = 1.0
_GRACE_SECONDS = 20.0


class Crew:
    """Processes forked from this one before it has a thread or an event loop. It does no work of its own.

    A worker that dies is replaced. One that dies before it was ever ready is not: what is wrong with it is wrong with
    all, so the crew ends. When this process is killed, the workers notice and end by themselves.
    """

    def __init__(self, size: int, work: Work) -> None:
        self._size = size
        self._work = work
        self._workers: set[int] = set()
        self._ready: set[int] = set()
        self._is_ending = False
        self._told, self._tell = os.pipe()
        self._alive, self._keeps_alive = os.pipe()

    def serve(self, ready: Callable[[], None]) -> None:
        """Work until told to stop; `ready` is called once, when every worker is. Raises `NotServed` when a worker can't
        be started.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        for _ in range(self._size):
            self._hire()
        try:
            self._await_all_ready()
            if not self._is_ending:
                ready()
            self._replace_the_dead()
        finally:
            self._dismiss()

    def _hire(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._be_a_worker()
        self._workers.add(pid)

    def _be_a_worker(self) -> None:
        code = 1
        try:
            os.close(self._keeps_alive)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, _leave)
            code = self._work(self._say_ready)
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        except BaseException:  # noqa: BLE001  (the process ends here, and must not go on as its parent)
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _say_ready(self) -> None:
        os.write(self._tell, os.getpid().to_bytes(4, "big"))

    def _await_all_ready(self) -> None:
        while len(self._ready) < self._size and not self._is_ending:
            self._hear()
            dead = self._buried()
            if dead and not self._is_ending:
                raise NotServed("A worker ended before it was ready; it has said above why. Nothing is served.")

    def _replace_the_dead(self) -> None:
        while not self._is_ending:
            self._hear()
            for pid in self._buried():
                self._replace(pid)

    def _replace(self, pid: int) -> None:
        if self._is_ending:
            return
        sys.stderr.write(f"worker {pid} has died, and another takes its place; its open orders are looked for\n")
        if pid not in self._ready:
            time.sleep(_PAUSE_SECONDS)
        self._hire()

    def _hear(self) -> None:
        with suppress(InterruptedError):
            if select.select([self._told], [], [], 0.2)[0]:
                told = os.read(self._told, 4096)
                self._ready |= {int.from_bytes(told[at : at + 4], "big") for at in range(0, len(told), 4)}

    def _buried(self) -> list[int]:
        dead = []
        for pid in tuple(self._workers):
            with suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG)[0]:
                    self._workers.discard(pid)
                    dead.append(pid)
        return dead

    def _dismiss(self) -> None:
        """End every worker: in order, and after a while at once."""
        self._is_ending = True
        self._signal(signal.SIGTERM)
        until = time.monotonic() + _GRACE_SECONDS
        while self._workers and time.monotonic() < until:
            self._hear()
            self._buried()
        self._signal(signal.SIGKILL)
        for pid in self._workers:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def _signal(self, number: int) -> None:
        for pid in self._workers:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _end(self, _: int, __: FrameType | None) -> None:
        self._is_ending = True

    @property
    def lifeline(self) -> int:
        """A descriptor that comes to its end when the crew's first process is gone."""
        return self._alive


def _leave(_: int, __: FrameType | None) -> None:
    raise SystemExit(ExitCode.OK)
