"""Where the paper broker's market comes from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from ordo.domain.instruments import InstrumentKey
from ordo.domain.market import Depth


class PriceSource(Protocol):
    """The market that paper orders meet: generated, told by hand, or fed by live quotes. Answers come from
    memory.
    """

    @abstractmethod
    def depth(self, key: InstrumentKey, at: datetime) -> Depth | None:
        """The market as it stands at a moment, or `None` when there is no price: then nothing may trade."""

    @abstractmethod
    def moves(self, key: InstrumentKey, after: datetime, until: datetime) -> Iterator[Depth]:
        """Every change of the market in `(after, until]`, in order of time. Asking twice gives the same."""
