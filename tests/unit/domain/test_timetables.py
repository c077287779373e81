from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, time
from decimal import Decimal

import pytest

from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import Venue
from ordo.domain.orders import OrderTerms, OrderType, Validity
from ordo.domain.schedules import Schedule, SessionGroup, in_force
from ordo.domain.timetables import AfterMarket, Confidence, Opening, Phase, Source, SquareOff, Step, Timetable
from tests.support.hours import INVENTED, ORDINARY, SINCE, clock, holiday, normal, rule, schedule, session, steps
from tests.support.orders import BUY_TEN

LATER = date(2026, 8, 3)
MARKET_ORDER = replace(BUY_TEN, order_type=OrderType.MARKET, price=None)
STOP = replace(BUY_TEN, order_type=OrderType.STOP_LIMIT, trigger_price=Decimal(799))


def timetable(day: tuple[Step, ...] = ORDINARY, *, since: date = SINCE) -> Timetable:
    return Timetable(effective_from=since, steps=day, source=INVENTED)


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        ((), "must have continuous trading"),
        (("09:00 PRE_OPEN_ENTRY", "09:15 CLOSED"), "must have continuous trading"),
        (("09:00 CLOSED", "09:15 CONTINUOUS", "15:30 CLOSED"), "must begin with an open phase"),
        (("09:15 CONTINUOUS",), "end with CLOSED"),
        (("09:15 CONTINUOUS", "09:15 CLOSED"), "order of time"),
        (("15:30 CONTINUOUS", "09:15 CLOSED"), "order of time"),
        (("09:15 CONTINUOUS 15:30", "15:30 CLOSED"), "order of time"),
        (("09:15 CONTINUOUS", "12:00 CONTINUOUS", "15:30 CLOSED"), "must change from one step to the next"),
        (("09:15 CONTINUOUS", "15:30 CLOSED 16:00"), "does not go with the last CLOSED"),
    ],
)
def test_a_day_that_can_not_be_is_refused(texts: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint) as refusal:
        timetable(steps(*texts))
    assert refusal.value.code is ErrorCode.VALIDATION_ERROR
    if texts:
        with pytest.raises(Invalid, match=complaint):
            session(*texts)
        with pytest.raises(Invalid, match=complaint):
            Timetable(effective_from=SINCE, steps=ORDINARY, us_winter_steps=steps(*texts), source=INVENTED)


def test_times_are_indian_and_a_random_end_lies_within_its_phase() -> None:
    with pytest.raises(Invalid, match="without a zone"):
        Step(at=time(9, 15, tzinfo=UTC), phase=Phase.CONTINUOUS)
    with pytest.raises(Invalid, match="without a zone"):
        Step(at=time(9, 15), phase=Phase.CONTINUOUS, may_end_from=time(9, 20, tzinfo=UTC))
    with pytest.raises(Invalid, match="within the phase"):
        Step(at=time(9, 15), phase=Phase.CONTINUOUS, may_end_from=time(9, 15))


def test_every_datum_says_where_it_comes_from() -> None:
    with pytest.raises(Invalid, match="where the datum comes from"):
        Source(text="  ", confidence=Confidence.A)


@pytest.mark.parametrize("minutes", [(-1, 0), (0, -1)])
def test_minutes_are_not_negative(minutes: tuple[int, int]) -> None:
    after, before = minutes
    with pytest.raises(Invalid, match="negative"):
        AfterMarket(effective_from=SINCE, minutes_after_close=after, minutes_before_open=before, source=INVENTED)
    with pytest.raises(Invalid, match="negative"):
        SquareOff(effective_from=SINCE, minutes_before_close=-1, source=INVENTED)


@pytest.mark.parametrize("phase", [phase for phase in Phase if not phase.takes_orders])
def test_a_phase_that_takes_no_orders_has_no_rule(phase: Phase) -> None:
    with pytest.raises(Invalid, match="takes some"):
        rule(phase)


def test_a_rule_takes_at_least_one_kind_of_order() -> None:
    taken = rule(Phase.CONTINUOUS)
    with pytest.raises(Invalid, match="takes some"):
        replace(taken, order_types=frozenset())
    with pytest.raises(Invalid, match="takes some"):
        replace(taken, validities=frozenset())


