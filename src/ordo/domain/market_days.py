"""One date of one group of instruments, worked out from its schedule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ordo.domain.calendar import IST
from ordo.domain.schedules import SessionGroup, in_force
from ordo.domain.timetables import Opening, Phase, Source, SpecialDay, Step

_DAY = timedelta(days=1)
_SATURDAY, _SUNDAY = 5, 6
_MARCH, _NOVEMBER = 3, 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of one phase, from `start` up to but not including `end`. `may_end_from`: the venue may end it at any
    moment from then on, so an order that arrives later may be too late.
    """

    phase: Phase
    start: datetime
    end: datetime
    may_end_from: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketDay:
    """A date at the market. `spans` cover it from one Indian midnight to the next.

    `name` is the holiday, special session or weekend day, `None` on an ordinary day; `source` is who said so.
    `square_off` is when brokers close intraday positions. After-market orders are taken before `after_market_until`
    and from `after_market_from` on. These three are `None` where there is no trading.
    """

    date: date
    name: str | None
    settles: bool
    source: Source
    spans: tuple[Span, ...]
    square_off: datetime | None = None
    after_market_until: datetime | None = None
    after_market_from: datetime | None = None

    @property
    def is_trading_day(self) -> bool:
        """Whether there is continuous trading at any time of the day."""
        return any(span.phase is Phase.CONTINUOUS for span in self.spans)

    def takes_after_market(self, moment: datetime) -> bool:
        """Whether an after-market order is taken at a moment of this day."""
        if self.after_market_until is None or self.after_market_from is None:
            return True
        return moment < self.after_market_until or moment >= self.after_market_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What is missing in the calendar, so that it can't tell about a date."""

    missing: str


def market_day(group: SessionGroup, on: date) -> MarketDay | Gap:
    """A group's date, or what the calendar would have to know to tell."""
    schedule = group.schedule
    special, year = schedule.days.get(on), schedule.years.get(on.year)
    if special is None:
        if year is None:
            return Gap(missing=f"the holidays of {on.year} for {group.name}")
        if on.weekday() >= _SATURDAY:
            return _closed(on, f"{on:%A}", year)
    elif special.opening is Opening.CLOSED:
        return _closed(on, special.name, special.source)
    elif special.opening is Opening.UNKNOWN:
        return Gap(missing=f"the hours of {group.name} in the session of {on:%d %b %Y} ({special.name})")
    return _timetabled(group, on, special)


def us_winter(day: date) -> bool:
    """Whether the United States are on winter time at the end of a day: from the first Sunday of November until the
    second Sunday of March (domain facts, section 5.1).
    """
    return not _sunday(day.year, _MARCH, 2) <= day < _sunday(day.year, _NOVEMBER, 1)


def _sunday(year: int, month: int, number: int) -> date:
    first = date(year, month, 1)
    return first + _DAY * ((_SUNDAY - first.weekday()) % 7 + 7 * (number - 1))


def _timetabled(group: SessionGroup, on: date, special: SpecialDay | None) -> MarketDay | Gap:
    schedule = group.schedule
    table, square_off = in_force(schedule.timetables, on), in_force(schedule.square_offs, on)
    after_market = in_force(schedule.after_market, on)
    if table is None or square_off is None or after_market is None:
        return Gap(missing=f"a timetable of {group.name} that is in effect on {on:%d %b %Y}")
    steps = table.us_winter_steps if table.us_winter_steps and us_winter(on) else table.steps
    name, settles, source = None, True, table.source
    if special is not None:
        steps = special.steps or special.cut(steps)
        name, settles, source = special.name, special.settles, special.source
        if not steps:
            return _closed(on, name, source)
    spans = _spans(on, steps)
    trading = [span for span in spans if span.phase is Phase.CONTINUOUS]
    first, last = trading[0], trading[-1]
    return MarketDay(
        date=on,
        name=name,
        settles=settles,
        source=source,
        spans=spans,
        square_off=max(last.start, last.end - timedelta(minutes=square_off.minutes_before_close)),
        after_market_until=first.start - timedelta(minutes=after_market.minutes_before_open),
        after_market_from=spans[-1].start + timedelta(minutes=after_market.minutes_after_close),
    )


def _closed(on: date, name: str, source: Source) -> MarketDay:
    return MarketDay(date=on, name=name, settles=False, source=source, spans=_spans(on, ()))


def _spans(on: date, steps: tuple[Step, ...]) -> tuple[Span, ...]:
    midnight = Step(at=time(), phase=Phase.CLOSED)
    begun = steps if steps and steps[0].at == midnight.at else (midnight, *steps)
    starts = [datetime.combine(on, step.at, IST) for step in begun]
    ends = [*starts[1:], starts[0] + _DAY]
    return tuple(
        Span(
            phase=step.phase,
            start=start,
            end=end,
            may_end_from=None if step.may_end_from is None else datetime.combine(on, step.may_end_from, IST),
        )
        for step, start, end in zip(begun, starts, ends, strict=True)
    )
