"""What carries a request to its host and an answer back, and what it witnesses on the way."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from ordo.adapters.http.exchange import HttpReply, HttpRequest
from ordo.adapters.http.wording import Worded


class BrokenOff(Exception):
    """There is no whole answer. `reason` in plain words, without the URL; whether anything left, the evidence says."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Evidence:
    """How far a request has come. `begun`: a byte of it may have left; `complete`: all of it was given to the system
    for sending. Neither is ever taken back.
    """

    __slots__ = ("begun", "complete")

    def __init__(self) -> None:
        self.begun = False
        self.complete = False

    def begin(self) -> None:
        """To be called before the first byte is given away, never after."""
        self.begun = True

    def end(self) -> None:
        self.complete = True


class Carrier(Protocol):
    """Carries each request once, on a connection on which nothing else is under way, and follows nothing.

    Raises `TimeoutError` where a stage takes too long, or all of them more than `total` seconds; `BrokenOff` or
    `OSError` otherwise. If `sent.begun` is false then, it is certain that no byte of the request left. Cancelling
    closes the connection.
    """

    @abstractmethod
    async def carry(self, request: HttpRequest, worded: Worded, sent: Evidence, total: float) -> HttpReply:
        """The answer, its body as it was sent."""
        ...

    @abstractmethod
    async def aclose(self) -> None:
        """Close all connections. What is called again opens new ones."""
        ...
