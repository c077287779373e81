"""Journals for as long as this process runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from ordo.ports.journal import Entry, Journal


@dataclass(slots=True)
class _Stream:
    entries: list[Entry] = field(default_factory=list)
    checkpoint: Entry | None = None


class MemoryJournal(Journal):
    """For one event loop. A new checkpoint drops the entries up to the one before it, so that a reader who is behind
    by less than two still finds its place, and any other sees the gap.
    """

    def __init__(self) -> None:
        self._streams: dict[str, _Stream] = {}

    async def read(self, stream: str, *, after: int) -> tuple[Entry, ...]:
        kept = self._stream(stream).entries
        if not kept:
            return ()
        return tuple(kept[max(0, after - kept[0].seq + 1) :])

    async def append(self, stream: str, entries: tuple[Entry, ...]) -> bool:
        if not entries:
            return True
        if [entry.seq - entries[0].seq for entry in entries] != list(range(len(entries))):
            raise ValueError(f"entries for {stream} must be numbered without gaps")
        kept = self._stream(stream).entries
        following = kept[-1].seq + 1 if kept else 1
        if entries[0].seq < following:
            return False
        if entries[0].seq > following:
            raise ValueError(f"{stream} continues with entry {following}, not {entries[0].seq}")
        kept.extend(entries)
        return True

    async def checkpoint(self, stream: str) -> Entry | None:
        return self._stream(stream).checkpoint

    async def save_checkpoint(self, stream: str, checkpoint: Entry) -> None:
        held = self._stream(stream)
        if held.checkpoint is not None:
            if checkpoint.seq <= held.checkpoint.seq:
                return
            past = held.checkpoint.seq
            held.entries = [entry for entry in held.entries if entry.seq > past]
        held.checkpoint = checkpoint

    def _stream(self, name: str) -> _Stream:
        return self._streams.setdefault(name, _Stream())
