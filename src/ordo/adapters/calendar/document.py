"""What may stand in a calendar file. The `india.toml` that Ordo ships and an operator's override have the same form."""

from __future__ import annotations

import re
import tomllib
from abc import abstractmethod
from collections.abc import Iterable
from datetime import date, time
from typing import Annotated, Protocol, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, StrictBool, model_validator

from ordo.domain.instruments import Kind, Venue
from ordo.domain.orders import OrderType, Validity
from ordo.domain.schedules import Schedule
from ordo.domain.timetables import (
    AfterMarket,
    Confidence,
    Opening,
    OrderRule,
    Phase,
    Source,
    SpecialDay,
    SquareOff,
    Step,
    Timetable,
)

K = TypeVar("K", int, date)
V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)
_HOUR_AND_MINUTE = re.compile(r"[0-2][0-9]:[0-5][0-9]")


def _time(value: object) -> object:
    # Left to itself, pydantic reads the number 915 as seconds since midnight.
    if isinstance(value, time) or (isinstance(value, str) and _HOUR_AND_MINUTE.fullmatch(value)):
        return value
    raise ValueError('must be an Indian time such as "09:15"')


Time = Annotated[time, BeforeValidator(_time)]
Day = Annotated[date, Strict()]
Count = Annotated[int, Strict(), Field(ge=0, le=600)]
Name = Annotated[str, Field(min_length=1, max_length=64)]


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Sourced(_Block):
    source: str
    confidence: Confidence

    @property
    def said_by(self) -> Source:
        return Source(text=self.source, confidence=self.confidence)


class Group(_Sourced):
    name: Name
    calendar: Name
    venues: frozenset[Venue] = Field(min_length=1)
    kinds: frozenset[Kind] = frozenset()
    roots: frozenset[str] = frozenset()
    cas_eligible: StrictBool | None = None
    in_pre_open: StrictBool | None = None
    next_month_days: Count = 0


class _Applied(_Sourced):
    """Something said of one or more groups, or of all groups of a calendar."""

    applies_to: tuple[Name, ...] = Field(min_length=1)

    @abstractmethod
    def values(self) -> tuple[object, ...]:
        """What the block says, in the domain's words."""

    @model_validator(mode="after")
    def _obeys_the_domain(self) -> Self:
        # Here, so that a broken law is told with its place in the file.
        self.values()
        return self


class _Step(_Block):
    at: Time
    phase: Phase
    may_end_from: Time | None = None


def _steps(blocks: Iterable[_Step]) -> tuple[Step, ...]:
    return tuple(Step(at=block.at, phase=block.phase, may_end_from=block.may_end_from) for block in blocks)


class _Timetable(_Applied):
    effective_from: Day
    phases: tuple[_Step, ...]
    us_winter_phases: tuple[_Step, ...] = ()

    def values(self) -> tuple[Timetable, ...]:
        steps, winter = _steps(self.phases), _steps(self.us_winter_phases)
        return (
            Timetable(effective_from=self.effective_from, steps=steps, us_winter_steps=winter, source=self.said_by),
        )


class _SquareOff(_Applied):
    effective_from: Day
    minutes_before_close: Count

    def values(self) -> tuple[SquareOff, ...]:
        minutes = self.minutes_before_close
        return (SquareOff(effective_from=self.effective_from, minutes_before_close=minutes, source=self.said_by),)


class _AfterMarket(_Applied):
    effective_from: Day
    minutes_after_close: Count
    minutes_before_open: Count

    def values(self) -> tuple[AfterMarket, ...]:
        return (
            AfterMarket(
                effective_from=self.effective_from,
                minutes_after_close=self.minutes_after_close,
                minutes_before_open=self.minutes_before_open,
                source=self.said_by,
            ),
        )


class _Orders(_Applied):
    effective_from: Day
    phases: tuple[Phase, ...] = Field(min_length=1)
    order_types: frozenset[OrderType]
    validities: frozenset[Validity]
    disclosed_quantity: StrictBool

    def values(self) -> tuple[OrderRule, ...]:
        return tuple(
            OrderRule(
                phase=phase,
                effective_from=self.effective_from,
                order_types=self.order_types,
                validities=self.validities,
                disclosed_quantity=self.disclosed_quantity,
                source=self.said_by,
            )
            for phase in self.phases
        )


class _Year(_Applied):
    year: Annotated[int, Strict(), Field(ge=2000, le=2200)]

    def values(self) -> tuple[tuple[int, Source], ...]:
        return ((self.year, self.said_by),)


class _Date(_Block):
    date: Day
    name: Name


class _Days(_Applied):
    dates: tuple[_Date, ...] = Field(min_length=1)
    hours: Opening
    settles: StrictBool
    phases: tuple[_Step, ...] = ()
    closed_until: Time | None = None
    closed_from: Time | None = None

    def values(self) -> tuple[tuple[date, SpecialDay], ...]:
        return tuple(
            (
                each.date,
                SpecialDay(
                    name=each.name,
                    opening=self.hours,
                    settles=self.settles,
                    source=self.said_by,
                    steps=_steps(self.phases),
                    closed_until=self.closed_until,
                    closed_from=self.closed_from,
                ),
            )
            for each in self.dates
        )


class _Says(Protocol[V_co]):
    @property
    def applies_to(self) -> tuple[str, ...]: ...

    def values(self) -> tuple[V_co, ...]: ...


class CalendarDocument(_Block):
    """A whole file. Every block names those that it applies to, by group or by calendar."""

    groups: tuple[Group, ...] = ()
    timetables: tuple[_Timetable, ...] = ()
    square_off: tuple[_SquareOff, ...] = ()
    after_market: tuple[_AfterMarket, ...] = ()
    orders: tuple[_Orders, ...] = ()
    years: tuple[_Year, ...] = ()
    days: tuple[_Days, ...] = ()

    @model_validator(mode="after")
    def _says_each_thing_once(self) -> Self:
        for name in self.names:
            self.part(name)
        names = [group.name for group in self.groups]
        if len(set(names)) < len(names):
            raise ValueError("groups: each has a name of its own")
        return self

    @property
    def names(self) -> set[str]:
        """Every name that something is said of."""
        blocks = (*self.timetables, *self.square_off, *self.after_market, *self.orders, *self.years, *self.days)
        return {name for block in blocks for name in block.applies_to}

    def part(self, name: str) -> Schedule:
        """What is said of one group or calendar."""
        return Schedule(
            timetables=_said(self.timetables, name),
            square_offs=_said(self.square_off, name),
            after_market=_said(self.after_market, name),
            orders=_said(self.orders, name),
            years=_once("years", name, _said(self.years, name)),
            days=_once("days", name, _said(self.days, name)),
        )


def _said(blocks: Iterable[_Says[V]], name: str) -> tuple[V, ...]:
    return tuple(value for block in blocks if name in block.applies_to for value in block.values())


def _once(what: str, name: str, pairs: tuple[tuple[K, V], ...]) -> dict[K, V]:
    said: dict[K, V] = {}
    for key, value in pairs:
        if key in said:
            raise ValueError(f"{what}: {key} is there twice for {name}")
        said[key] = value
    return said


def read_document(text: str) -> CalendarDocument:
    """Read a file's text; a `ValueError` names the place that is wrong, or the line that is no TOML."""
    return CalendarDocument.model_validate(tomllib.loads(text))
