"""Makes order ids: the tags that brokers carry and that lost orders are found by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SLOTS = 1000


class OrderIds:
    """15 decimal digits, the first not 0: milliseconds since 2015 (12 digits until 2046), then a slot of
    three.

    Rising within one process even when the clock steps back. Two processes may meet in one slot; the unique
    index of the idempotency store then makes one of them ask again, before anything is sent.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._last = 0

    def next(self, now: datetime) -> str:
        fresh = (now - _EPOCH) // _MILLISECOND * _SLOTS + int(self._random.random() * _SLOTS)
        self._last = max(self._last + 1, fresh)
        return str(self._last)
