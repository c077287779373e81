"""`HEAD` and `OPTIONS`, the same for every address: `HEAD` is answered as the `GET` would be, without the body, and
`OPTIONS` with the methods that the address takes.

Litestar's own `OPTIONS` knows only the first of several handlers. What it knows of all of them is told by the `Allow`
of its 405, so it is asked with a method that no handler has.
"""

from __future__ import annotations

from typing import Final

from litestar.types import Message

ASKED_AS: Final = {"HEAD": "GET", "OPTIONS": "NOBODYS"}
"""What Litestar is asked in place of these methods."""

_NO_CONTENT: Final = 204
_NOT_ALLOWED: Final = 405


class Turned:
    """The answer to one of them, made of the answer to what was asked in its place."""

    __slots__ = ("_is_empty", "_is_options")

    def __init__(self, method: str) -> None:
        self._is_empty = method == "HEAD"
        self._is_options = method == "OPTIONS"

    def turn(self, message: Message) -> None:
        """Change one message of the answer."""
        if message["type"] == "http.response.start" and message["status"] == _NOT_ALLOWED and self._is_options:
            self._is_empty = True
            message["status"] = _NO_CONTENT
            message["headers"] = [header for header in message["headers"] if header[0] == b"allow"]
        elif message["type"] == "http.response.body" and self._is_empty:
            message["body"] = b""
