"""Carries out commands of `ordo`, each in a fork of this process, which has loaded what they need. The first argument
is the socket on which they come; a line on standard output says that it listens.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback
from importlib import import_module

_LOADED = (
    "ordo.entrypoints.cli.commands",
    "ordo.entrypoints.cli.doctor",
    "ordo.entrypoints.cli.in_process",
    "ordo.entrypoints.cli.serve",
    "ordo.entrypoints.http.app",
    "ordo.container.root",
)
_DIED = 99


def main(place: str) -> None:
    """Serve until SIGTERM."""
    for name in _LOADED:
        import_module(name)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        while True:
            line, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _carry_out(line)
            line.close()


def _carry_out(line: socket.socket) -> None:
    """The rest of a fork's life."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ending = _DIED
    try:
        head, files, _, _ = socket.recv_fds(line, 4, 3)
        wish = b""
        while len(wish) < int.from_bytes(head, "big"):
            wish += line.recv(65_536)
        line.sendall(os.getpid().to_bytes(4, "big"))
        ending = _carried_out(json.loads(wish), files)
    except BaseException:  # noqa: BLE001  (told on the caller's own standard error)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        line.sendall(bytes([ending]))
        os._exit(0)


def _carried_out(wish: dict[str, object], files: list[int]) -> int:
    from ordo.entrypoints.cli import main as ordo

    for number, file in enumerate(files):
        os.dup2(file, number)
    os.environ.clear()
    variables, arguments = wish["variables"], wish["arguments"]
    assert isinstance(variables, dict)
    assert isinstance(arguments, list)
    os.environ.update(variables)
    os.chdir(str(wish["folder"]))
    sys.argv = ["ordo", *arguments]
    try:
        ordo()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


if __name__ == "__main__":
    main(sys.argv[1])
