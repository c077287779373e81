"""How many calls a broker takes in a stretch of time, and who goes first when there are too many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ordo.domain.errors import ErrorCode, Invalid

SLOWED_SECONDS = 60.0
"""How long the pace is halved after the broker has asked for fewer calls."""

_SECOND = 1.0


class Lane(StrEnum):
    """What a call is for, the most urgent first. `URGENT`: cancellations, and orders that only close positions.
    `READ` has a share of its own.
    """

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

    def ceiling(self, lane: Lane, *, slowed: bool) -> int:
        """The most calls that may stand in the window after one more of this lane; at least 1."""
        limit = max(1, self.limit // 2) if slowed else self.limit
        reserved = limit // 4 if self.seconds <= _SECOND else limit // 10
        if lane is Lane.NEW:
            return limit - reserved
        return limit - reserved // 2 if lane is Lane.MODIFY else limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What a broker's account may be asked, in several windows at once; none means any number.

    Orders (every write) and reads are counted apart, so that neither takes the other's share. `strikes`: after so many
    refusals for pace in one Indian day, new orders and modifications stop until midnight; `None` where the broker does
    not count them.
    """

    orders: tuple[Window, ...] = ()
    reads: tuple[Window, ...] = ()
    strikes: int | None = None

    def windows(self, lane: Lane) -> tuple[Window, ...]:
        """Those that a call of this lane must fit into."""
        return self.reads if lane is Lane.READ else self.orders

    @property
    def longest(self) -> float:
        """Seconds after which a call no longer counts anywhere."""
        return max((window.seconds for window in (*self.orders, *self.reads)), default=0.0)


UNLIMITED = Pace()
"""Any number of calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetStanding:
    """How far an account's budget is used: calls in the last second, and those in the last minute. `slowed_for` is in
    seconds, 0 when the pace is not halved; `strikes` are the day's refusals for pace.
    """

    orders_last_second: int
    orders_last_minute: int
    reads_last_second: int
    reads_last_minute: int
    slowed_for: float
    strikes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Whether a call may go now: `wait` is 0, or the seconds after which it may be asked again; `stopped` where only
    the next Indian day brings it back.
    """

    wait: float = 0.0
    stopped: bool = False

    @property
    def free(self) -> bool:
        """Whether the call may be made."""
        return not self.stopped and self.wait <= 0


def struck(strikes: int, last: datetime | None, now: datetime) -> int:
    """The day's strikes after one more refusal. Refusals within a minute of the last one counted are the same."""
    return strikes if last is not None and 0 <= (now - last).total_seconds() < SLOWED_SECONDS else strikes + 1
