"""The browser's half of a login: where it is sent, and the address on loopback at which it comes back."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlsplit

from ordo.domain.sessions import state_in

_SECONDS = 10
_LONGEST = 16_384
_HEAD = (
    "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\nConnection: close\r\n"
    "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n\r\n"
)
_PAGE = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Ordo</title><h1>{title}</h1><p>{text}</p></html>'
_CLOSE = "You can close this window."

Finish = Callable[[str], Awaitable[bool]]
"""Takes the address that the browser was sent to, and says whether it logged in."""


def open_browser(url: str) -> None:
    """Open the person's browser, unless it could not be seen, as over SSH."""
    chosen = "BROWSER" in os.environ
    screen = sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if chosen or (screen and "SSH_CONNECTION" not in os.environ):
        # Some browsers return only when they are closed.
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


@asynccontextmanager
async def redirect_served(login_url: str, finish: Finish) -> AsyncIterator[asyncio.Event | None]:
    """Wait at the redirect address of a login page. Yields what is set once the browser was there and has its page, or
    `None` where this process can't serve that address.
    """
    place = _place(login_url)
    if place is None:
        yield None
        return
    receiver = _Receiver(place, state_in(login_url), finish)
    try:
        server = await asyncio.start_server(receiver.serve, place.host, place.port, limit=_LONGEST)
    except OSError:
        # Somebody else serves it, as a gateway does with its callback; or it takes a privilege.
        yield None
        return
    try:
        yield receiver.done
    finally:
        # Not waited for: a browser keeps connections open that it never uses.
        server.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    uri: SplitResult
    host: str
    port: int


def _place(login_url: str) -> _Place | None:
    match parse_qs(urlsplit(login_url).query).get("redirect_uri"):
        case [redirect_uri]:
            uri = urlsplit(redirect_uri)
        case _:
            return None
    host = "127.0.0.1" if uri.hostname == "localhost" else uri.hostname or ""
    try:
        here = ipaddress.ip_address(host).is_loopback
        port = uri.port or 80
    except ValueError:
        return None
    return _Place(uri=uri, host=host, port=port) if here and uri.scheme == "http" else None


class _Receiver:
    """Speaks as much HTTP as a redirected browser needs. Only the redirect of this login is taken, and once."""

    def __init__(self, place: _Place, state: str | None, finish: Finish) -> None:
        self._place = place
        self._state = state
        self._finish = finish
        self._taken = self._finished = False
        self.done = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            status, title, text = await self._answer(head)
            body = _PAGE.format(title=title, text=text).encode()
            writer.write(_HEAD.format(status=status, length=len(body)).encode() + body)
            await writer.drain()
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            pass  # What is no browser with the redirect gets no answer.
        finally:
            writer.close()
            if self._finished:
                self.done.set()

    async def _answer(self, head: bytes) -> tuple[str, str, str]:
        line = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
        method, target = (line[0], line[1]) if len(line) == 3 else ("", "")  # noqa: PLR2004  (method, target, version)
        path = target.partition("?")[0]
        ours = self._state is not None and state_in(target) == self._state
        if method != "GET" or path != (self._place.uri.path or "/") or not ours or self._taken:
            return "404 Not Found", "Nothing here", "No login waits for this."
        self._taken = True
        logged_in = await self._finish(f"{self._place.uri.scheme}://{self._place.uri.netloc}{target}")
        self._finished = True
        if logged_in:
            return "200 OK", "Logged in", _CLOSE
        return "401 Unauthorized", "Not logged in", f"The terminal says why. {_CLOSE}"
