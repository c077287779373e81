"""Where the market's hours come from."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from ordo.domain.market_hours import MarketHours


class MarketCalendar(Protocol):
    """The hours of the venues as they are known now: what Ordo ships, and an operator's word above it.

    `hours` and `problem` answer from memory; `refresh` alone looks for a new word, which may read a small file. A word
    is taken as a whole or not at all. One that can't be used, or that has disappeared, leaves the last good one in
    force and is told by `problem`. Nothing here raises. Whoever holds an earlier `hours` keeps a consistent one.
    """

    @property
    @abstractmethod
    def hours(self) -> MarketHours:
        """The hours in force."""

    @property
    @abstractmethod
    def problem(self) -> str | None:
        """Why the operator's latest word is not in force, for people; `None` while all is well."""

    @abstractmethod
    def refresh(self) -> bool:
        """Take in what the operator has said since; whether the hours are now others. Cheap when nothing is new."""
