"""Removing what nobody needs any more, in small bites."""

from __future__ import annotations

from contextlib import suppress

from ordo.domain.errors import Unavailable
from ordo.ports.clock import Clock
from ordo.ports.idempotency import IdempotencyStore

_EVERY_SECONDS = 3600.0
_BATCH = 500


class Housekeeping:
    """Purges expired idempotency records. A store that does not serve is asked again at the next turn."""

    def __init__(self, store: IdempotencyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def tidy(self) -> int:
        """Delete all that is expired, a batch at a time, and return how many records that were."""
        total = 0
        while deleted := await self._store.purge(now=self._clock.now(), limit=_BATCH):
            total += deleted
        return total

    async def keep_tidy(self) -> None:
        """Tidy now and every hour, for as long as the gateway runs."""
        while True:
            with suppress(Unavailable):
                await self.tidy()
            await self._clock.sleep(_EVERY_SECONDS)