def test_the_phases_that_take_orders() -> None:
    assert {phase for phase in Phase if phase.takes_orders} == {
        Phase.PRE_OPEN_ENTRY,
        Phase.PRE_OPEN_LIMIT_ONLY,
        Phase.CONTINUOUS,
        Phase.CLOSING_AUCTION_ENTRY,
        Phase.CLOSING_AUCTION_LIMIT_ONLY,
        Phase.POST_CLOSE,
    }


@pytest.mark.parametrize(
    ("terms", "field", "message", "seen"),
    [
        (STOP, "order_type", "must be LIMIT or MARKET now", "SL"),
        (replace(BUY_TEN, validity=Validity.IOC), "validity", "must be DAY now", "IOC"),
        (replace(BUY_TEN, disclosed_quantity=5), "disclosed_quantity", "must be left out now", "5"),
    ],
)
def test_a_rule_names_the_term_that_does_not_fit(terms: OrderTerms, field: str, message: str, seen: str) -> None:
    auction = rule(Phase.CLOSING_AUCTION_ENTRY, OrderType.LIMIT, OrderType.MARKET)
    found = auction.objection(terms)
    assert found is not None
    assert (found.field, found.message, found.seen) == (field, message, seen)
    assert rule(Phase.CONTINUOUS).objection(terms) is None
    assert auction.objection(BUY_TEN) is auction.objection(MARKET_ORDER) is None


def test_a_special_day_has_a_name() -> None:
    with pytest.raises(Invalid, match="what day it is"):
        holiday(" ")


@pytest.mark.parametrize("opening", [Opening.CLOSED, Opening.NORMAL, Opening.UNKNOWN])
def test_only_a_day_of_its_own_hours_has_phases(opening: Opening) -> None:
    with pytest.raises(Invalid, match="hours of its own"):
        replace(session("18:00 CONTINUOUS", "19:00 CLOSED"), opening=opening)
    with pytest.raises(Invalid, match="hours of its own"):
        replace(holiday(), opening=Opening.OWN)


def test_only_a_normal_day_is_cut() -> None:
    with pytest.raises(Invalid, match="cut a normal day only"):
        replace(holiday(), closed_until=clock("17:00"))
    with pytest.raises(Invalid, match="cut a normal day only"):
        replace(holiday(), closed_from=clock("17:00"))


@pytest.mark.parametrize(
    ("until", "since", "left"),
    [
        (None, None, ORDINARY),
        ("09:10", None, steps("09:10 PAUSE", "09:15 CONTINUOUS", "15:30 CLOSED")),
        ("09:15", None, steps("09:15 CONTINUOUS", "15:30 CLOSED")),
        ("12:00", None, steps("12:00 CONTINUOUS", "15:30 CLOSED")),
        ("08:00", None, ORDINARY),
        ("15:30", None, ()),
        ("17:00", None, ()),
        (None, "12:00", (*ORDINARY[:3], *steps("12:00 CLOSED"))),
        (None, "18:00", ORDINARY),
        (None, "09:15", ()),
        (None, "09:00", ()),
        (None, "09:05", ()),
        ("10:00", "11:00", steps("10:00 CONTINUOUS", "11:00 CLOSED")),
        ("11:00", "10:00", ()),
    ],
)
def test_a_day_is_cut_at_either_end(until: str | None, since: str | None, left: tuple[Step, ...]) -> None:
    assert normal("Holi", closed_until=until, closed_from=since).cut(ORDINARY) == left


def test_a_cut_takes_the_random_end_with_it() -> None:
    auction = steps("09:15 CONTINUOUS 15:28", "15:30 CLOSED")
    assert normal("x", closed_from="15:29").cut(auction) == steps("09:15 CONTINUOUS", "15:29 CLOSED")


def test_a_cut_may_leave_the_second_of_two_sessions() -> None:
    two = steps("09:00 CONTINUOUS", "12:00 CLOSED", "17:00 CONTINUOUS", "23:30 CLOSED")
    assert normal("x", closed_until="13:00").cut(two) == two[2:]


