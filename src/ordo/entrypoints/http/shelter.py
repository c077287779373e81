"""What every answer tells a browser: to do nothing with it that was not meant."""

from __future__ import annotations

from typing import Final

Headers = tuple[tuple[bytes, bytes], ...]

_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_SECURE: Final = ((b"strict-transport-security", b"max-age=31536000"),)
_VARY: Final = ((b"vary", b"Origin"),)
_ALLOWED: Final = b"access-control-allow-origin"
_SHOWN: Final = (
    b"access-control-expose-headers",
    b"Idempotency-Replayed, Location, Retry-After, X-Correlation-ID, X-Ordo-As-Of",
)
_NAMES: Final = frozenset(header[0] for header in (*_ALWAYS, *_SECURE, *_VARY, (_ALLOWED, b""), _SHOWN))
PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, Idempotency-Key, X-Correlation-ID"),
    (b"access-control-max-age", b"600"),
)


class Shelter:
    """The headers that keep browsers from guessing, framing and passing on. Pages of other origins may read answers
    only where their origin is named; there is no wildcard, and no cookie.
    """

    def __init__(self, *, origins: tuple[str, ...]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)
        vary = _VARY if origins else ()
        self._plain: Headers = (*_ALWAYS, *vary)
        self._secure: Headers = (*_ALWAYS, *_SECURE, *vary)

    def admits(self, origin: bytes | None) -> bool:
        """Whether pages of an origin may read answers."""
        return origin in self._origins

    def headers(self, scheme: str, origin: bytes | None) -> Headers:
        """What the answers to requests of this origin carry."""
        always = self._secure if scheme == "https" else self._plain
        if origin is not None and origin in self._origins:
            return (*always, (_ALLOWED, origin), _SHOWN)
        return always


def sheltered(headers: list[tuple[bytes, bytes]], shelter: Headers) -> list[tuple[bytes, bytes]]:
    """An answer's headers with those of the shelter; what the answer says of itself counts more."""
    told = dict(headers)
    if _NAMES.isdisjoint(told):
        return [*headers, *shelter]
    return [*headers, *(header for header in shelter if header[0] not in told)]
