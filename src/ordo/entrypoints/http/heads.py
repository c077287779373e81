"""The headers of a request, read once for all who ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from litestar.types import Scope

_STATE: Final = "heads"


class Heads:
    """The headers of one request, by their names in lower case."""

    __slots__ = ("_last", "_several")

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        given = tuple(headers)
        self._last = dict(given)
        self._several: frozenset[bytes] = frozenset()
        if len(self._last) != len(given):
            self._several = frozenset(name for name, times in Counter(name for name, _ in given).items() if times > 1)

    def last(self, name: bytes) -> bytes | None:
        """The value of a header; of several, the last."""
        return self._last.get(name)

    def only(self, name: bytes) -> bytes | None:
        """The value of a header that was given exactly once."""
        return None if name in self._several else self._last.get(name)

    def is_several(self, name: bytes) -> bool:
        """Whether a header was given more than once."""
        return name in self._several


def note(scope: Scope, heads: Heads) -> None:
    """Keep them for `heads_of`."""
    scope["state"][_STATE] = heads


def heads_of(scope: Scope) -> Heads:
    """The headers of a request that came through `Front`."""
    heads: Heads = scope["state"][_STATE]
    return heads
