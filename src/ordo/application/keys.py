"""Changing the master key while gateways run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from ordo.application.context import Context
from ordo.application.trail import Trail
from ordo.domain.audit import AuditKind
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.ports.clock import Clock
from ordo.ports.sealed import SealedRows

_BATCH = 100
_EVERY_SECONDS = 3600.0

Progress = Callable[[int, int], None]
"""Is told how many rows are done, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What was sealed anew, and how things stand: `rows` of each key id, `retired` the keys that no row needs."""

    resealed: int
    sealing: str
    rows: Mapping[str, int]
    retired: tuple[str, ...]


def _silent(*_: int) -> None:
    """Nobody looks."""


class KeyService:
    """The master keys, by their ids."""

    def __init__(self, rows: SealedRows, clock: Clock, trail: Trail) -> None:
        self._rows = rows
        self._clock = clock
        self._trail = trail

    async def require(self) -> None:
        """Raise `Unavailable` (`STORE_UNAVAILABLE`) where a row is sealed by a key that is not at hand."""
        missing = {key: rows for key, rows in (await self._rows.in_use()).items() if key not in self._rows.key_ids()}
        if missing:
            told = ", ".join(f"{key} ({rows} sealed)" for key, rows in sorted(missing.items()))
            raise Unavailable(
                ErrorCode.STORE_UNAVAILABLE,
                "Broker sessions in the database are sealed by master keys that are not among ORDO_MASTER_KEYS:"
                f" {told}. Nothing was started and nothing is lost: put the key back. If it is lost, `ordo keys rotate"
                " --forget-lost` removes those sessions, and the accounts log in again.",
            )

    async def rotate(
        self, *, forget_lost: bool = False, context: Context | None = None, progress: Progress = _silent
    ) -> Rotation:
        """Seal everything with the first key, a few rows at a time, while others work; rows that no key opens stay,
        unless they are to be forgotten. `progress` is told after each few.
        """
        resealed, due = 0, await self._due()
        while done := await self._rows.reseal(limit=_BATCH):
            resealed += done
            progress(resealed, max(due, resealed))
        forgotten = await self._rows.forget() if forget_lost else 0
        rows = dict(await self._rows.in_use())
        sealing, *others = self._rows.key_ids()
        retired = tuple(key for key in others if key not in rows)
        if resealed or forgotten:
            facts = {"sealing": sealing, "resealed": str(resealed), "forgotten": str(forgotten)}
            self._trail.write(AuditKind.KEYS_ROTATED, context or Context(), facts=facts)
        return Rotation(resealed=resealed, sealing=sealing, rows=rows, retired=retired)

    async def _due(self) -> int:
        """How many rows another key at hand has sealed."""
        others = self._rows.key_ids()[1:]
        return sum(rows for key, rows in (await self._rows.in_use()).items() if key in others)

    async def keep_sealed(self) -> None:
        """Rotate now and every hour, for as long as the gateway runs."""
        while True:
            with suppress(Unavailable):
                await self.rotate()
            await self._clock.sleep(_EVERY_SECONDS)
