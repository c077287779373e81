"""How many calls a broker takes in a stretch of time, and who goes first when there are too many."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ordo.domain.errors import ErrorCode, Invalid

SLOWED_SECONDS = 60.0
"""How long the pace is halved after the broker has asked for fewer calls."""

UNANSWERED_SECONDS = 10.0
"""For how long a call that has no answer yet may still reach its broker: more than a first byte may take to leave."""

_SECOND = 1.0
_SECOND_US = 1_000_000
_DAY_OF_READS = (8, 10)
_DAY_OF_ORDERS = (98, 100)


class Lane(StrEnum):
    """What a call is for, the most urgent first. `URGENT`: cancellations, and orders that only close positions."""

    URGENT = "URGENT"
    MODIFY = "MODIFY"
    NEW = "NEW"
    READ = "READ"

    @property
    def rank(self) -> int:
        """0 for the lane that goes first."""
        return _RANKS[self]


_RANKS = {lane: rank for rank, lane in enumerate(Lane)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """At most `limit` calls in any stretch of so many seconds.

    A part is reserved for what is urgent: a quarter of a window of a second, a tenth of a longer one (domain facts
    6.2). Modifications may use half of that part.
    """

    seconds: float
    limit: int

    def __post_init__(self) -> None:
        if self.seconds <= 0 or self.limit < 1:
            raise Invalid.field(
                "window", "needs a length above 0 and a limit of 1 or more", seen=self, code=ErrorCode.VALIDATION_ERROR
            )

    @classmethod
    def of_rate(cls, per_second: float) -> Window:
        """So many a second, of which one may be a part: 0.5 is one call in two seconds."""
        if per_second >= 1:
            return cls(seconds=_SECOND, limit=int(per_second))
        return cls(seconds=_SECOND / per_second, limit=1)

    def room(self, lane: Lane) -> Room:
        """What of it a lane may use."""
        return Room(
            span_us=round(self.seconds * _SECOND_US),
            most=self._ceiling(lane, self.limit),
            most_slowed=self._ceiling(lane, max(1, self.limit // 2)),
        )

    def _ceiling(self, lane: Lane, limit: int) -> int:
        """The most calls that may stand in the window after one more of this lane; at least 1."""
        reserved = limit // 4 if self.seconds <= _SECOND else limit // 10
        if lane is Lane.URGENT:
            return limit
        return limit - (reserved // 2 if lane is Lane.MODIFY else reserved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a window has for the calls of one lane: `most` may stand in any `span_us` microseconds after one more of
    them, and `most_slowed` while the pace is halved; both are at least 1.
    """

    span_us: int
    most: int
    most_slowed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a pace leaves to the calls of one lane, worked out once. `own` is the room in the windows in which only
    calls of its kind count, `pool` in those of all kinds. `is_counted`: its calls have to be counted at all. None of
    them is made after `day_ends_at` calls of a day, or after `strikes_that_stop` strikes; `None`: that is never so.
    """

    own: tuple[Room, ...]
    pool: tuple[Room, ...]
    is_counted: bool
    day_ends_at: int | None
    strikes_that_stop: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What a broker's account may be asked, in several windows at once; none means any number.

    Orders (every write) and reads each have windows of their own, and both count in those of the `pool`, where a broker
    counts them together: what one may take at most is what the other can't be kept from.

    `daily`: calls of any kind in one Indian day. Reads end at four fifths of it, new orders and modifications just
    before it; what is urgent is never kept back. `strikes`: after so many refusals for pace in one Indian day, new
    orders and modifications stop until midnight. Both are `None` where the broker does not count them.
    """

    orders: tuple[Window, ...] = ()
    reads: tuple[Window, ...] = ()
    pool: tuple[Window, ...] = ()
    daily: int | None = None
    strikes: int | None = None
    _shares: dict[Lane, Share] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._shares.update({lane: self._share(lane) for lane in Lane})

    def of(self, lane: Lane) -> Share:
        """What it leaves to the calls of one lane."""
        return self._shares[lane]

    def _share(self, lane: Lane) -> Share:
        # Nothing is reserved in the windows of reads alone.
        kind, own = (Lane.URGENT, self.reads) if lane is Lane.READ else (lane, self.orders)
        part, whole = _DAY_OF_READS if lane is Lane.READ else _DAY_OF_ORDERS
        return Share(
            own=tuple(window.room(kind) for window in own),
            pool=tuple(window.room(lane) for window in self.pool),
            is_counted=bool(own or self.pool) or self.daily is not None,
            day_ends_at=None if self.daily is None or lane is Lane.URGENT else self.daily * part // whole,
            strikes_that_stop=self.strikes if lane in (Lane.MODIFY, Lane.NEW) else None,
        )

    @property
    def longest(self) -> float:
        """Seconds after which a call no longer counts anywhere."""
        return max((window.seconds for window in (*self.orders, *self.reads, *self.pool)), default=0.0)


UNLIMITED = Pace()
"""Any number of calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetStanding:
    """How far an account's budget is used: calls under way or answered in the last second, and in the last minute.
    `slowed_for` is in seconds, 0 when the pace is not halved; `strikes` are the day's refusals for pace.
    """

    orders_last_second: int
    orders_last_minute: int
    reads_last_second: int
    reads_last_minute: int
    slowed_for: float
    strikes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Whether a call may go now: `wait` is 0, or the seconds after which it may be asked again. Where only the next
    Indian day brings it back it is `stopped`, by the broker's refusals, or `spent`, by the number of the day's calls.
    `number` is what the budget knows the call by, 0 where it is not counted.
    """

    wait: float = 0.0
    stopped: bool = False
    spent: bool = False
    number: int = 0

    @property
    def free(self) -> bool:
        """Whether the call may be made."""
        return self.wait <= 0 and not self.stopped and not self.spent

    @property
    def is_over(self) -> bool:
        """Whether there is no place before the next Indian day."""
        return self.stopped or self.spent


FREE = Slot()
STOPPED = Slot(stopped=True)
SPENT = Slot(spent=True)


def struck(strikes: int, last: datetime | None, now: datetime) -> int:
    """The day's strikes after one more refusal. Refusals within a minute of the last one counted are the same."""
    return strikes if last is not None and 0 <= (now - last).total_seconds() < SLOWED_SECONDS else strikes + 1
