"""Reads one answer off a connection. What is not certainly one whole answer is none."""

from __future__ import annotations

from typing import Final

import httptools

from ordo.adapters.http.carrier import BrokenOff
from ordo.adapters.http.exchange import HttpReply

_HEAD: Final = 64 * 1024
_FRAME: Final = 8
_INTERIM: Final = 8
_VERSIONS: Final = frozenset({"1.0", "1.1"})
_ONCE: Final = frozenset({"content-length", "transfer-encoding", "content-encoding"})
_SWITCHING: Final = 101
_FINAL: Final = range(200, 600)
_BODILESS: Final = frozenset({204, 304})


class ReplyReader:
    """Fed with what arrives until it is `done`. Holds at most `size` bytes of a body, and of all else no more than
    64 KiB and some for every byte of the body: no head, trailer or chunk is endless.
    """

    __slots__ = (
        "_body", "_fault", "_framed", "_headed", "_headers", "_interim", "_length", "_parser", "_raw", "_size",
        "_status", "_wants_body", "done", "keeps",
    )  # fmt: skip

    def __init__(self, size: int, *, wants_body: bool) -> None:
        self.done = False
        self.keeps = False
        """Whether the host keeps the connection for another request, and nothing came behind the answer."""
        self._size = size
        self._wants_body = wants_body
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._status = self._length = self._raw = self._interim = 0
        self._headed = self._framed = False
        self._fault = "what came is not HTTP"
        # It holds this reader: the circle is opened as soon as the answer is there, or won't be.
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)

    def reply(self) -> HttpReply:
        """The answer, once it is `done`."""
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        return HttpReply(status=self._status, headers=self._headers, body=body)

    def feed(self, data: bytes) -> None:
        """Raises `BrokenOff` as soon as this can't become an answer any more."""
        if self._parser is None:
            self.keeps = False
            return
        self._raw += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not self.done:
                self._parser = None
                raise BrokenOff(self._fault) from None
            self.keeps = False
        if self.done:
            self._parser = None
        elif self._raw > _HEAD + _FRAME * self._length:
            self._parser = None
            raise BrokenOff("the answer is too much head and too little body")

    def end(self) -> None:
        """The host has said that nothing more will come: an answer that announced no length is whole then."""
        self.keeps = False
        self._parser = None
        if not self.done and (self._framed or not self._headed):
            raise BrokenOff("the answer is cut")
        self.done = True

    def on_message_begin(self) -> None:
        if self.done:
            raise self._refused("something came behind the answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._headed:
            return  # A trailer. It can't change what the head has said.
        key = name.decode("latin-1").lower()
        if key in self._headers and key in _ONCE:
            raise self._refused(f"the answer has {key} twice")
        self._headers[key] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        parser = self._parser
        if parser is None:
            return
        self._status = status = parser.get_status_code()
        version = parser.get_http_version()
        if version not in _VERSIONS:
            raise self._refused("the answer is of another version of HTTP")
        if status == _SWITCHING:
            raise self._refused("the host wants to change the protocol")
        if status in _FINAL:
            self._check_frame(version, status)
        elif status // 100 != 1:
            raise self._refused("the answer has a status that does not exist")

    def _check_frame(self, version: str, status: int) -> None:
        coding, length = self._headers.get("transfer-encoding"), self._headers.get("content-length")
        if coding is not None and (coding.strip().lower() != "chunked" or version == "1.0"):
            raise self._refused("the answer is coded in a way that nobody asked for")
        if length is not None and self._wants_body and status not in _BODILESS and int(length) > self._size:
            raise self._refused(f"the answer is larger than {self._size} bytes")
        self._headed = True
        self._framed = coding is not None or length is not None
        if not self._wants_body:
            self.done = True
            raise self._refused("an answer to HEAD has no body")

    def on_body(self, part: bytes) -> None:
        self._length += len(part)
        if self._length > self._size:
            raise self._refused(f"the answer is larger than {self._size} bytes")
        self._body.append(part)

    def on_message_complete(self) -> None:
        if self._headed:
            self.done = True
            self.keeps = self._parser is not None and self._parser.should_keep_alive()
            return
        self._interim += 1
        self._headers = {}
        if self._interim > _INTERIM:
            raise self._refused("the host says too often that it will answer")

    def _refused(self, fault: str) -> BrokenOff:
        self._fault = fault
        return BrokenOff(fault)
