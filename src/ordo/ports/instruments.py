"""Where the facts of instruments are looked up."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from ordo.domain.instruments import Instrument, InstrumentKey


class InstrumentStore(Protocol):
    """The instruments that are known today. Answers come from memory: no call waits for a disk or a network."""

    @abstractmethod
    def get(self, key: InstrumentKey) -> Instrument | None:
        """The instrument of exactly this key, or `None`."""

    @abstractmethod
    def search(self, text: str, *, limit: int) -> tuple[Instrument, ...]:
        """Instruments whose key begins with the text, or whose key and name hold all of its words; best
        first, at most `limit`.
        """
