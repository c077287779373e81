"""An append-only sequence of entries that several processes may extend: the paper broker's memory."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: its place in the sequence, counted from 1 without gaps, and its text."""

    seq: int
    text: str


class Journal(Protocol):
    """One sequence a stream name. Failure: `Unavailable` (`STORE_UNAVAILABLE`), and then nothing was written."""

    @abstractmethod
    async def read(self, stream: str, *, after: int) -> tuple[Entry, ...]:
        """All entries behind a place, in order. What an `append` that returned has written is seen by every
        later `read`.
        """

    @abstractmethod
    async def append(self, stream: str, entries: tuple[Entry, ...]) -> bool:
        """Add entries that continue the sequence, all or none; durable on return.

        Returns `False`, having written nothing, when another writer has taken the place: read on, decide
        anew, append again. Raises `ValueError`, a mistake of the caller, for entries that leave a gap.
        """

    @abstractmethod
    async def checkpoint(self, stream: str) -> Entry | None:
        """The latest checkpoint: the folded state as of the entry of that number, so that a start need not
        read everything.
        """

    @abstractmethod
    async def save_checkpoint(self, stream: str, checkpoint: Entry) -> None:
        """Keep a checkpoint in place of an older one; one that is not newer is ignored. Entries up to it may
        be read no more.
        """
