"""How far every unknown intent was looked for by this gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

from ordo.domain.idempotency import Intent
from ordo.ports.clock import Clock

T = TypeVar("T")
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Seconds between looks, the last of them again and again."""
_SLICE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """When a read was asked for: in seconds of the monotonic clock, and its turn in the order of what happens here."""

    at: float
    turn: int


@dataclass(slots=True, kw_only=True)
class Search:
    """How far one intent was looked for. `since`, in seconds of the monotonic clock, the first read was asked for;
    `reads` have not shown the intent's effect where they must. Before `due`, the watch does not look again.
    """

    counted: int
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    since: float | None = None
    reads: int = 0
    due: float = 0.0
    tries: int = 0

    def begun(self, asking: Asking) -> None:
        """The search begins with this read at the latest."""
        if self.since is None:
            self.since = asking.at

    def put_off(self, now: float) -> None:
        """The next look is due later than after the last, up to a minute."""
        self.due = now + PAUSES[min(self.tries, len(PAUSES) - 1)]
        self.tries += 1


class Searches:
    """The searches by intent, and the open intents on which this gateway is known to work no more."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turns = count()
        self._searches: dict[str, Search] = {}
        self._abandoned: set[str] = set()

    def of(self, intent: Intent) -> Search:
        """The search for an intent, which begins where there was none."""
        name = _name(intent)
        search = self._searches.get(name)
        if search is None:
            search = self._searches[name] = Search(counted=next(self._turns))
        return search

    def asking(self) -> Asking:
        """What tells of a read that is asked for now."""
        return Asking(at=self._clock.monotonic(), turn=next(self._turns))

    def count(self, search: Search, asking: Asking) -> None:
        """Count a read for a search; but once, however many hold it against the intent, and not where it was asked for
        before the search began or another that counts has ended.
        """
        if asking.turn > search.counted:
            search.reads += 1
            search.counted = next(self._turns)

    def abandon(self, intent: Intent) -> None:
        self._abandoned.add(_name(intent))

    def is_abandoned(self, intent: Intent) -> bool:
        return _name(intent) in self._abandoned

    def forget(self, intent: Intent) -> None:
        """The search has come to its end."""
        self._end(_name(intent))

    def names(self) -> tuple[str, ...]:
        """All searches that there are now, for `keep`."""
        return tuple(self._searches)

    def keep(self, intents: Collection[Intent], *, of: Iterable[str]) -> None:
        """Forget the others of these searches: somebody else has settled them."""
        kept = set(map(_name, intents))
        for name in of:
            search = self._searches.get(name)
            if name not in kept and search is not None and not search.lock.locked():
                self._end(name)

    def _end(self, name: str) -> None:
        self._searches.pop(name, None)
        self._abandoned.discard(name)


async def unhurried(items: Iterable[T]) -> AsyncIterator[T]:
    """The items, of which each costs some microseconds; others have their turn between them."""
    for number, item in enumerate(items):
        if number % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
        yield item


def _name(intent: Intent) -> str:
    """A key serves again once its order is proven absent, and what was seen of that says nothing of the next."""
    return f"{intent.order_id} {intent.key}"
