"""What is kept sealed, and under which master keys."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Protocol


class SealedRows(Protocol):
    """The sealed rows of a store, whatever they hold. Keys are told apart by their ids, which tell nothing about them.

    Failure: `Unavailable` (`STORE_UNAVAILABLE`). Concurrency: a row that somebody replaces meanwhile stays as they
    wrote it.
    """

    @abstractmethod
    def key_ids(self) -> tuple[str, ...]:
        """The keys at hand; the first seals."""

    @abstractmethod
    async def in_use(self) -> Mapping[str, int]:
        """How many rows each key has sealed, those that are not at hand included."""

    @abstractmethod
    async def reseal(self, *, limit: int) -> int:
        """Seal at most so many rows anew with the first key, of those that another key at hand has sealed; how many
        that were.
        """

    @abstractmethod
    async def forget(self) -> int:
        """Delete what no key at hand opens; how many rows that were."""
