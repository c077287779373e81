"""How an answer goes onto a socket: in one piece, where uvicorn looks at each header and writes head and body apart."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent, HTTPResponseStartEvent

_NAMES: Final = (string.ascii_lowercase + string.digits + "-").encode()
_PLAIN: Final = bytes(range(0x20, 0x7F))
_BREAK: Final = b"\r\n"
_STEERING: Final = frozenset((b"connection", b"transfer-encoding"))


class Whole(RequestResponseCycle):
    """One request and its answer. The head waits for its body: an answer that is whole with it, and has nothing in its
    head but plain characters, is written at once. Everything else goes uvicorn's own way, which checks it and refuses
    what it must.
    """

    _head: HTTPResponseStartEvent | None = None

    async def send(self, message: ASGISendEvent) -> None:
        head = self._head
        if head is None:
            if message["type"] == "http.response.start" and not self.response_started:
                self._head, self.response_started, self.waiting_for_100_continue = message, True, False
            else:
                await super().send(message)
            return
        self._head = None
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            body = message.get("body", b"")
            text = self._text(head, body)
            if text is not None:
                self.response_complete = True
                self.transport.write(text + body)
                self.message_event.set()
                self.on_response()
                return
        self.response_started = False
        await super().send(head)
        await super().send(message)

    def _text(self, head: HTTPResponseStartEvent, body: bytes) -> bytes | None:
        """The head as it is written before this body; `None` where that takes more than writing it."""
        if (
            not self.keep_alive
            or self.disconnected
            or self.access_log
            or self.flow.write_paused
            or self.scope["method"] == "HEAD"
        ):
            return None
        headers = [*self.default_headers, *head.get("headers", ())]
        told = dict(headers)
        if (
            told.get(b"content-length") != b"%d" % len(body)
            or len(told) != len(headers)
            or not _STEERING.isdisjoint(told)
            or b"".join(told).translate(None, _NAMES)
        ):
            return None
        lines = _BREAK.join([b": ".join(header) for header in headers])
        # Whatever is not plain stays here, and so does a break that stands in a header.
        if lines.translate(None, _PLAIN) != _BREAK * (len(headers) - 1):
            return None
        return b"%b%b\r\n\r\n" % (STATUS_LINE[head["status"]], lines)
