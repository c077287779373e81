"""A small market with invented hours, its instruments, and schedules of every shape for Hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from hypothesis import strategies as st

from ordo.domain.calendar import IST
from ordo.domain.instruments import Kind, Venue
from ordo.domain.market_hours import MarketHours, Traded
from ordo.domain.orders import OrderType, Validity
from ordo.domain.schedules import Schedule, SessionGroup
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

INVENTED = Source(text="invented for the tests", confidence=Confidence.R)
SINCE = date(2026, 1, 1)
FILL_IN = "the hands of the tester"

SHARE = Traded(venue=Venue.NSE, root="SBIN", kind=Kind.EQUITY, cas_eligible=True, in_pre_open=True)
SMALL_SHARE = Traded(venue=Venue.NSE, root="TINY", kind=Kind.EQUITY, cas_eligible=False, in_pre_open=True)
FUTURE = Traded(venue=Venue.NFO, root="NIFTY", kind=Kind.FUTURE, cas_eligible=False, in_pre_open=True)
FAR_FUTURE = Traded(venue=Venue.NFO, root="NIFTY", kind=Kind.FUTURE, cas_eligible=False, in_pre_open=False)
OPTION = Traded(venue=Venue.NFO, root="NIFTY", kind=Kind.OPTION, cas_eligible=False, in_pre_open=False)
DOLLAR = Traded(venue=Venue.CDS, root="USDINR", kind=Kind.FUTURE, cas_eligible=False, in_pre_open=False)
EURO_DOLLAR = Traded(venue=Venue.CDS, root="EURUSD", kind=Kind.FUTURE, cas_eligible=False, in_pre_open=False)
GOLD = Traded(venue=Venue.MCX, root="GOLD", kind=Kind.FUTURE, cas_eligible=False, in_pre_open=False)
COTTON = Traded(venue=Venue.MCX, root="COTTON", kind=Kind.FUTURE, cas_eligible=False, in_pre_open=False)
CARDAMOM = Traded(venue=Venue.MCX, root="CARDAMOM", kind=Kind.FUTURE, cas_eligible=False, in_pre_open=False)


def clock(text: str) -> time:
    """`09:15`."""
    return time.fromisoformat(text)


def ist(text: str) -> datetime:
    """`2026-11-23 09:15`, in India."""
    return datetime.fromisoformat(text).replace(tzinfo=IST)


def steps(*texts: str) -> tuple[Step, ...]:
    """Each as `09:15 CONTINUOUS`, or `09:15 CONTINUOUS 15:28` for a random end from then on."""
    parts = [text.split() for text in texts]
    return tuple(
        Step(at=clock(at), phase=Phase(phase), may_end_from=clock(end[0]) if end else None) for at, phase, *end in parts
    )


ORDINARY = steps("09:00 PRE_OPEN_ENTRY 09:07", "09:08 PAUSE", "09:15 CONTINUOUS", "15:30 CLOSED")


def holiday(name: str = "Holi") -> SpecialDay:
    return SpecialDay(name=name, opening=Opening.CLOSED, settles=False, source=INVENTED)


def session(*texts: str, name: str = "Muhurat trading") -> SpecialDay:
    return SpecialDay(name=name, opening=Opening.OWN, settles=False, source=INVENTED, steps=steps(*texts))


def normal(name: str, *, closed_until: str | None = None, closed_from: str | None = None) -> SpecialDay:
    return SpecialDay(
        name=name,
        opening=Opening.NORMAL,
        settles=False,
        source=INVENTED,
        closed_until=None if closed_until is None else clock(closed_until),
        closed_from=None if closed_from is None else clock(closed_from),
    )


def unknown(name: str = "Muhurat trading") -> SpecialDay:
    return SpecialDay(name=name, opening=Opening.UNKNOWN, settles=False, source=INVENTED)


def rule(phase: Phase, *types: OrderType, since: date = SINCE) -> OrderRule:
    return OrderRule(
        phase=phase,
        effective_from=since,
        order_types=frozenset(types or OrderType),
        validities=frozenset({Validity.DAY} if types else Validity),
        disclosed_quantity=not types,
        source=INVENTED,
    )


def schedule(
    day: tuple[Step, ...] = ORDINARY,
    *,
    us_winter: tuple[Step, ...] = (),
    since: date = SINCE,
    years: tuple[int, ...] = (2026,),
    days: Mapping[date, SpecialDay] | None = None,
) -> Schedule:
    """A whole schedule: entry takes plain orders, continuous trading everything; positions close 15 minutes early."""
    plain = (OrderType.LIMIT, OrderType.MARKET)
    return Schedule(
        timetables=(Timetable(effective_from=since, steps=day, us_winter_steps=us_winter, source=INVENTED),),
        square_offs=(SquareOff(effective_from=since, minutes_before_close=15, source=INVENTED),),
        after_market=(
            AfterMarket(effective_from=since, minutes_after_close=5, minutes_before_open=17, source=INVENTED),
        ),
        orders=tuple(
            rule(phase, *(() if phase is Phase.CONTINUOUS else plain), since=since)
            for phase in Phase
            if phase.takes_orders
        ),
        years=dict.fromkeys(years, INVENTED),
        days=days or {},
    )


def market(only: Schedule | None = None) -> MarketHours:
    """One group, `cash`, of all shares at NSE."""
    group = SessionGroup(name="cash", venues=frozenset({Venue.NSE}), schedule=only or schedule(), source=INVENTED)
    return MarketHours(groups=(group,), fill_in=FILL_IN)


MINUTE = timedelta(minutes=1)
days_of_2026 = st.integers(0, 364).map(lambda number: date(2026, 1, 1) + timedelta(days=number))
times = st.integers(0, 24 * 60 - 1).map(lambda minute: (datetime(2026, 1, 1, tzinfo=IST) + minute * MINUTE).time())


@st.composite
def step_lists(draw: st.DrawFn) -> tuple[Step, ...]:
    """Days with any phases at any times, random ends included; they begin open, end closed and trade in between."""
    at = sorted(draw(st.sets(times, min_size=2, max_size=7)))
    phases: list[Phase] = []
    for number in range(len(at) - 1):
        barred = {Phase.CLOSED} if number == 0 or number == len(at) - 2 else set()
        barred |= {phases[-1]} if phases else set()
        phases.append(draw(st.sampled_from([phase for phase in Phase if phase not in barred])))
    if Phase.CONTINUOUS not in phases:
        phases[draw(st.integers(0, len(phases) - 1))] = Phase.CONTINUOUS
    found = []
    for begin, end, phase in zip(at, at[1:], phases, strict=False):
        middle = (
            datetime.combine(SINCE, begin) + (datetime.combine(SINCE, end) - datetime.combine(SINCE, begin)) / 2
        ).time()
        found.append(Step(at=begin, phase=phase, may_end_from=draw(st.sampled_from([None, middle]))))
    return (*found, Step(at=at[-1], phase=Phase.CLOSED))


@st.composite
def special_days(draw: st.DrawFn) -> SpecialDay:
    """Holidays, sessions with own hours, and days that are cut at either end; never one whose hours are unknown."""
    kind = draw(st.sampled_from([Opening.CLOSED, Opening.NORMAL, Opening.OWN]))
    cuts = st.none() | times
    return SpecialDay(
        name=draw(st.sampled_from(["Holi", "Diwali", "Budget"])),
        opening=kind,
        settles=draw(st.booleans()),
        source=INVENTED,
        steps=draw(step_lists()) if kind is Opening.OWN else (),
        closed_until=draw(cuts) if kind is Opening.NORMAL else None,
        closed_from=draw(cuts) if kind is Opening.NORMAL else None,
    )


special_calendars = st.dictionaries(days_of_2026, special_days(), max_size=3)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Whole schedules of 2026, with and without other hours in the American winter."""
    winter = draw(st.just(()) | step_lists())
    return schedule(draw(step_lists()), us_winter=winter, days=draw(special_calendars))
