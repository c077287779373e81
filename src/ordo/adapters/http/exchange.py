"""What is said over HTTP, and how saying it can fail.

HttpFailure
 ├── NeverSent    no byte of the request left this machine
 └── ReplyLost    some of it may have left, and no whole answer came back
      └── ReplyTimedOut
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request, complete: nothing is added to it but `Host` and `Content-Length`. Its representation shows neither
    headers, nor body, nor the query: any of them may carry a token. `secrets` are the texts in it that must not be
    shown, not even where the answer repeats them.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def place(self) -> str:
        """The URL without its query: what may be shown."""
        return self.url.partition("?")[0].partition("#")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """A whole answer. Names of headers are in lower case; of several equal ones the last counts."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class HttpFailure(Exception):
    """There is no whole answer. `reason` says why in plain words, without the URL."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NeverSent(HttpFailure):
    """It is certain that no byte of the request left."""


class ReplyLost(HttpFailure):
    """The request may have been received and acted upon."""


class ReplyTimedOut(ReplyLost):
    """As `ReplyLost`, because no whole answer came in time."""
