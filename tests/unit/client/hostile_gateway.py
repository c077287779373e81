"""A gateway on a real socket that answers as it is told to, and remembers every request that reached it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Seen:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class HostileGateway:
    """Serves one request a connection. `script` holds the bytes of each answer in turn; an empty one closes the
    connection without a word, and behind the last one the gateway is gone.
    """

    script: list[bytes]
    seen: list[Seen] = field(default_factory=list)
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    @property
    def keys(self) -> list[str]:
        return [request.headers["idempotency-key"] for request in self.seen]

    @classmethod
    @contextmanager
    def serving(cls, *script: bytes) -> Iterator[Self]:
        gateway = cls(list(script))
        thread = threading.Thread(target=gateway._serve)
        thread.start()
        try:
            yield gateway
        finally:
            with suppress(OSError):
                gateway.listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            gateway.listener.close()

    def _serve(self) -> None:
        with suppress(OSError), self.listener:
            for answer in self.script:
                connection, _ = self.listener.accept()
                with connection:
                    self.seen.append(_request(connection))
                    connection.sendall(answer)


def answer(status: int, body: str = "", *headers: str, length: int | None = None) -> bytes:
    """The bytes of an answer; a `length` beyond the body's makes it a cut one."""
    size = len(body.encode()) if length is None else length
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {size}", "Connection: close"]
    return "\r\n".join([*lines, *headers, "", body]).encode()


LOST = b""
"""The request is read, and the connection closed."""


def _request(connection: socket.socket) -> Seen:
    with connection.makefile("rb") as stream:
        method, target, _ = stream.readline().decode().split(" ")
        headers = {}
        while line := stream.readline().decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return Seen(method, target, headers, stream.read(int(headers.get("content-length", "0"))))