def test_the_latest_that_is_in_effect_counts_whatever_the_order() -> None:
    old, new = timetable(), timetable(since=LATER)
    for items in ((old, new), (new, old)):
        assert in_force(items, date(2026, 8, 2)) is old
        assert in_force(items, LATER) is new
        assert in_force(items, date(2025, 12, 31)) is None


@pytest.mark.parametrize(
    "twice",
    [
        lambda whole: replace(whole, timetables=whole.timetables * 2),
        lambda whole: replace(whole, square_offs=whole.square_offs * 2),
        lambda whole: replace(whole, after_market=whole.after_market * 2),
        lambda whole: replace(whole, orders=whole.orders * 2),
    ],
)
def test_a_schedule_says_each_thing_once(twice: Callable[[Schedule], Schedule]) -> None:
    with pytest.raises(Invalid, match="once for each date"):
        twice(schedule())


def test_an_amendment_replaces_what_speaks_of_the_same_thing_and_adds_the_rest() -> None:
    short = steps("10:00 CONTINUOUS", "11:00 CLOSED")
    base = schedule(days={date(2026, 3, 3): holiday(), date(2026, 4, 3): holiday("Good Friday")})
    limits = rule(Phase.CONTINUOUS, OrderType.LIMIT)
    amended = base.amended(
        Schedule(
            timetables=(timetable(short), timetable(since=LATER)),
            orders=(limits,),
            years={2027: INVENTED},
            days={date(2026, 3, 3): session("10:00 CONTINUOUS", "11:00 CLOSED"), LATER: holiday("Strike")},
        )
    )
    assert [(item.effective_from, item.steps) for item in amended.timetables] == [(SINCE, short), (LATER, ORDINARY)]
    assert amended.rule(Phase.CONTINUOUS, LATER) is limits
    assert amended.rule(Phase.POST_CLOSE, LATER) == base.rule(Phase.POST_CLOSE, LATER)
    assert amended.rule(Phase.PAUSE, LATER) is None
    assert set(amended.years) == {2026, 2027}
    assert {day: special.name for day, special in amended.days.items()} == {
        date(2026, 3, 3): "Muhurat trading",
        date(2026, 4, 3): "Good Friday",
        LATER: "Strike",
    }
    assert (amended.square_offs, amended.after_market) == (base.square_offs, base.after_market)


def group(only: Schedule) -> SessionGroup:
    return SessionGroup(name="cash", venues=frozenset({Venue.NSE}), schedule=only, source=INVENTED)


@pytest.mark.parametrize(
    ("without", "complaint"),
    [
        (lambda whole: replace(whole, timetables=()), "needs a timetable"),
        (lambda whole: replace(whole, square_offs=()), "needs a square-off time"),
        (lambda whole: replace(whole, after_market=()), "after-market hours"),
        (
            lambda whole: replace(whole, square_offs=(replace(whole.square_offs[0], effective_from=LATER),)),
            "needs a square-off time",
        ),
        (lambda whole: replace(whole, orders=(rule(Phase.PRE_OPEN_ENTRY),)), "which orders CONTINUOUS takes"),
        (lambda whole: replace(whole, orders=(rule(Phase.CONTINUOUS),)), "which orders PRE_OPEN_ENTRY takes"),
    ],
)
def test_a_group_knows_all_that_an_open_day_needs(without: Callable[[Schedule], Schedule], complaint: str) -> None:
    whole = schedule()
    assert group(whole).schedule is whole
    with pytest.raises(Invalid, match=complaint):
        group(without(whole))


def test_the_phases_of_a_special_session_need_their_orders_too() -> None:
    days = {LATER: session("18:00 CONTINUOUS", "19:00 POST_CLOSE", "19:15 CLOSED")}
    whole = replace(schedule(days=days), orders=(rule(Phase.PRE_OPEN_ENTRY), rule(Phase.CONTINUOUS)))
    with pytest.raises(Invalid, match=r"which orders POST_CLOSE takes"):
        group(whole)
