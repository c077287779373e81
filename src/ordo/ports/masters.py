"""Where a broker publishes what it lists."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator
from typing import Protocol

from ordo.domain.instruments import Venue
from ordo.domain.master_rows import MasterBatch


class MasterSource(Protocol):
    """The instrument master of one broker.

    It is read as it comes: memory does not grow with the file, and the event loop is free between batches. Nothing here
    decides whether a master is good enough: it only says what can't be read.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The broker that uses these references, such as `fyers`."""

    @property
    @abstractmethod
    def venues(self) -> frozenset[Venue]:
        """Where this master should list something; a master without them has lost a part."""

    @abstractmethod
    def rows(self) -> AsyncGenerator[MasterBatch, None]:
        """Read the whole master once, from its beginning.

        Raises `Unavailable` when it can't be reached, and `MasterRefused` when what came is no such master: HTML,
        another number of columns, a file that ends too early, or is too large. Rows that were given before an error are
        not to be used.
        """
