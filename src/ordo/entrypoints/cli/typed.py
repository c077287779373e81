"""What a person types, or a program pipes in: lines of standard input, and secrets without echo."""

from __future__ import annotations

import asyncio
import getpass
import io
import os
import select
import signal
import sys

from ordo.entrypoints.cli.outcome import InputError

_CHUNK = 65_536
_SHOWN = frozenset({"username", "user_id", "client_id", "consent"})


class Typed:
    """Standard input, a line at a time. What was not asked for stays for the next who asks."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def is_person(self) -> bool:
        return sys.stdin is not None and sys.stdin.isatty()

    async def line(self) -> str | None:
        """The next line, or `None` at the end. Whoever stops waiting loses no line."""
        wake, waking = os.pipe()
        reading = asyncio.get_running_loop().run_in_executor(None, self._read, wake)
        try:
            return await asyncio.shield(reading)
        finally:
            os.write(waking, b"!")
            await asyncio.wait([reading])
            os.close(wake)
            os.close(waking)

    def secret(self, field: str) -> str:
        """Ask a person for one field, unseen where it is secret; raises `InputError` where nobody is there."""
        if not self.is_person:
            option = f"--{field} -" if field in ("otp", "password") else f"--{field}"
            raise InputError(
                f"This login asks for {field}, and standard input is no terminal. Pipe it in with {option}, or run the"
                " command in a terminal. No session was opened."
            )
        # The event loop's own handler would wait for the prompt to end before it tells of a Ctrl-C.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            prompt = f"{field}: "
            if field not in _SHOWN:
                return getpass.getpass(prompt, sys.stderr)
            sys.stderr.write(prompt)
            sys.stderr.flush()
            return sys.stdin.readline().rstrip("\r\n")
        except EOFError:
            raise InputError(f"Nothing was given for {field}.") from None
        finally:
            signal.signal(signal.SIGINT, before)

    def _read(self, wake: int) -> str | None:
        # Not through the buffer of sys.stdin, whose lock a waiting thread would hold while the process ends.
        try:
            source = sys.stdin.fileno()
        except (AttributeError, io.UnsupportedOperation):
            return None
        while b"\n" not in self._rest:
            ready, _, _ = select.select([source, wake], [], [])
            if wake in ready:
                return None
            chunk = os.read(source, _CHUNK)
            if chunk:
                self._rest += chunk
            elif self._rest:
                break
            else:
                return None
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode(errors="replace").strip()
