"""A request as the bytes that will leave, or the reason why none will."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from ordo.adapters.http.exchange import HttpRequest, NeverSent

_URL: Final = re.compile(r"(https?://[^/?#]+)([/?][!-\"$-~]*)?(?:#.*)?", re.DOTALL)
_HOST: Final = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?|[0-9a-f:.]*:[0-9a-f:.]*")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FRAMING: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer"}
)
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_PORTS: Final = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """A host to connect to. `netloc` is what stands in `Host`."""

    tls: bool
    host: str
    port: int
    netloc: str


@dataclass(slots=True, kw_only=True)
class Worded:
    """The whole request. Its representation shows none of it."""

    origin: Origin
    data: bytes = field(repr=False)
    wants_body: bool
    """Whether the answer may have one: to HEAD it has none, whatever its head says."""


def worded(request: HttpRequest) -> Worded:
    """A request in HTTP/1.1. Raises `NeverSent` for what can't be said in it, or would say more than one request."""
    found = _URL.fullmatch(request.url)
    if found is None:
        raise NeverSent("the address is none")
    place, target = found.groups("/")
    origin = _origin(place)
    method, body = request.method, request.body
    if target[0] == "?":
        target = f"/{target}"
    lines = [f"{_method(method)} {target} HTTP/1.1", f"Host: {origin.netloc}"]
    lines += [_named(name) + value for name, value in request.headers.items()]
    if body is not None or method in _WITH_BODY:
        lines.append(f"Content-Length: {len(body or b'')}")
    lines += ("", "")
    head = "\r\n".join(lines)
    breaks = len(lines) - 1
    if head.count("\n") != breaks or head.count("\r") != breaks or "\0" in head:
        raise NeverSent("a header has a line break or a zero in it")
    if not head.isascii():
        raise NeverSent("a header is not in ASCII")
    data = head.encode()
    return Worded(origin=origin, data=data + body if body else data, wants_body=method != "HEAD")


@lru_cache(maxsize=64)
def _method(method: str) -> str:
    if method == "CONNECT" or not method.isupper() or not _TOKEN.fullmatch(method):
        raise NeverSent("the method is none")
    return method


@lru_cache(maxsize=256)
def _named(name: str) -> str:
    if not _TOKEN.fullmatch(name) or name.lower() in _FRAMING:
        raise NeverSent("a header is none, or is one that only the transport may set")
    return f"{name}: "


@lru_cache(maxsize=256)
def _origin(place: str) -> Origin:
    try:
        parts = urlsplit(place)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise NeverSent("the address is none") from None
    named = f"[{host}]" if ":" in host else host
    usual = _PORTS[parts.scheme]
    netloc = named if port is None or port == usual else f"{named}:{port}"
    if not _HOST.fullmatch(host) or port == 0 or parts.netloc.lower() not in (netloc, f"{named}:{port}"):
        raise NeverSent("the address is none")
    return Origin(tls=parts.scheme == "https", host=host, port=port or usual, netloc=netloc)
