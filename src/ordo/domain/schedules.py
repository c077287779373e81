"""All that is known of when a group of instruments trades: what is shipped, amended by an operator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, TypeVar

from ordo.domain.instruments import Kind, Venue
from ordo.domain.timetables import AfterMarket, OrderRule, Phase, Source, SpecialDay, SquareOff, Timetable, fault


class _Dated(Protocol):
    @property
    def effective_from(self) -> date: ...


D = TypeVar("D", bound=_Dated)


def in_force(items: Iterable[D], day: date) -> D | None:
    """The latest of dated items that has come into effect by a day."""
    return max(
        (item for item in items if item.effective_from <= day), key=lambda item: item.effective_from, default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """All that is known of when one group of instruments trades; or a part of it, with which to amend another.

    `years` are those whose list of special days is complete, and where it stands. Outside of them nothing is known.
    """

    timetables: tuple[Timetable, ...] = ()
    square_offs: tuple[SquareOff, ...] = ()
    after_market: tuple[AfterMarket, ...] = ()
    orders: tuple[OrderRule, ...] = ()
    years: Mapping[int, Source] = field(default_factory=dict)
    days: Mapping[date, SpecialDay] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, keys in (
            ("timetables", [_from(item) for item in self.timetables]),
            ("square_off", [_from(item) for item in self.square_offs]),
            ("after_market", [_from(item) for item in self.after_market]),
            ("orders", [_phase_from(item) for item in self.orders]),
        ):
            if len(set(keys)) < len(keys):
                raise fault(name, "may say a thing once for each date", ", ".join(str(key) for key in keys))

    def amended(self, by: Schedule) -> Schedule:
        """This schedule with another's word put in place of its own wherever both speak of the same day, year, date
        of effect, or phase and date of effect.
        """
        return Schedule(
            timetables=_merged(self.timetables, by.timetables, _from),
            square_offs=_merged(self.square_offs, by.square_offs, _from),
            after_market=_merged(self.after_market, by.after_market, _from),
            orders=_merged(self.orders, by.orders, _phase_from),
            years={**self.years, **by.years},
            days={**self.days, **by.days},
        )

    def rule(self, phase: Phase, day: date) -> OrderRule | None:
        """Which orders a phase takes on a day; `None` for one that takes none."""
        return in_force((rule for rule in self.orders if rule.phase is phase), day)


def _from(item: _Dated) -> date:
    return item.effective_from


def _phase_from(item: OrderRule) -> tuple[Phase, date]:
    return item.phase, item.effective_from


def _merged(below: tuple[D, ...], above: tuple[D, ...], key: Callable[[D], object]) -> tuple[D, ...]:
    return tuple({key(item): item for item in (*below, *above)}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionGroup:
    """Instruments that always trade at the same hours, and which ones they are.

    No `kinds` or `roots` means all; `None` for `cas_eligible` or `in_pre_open` means both. `next_month_days` is in how
    many trading days, the expiry day the last of them, the next month's future joins the pre-open session.
    """

    name: str
    venues: frozenset[Venue]
    schedule: Schedule
    source: Source
    kinds: frozenset[Kind] = frozenset()
    roots: frozenset[str] = frozenset()
    cas_eligible: bool | None = None
    in_pre_open: bool | None = None
    next_month_days: int = 0

    def __post_init__(self) -> None:
        schedule = self.schedule
        first = min((table.effective_from for table in schedule.timetables), default=None)
        if first is None:
            raise fault(self.name, "needs a timetable", None)
        if in_force(schedule.square_offs, first) is None or in_force(schedule.after_market, first) is None:
            raise fault(self.name, "needs a square-off time and after-market hours from its first timetable on", first)
        used = [(table.effective_from, table.phases) for table in schedule.timetables]
        used += [(day, frozenset(step.phase for step in special.steps)) for day, special in schedule.days.items()]
        for day, phases in used:
            for phase in sorted(phases):
                if phase.takes_orders and schedule.rule(phase, day) is None:
                    raise fault(self.name, f"needs to say which orders {phase} takes", day)
