"""The hours of the venues as data: the phases of a day, timetables by date, and days unlike the others.

No market's hours are written down here. They are a calendar's data, each with its source, because they change with
weeks' or days' notice (domain facts, section 5). All times are Indian, naive, and on the date that they belong to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, time
from enum import StrEnum
from itertools import pairwise

from ordo.domain.errors import ErrorCode, FieldFault, Invalid
from ordo.domain.orders import OrderTerms, OrderType, Validity


class Phase(StrEnum):
    """What a venue does with an instrument at some time of the day. `PAUSE` lies between two phases of one session:
    nothing is taken, nothing matched.
    """

    CLOSED = "CLOSED"
    PRE_OPEN_ENTRY = "PRE_OPEN_ENTRY"
    PRE_OPEN_LIMIT_ONLY = "PRE_OPEN_LIMIT_ONLY"
    PRE_OPEN_MATCH = "PRE_OPEN_MATCH"
    CONTINUOUS = "CONTINUOUS"
    CLOSING_AUCTION_REFERENCE = "CLOSING_AUCTION_REFERENCE"
    CLOSING_AUCTION_ENTRY = "CLOSING_AUCTION_ENTRY"
    CLOSING_AUCTION_LIMIT_ONLY = "CLOSING_AUCTION_LIMIT_ONLY"
    CLOSING_AUCTION_MATCH = "CLOSING_AUCTION_MATCH"
    POST_CLOSE = "POST_CLOSE"
    PAUSE = "PAUSE"

    @property
    def takes_orders(self) -> bool:
        """Whether any new order is taken; which ones, an `OrderRule` says."""
        return self in _TAKES_ORDERS


_TAKES_ORDERS = frozenset(
    {
        Phase.PRE_OPEN_ENTRY,
        Phase.PRE_OPEN_LIMIT_ONLY,
        Phase.CONTINUOUS,
        Phase.CLOSING_AUCTION_ENTRY,
        Phase.CLOSING_AUCTION_LIMIT_ONLY,
        Phase.POST_CLOSE,
    }
)


class Confidence(StrEnum):
    """How well a datum is known: A read in an official text, B an official circular through a summary, C a third
    party, D not looked up, R a choice of Ordo's own and no fact.
    """

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    R = "R"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a datum comes from, in words with which a person finds it again, and how well it is known."""

    text: str
    confidence: Confidence

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise fault("source", "must say where the datum comes from", self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A phase begins. `may_end_from`: from this time on the venue ends it at a moment of its own choice."""

    at: time
    phase: Phase
    may_end_from: time | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is not None or (self.may_end_from is not None and self.may_end_from.tzinfo is not None):
            raise fault("phases", "have Indian times, without a zone", self.at)
        if self.may_end_from is not None and self.may_end_from <= self.at:
            raise fault("may_end_from", "must lie within the phase", self.may_end_from)


def _check_steps(steps: tuple[Step, ...]) -> None:
    if not any(step.phase is Phase.CONTINUOUS for step in steps):
        raise fault("phases", "must have continuous trading", len(steps))
    if steps[0].phase is Phase.CLOSED or steps[-1].phase is not Phase.CLOSED:
        raise fault("phases", "must begin with an open phase and end with CLOSED", steps[0].phase)
    for step, following in pairwise(steps):
        if (step.may_end_from or step.at) >= following.at:
            raise fault("phases", "must be in order of time, each with a time of its own", following.at)
        if step.phase is following.phase:
            raise fault("phases", "must change from one step to the next", following.phase)
    if steps[-1].may_end_from is not None:
        raise fault("may_end_from", "does not go with the last CLOSED", steps[-1].may_end_from)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """An ordinary day from a date on: closed until the first step, then each phase until the next one's time.

    `us_winter_steps` hold instead while the United States are on winter time, where that matters; else empty.
    """

    effective_from: date
    steps: tuple[Step, ...]
    source: Source
    us_winter_steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        _check_steps(self.steps)
        if self.us_winter_steps:
            _check_steps(self.us_winter_steps)

    @property
    def phases(self) -> frozenset[Phase]:
        """Every phase that occurs."""
        return frozenset(step.phase for step in (*self.steps, *self.us_winter_steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class SquareOff:
    """From a date on, when brokers close intraday positions: minutes before continuous trading ends."""

    effective_from: date
    minutes_before_close: int
    source: Source

    def __post_init__(self) -> None:
        if self.minutes_before_close < 0:
            raise fault("minutes_before_close", "can't be negative", self.minutes_before_close)


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterMarket:
    """From a date on, when after-market orders are taken: from so many minutes after the day's last phase, through
    all days without trading, until so many minutes before continuous trading begins.
    """

    effective_from: date
    minutes_after_close: int
    minutes_before_open: int
    source: Source

    def __post_init__(self) -> None:
        if self.minutes_after_close < 0 or self.minutes_before_open < 0:
            raise fault("after_market", "has no negative minutes", self.effective_from)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRule:
    """From a date on, which new orders a phase takes."""

    phase: Phase
    effective_from: date
    order_types: frozenset[OrderType]
    validities: frozenset[Validity]
    disclosed_quantity: bool
    source: Source

    def __post_init__(self) -> None:
        if not self.phase.takes_orders or not self.order_types or not self.validities:
            raise fault("orders", "belong to a phase that takes some", self.phase)

    def objection(self, terms: OrderTerms) -> FieldFault | None:
        """The first of an order's terms that does not go with the phase, and what would."""
        for name, value, taken in (
            ("order_type", terms.order_type, self.order_types),
            ("validity", terms.validity, self.validities),
        ):
            if value not in taken:
                return FieldFault(field=name, message=f"must be {' or '.join(sorted(taken))} now", seen=str(value))
        if terms.disclosed_quantity is not None and not self.disclosed_quantity:
            return FieldFault(
                field="disclosed_quantity", message="must be left out now", seen=str(terms.disclosed_quantity)
            )
        return None


class Opening(StrEnum):
    """Whether a day unlike the others is shut, follows the timetable, has steps of its own, or has a session whose
    hours nobody has told the calendar.
    """

    CLOSED = "closed"
    NORMAL = "normal"
    OWN = "own"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialDay:
    """A holiday or a special session. It stands above the timetable and above the weekend.

    `closed_until` and `closed_from` cut an otherwise normal day. `settles`: money and shares change hands that day.
    """

    name: str
    opening: Opening
    settles: bool
    source: Source
    steps: tuple[Step, ...] = ()
    closed_until: time | None = None
    closed_from: time | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise fault("name", "must say what day it is", self.name)
        if self.steps:
            _check_steps(self.steps)
        if bool(self.steps) is not (self.opening is Opening.OWN):
            raise fault("phases", "belong to a day with hours of its own, and only there", self.opening)
        if self.opening is not Opening.NORMAL and (self.closed_until is not None or self.closed_from is not None):
            raise fault("closed_until", "and closed_from cut a normal day only", self.opening)

    def cut(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """What this day leaves of ordinary steps; nothing when no continuous trading is left."""
        if self.closed_until is not None:
            steps = _after(steps, self.closed_until)
        if self.closed_from is not None:
            steps = _before(steps, self.closed_from)
        return steps if any(step.phase is Phase.CONTINUOUS for step in steps) else ()


def _after(steps: tuple[Step, ...], opens: time) -> tuple[Step, ...]:
    begun = [step for step in steps if step.at <= opens]
    cut = [Step(at=opens, phase=begun[-1].phase)] if begun and begun[-1].phase is not Phase.CLOSED else []
    return (*cut, *(step for step in steps if step.at > opens))


def _before(steps: tuple[Step, ...], closes: time) -> tuple[Step, ...]:
    kept = [step for step in steps if step.at < closes]
    if kept and kept[-1].phase is not Phase.CLOSED:
        return (*kept[:-1], replace(kept[-1], may_end_from=None), Step(at=closes, phase=Phase.CLOSED))
    return tuple(kept)


def fault(name: str, message: str, seen: object) -> Invalid:
    """A datum of the calendar that can't be right."""
    return Invalid.field(name, message, seen=seen, code=ErrorCode.VALIDATION_ERROR)
