"""Rows under the ids of keys: what is kept in memory needs no seal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ordo.ports.sealed import SealedRows


class MemorySealedRows(SealedRows):
    """`rows` are names, each with the id of the key that sealed it."""

    def __init__(self, key_ids: tuple[str, ...], rows: dict[str, str]) -> None:
        self._key_ids = key_ids
        self.rows = rows

    def key_ids(self) -> tuple[str, ...]:
        return self._key_ids

    async def in_use(self) -> Mapping[str, int]:
        return Counter(self.rows.values())

    async def reseal(self, *, limit: int) -> int:
        due = [row for row, key_id in self.rows.items() if key_id in self._key_ids[1:]][:limit]
        self.rows.update(dict.fromkeys(due, self._key_ids[0]))
        return len(due)

    async def forget(self) -> int:
        lost = [row for row, key_id in self.rows.items() if key_id not in self._key_ids]
        for row in lost:
            del self.rows[row]
        return len(lost)
