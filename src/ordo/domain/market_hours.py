"""When an instrument trades: the phase of any moment, what it takes, and when that changes.

The hours belong to an instrument and a date, not to a venue (domain facts, section 5). What the calendar does not know
(a year without a list of holidays, a session without hours) raises `HoursUnknown`; nothing is ever assumed to be open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from ordo.domain.calendar import IST
from ordo.domain.errors import ErrorCode, FieldFault, Invalid, Unavailable
from ordo.domain.instruments import Instrument, Kind, Venue
from ordo.domain.market_days import Gap, MarketDay, Span, market_day
from ordo.domain.orders import OrderTerms
from ordo.domain.schedules import Schedule, SessionGroup
from ordo.domain.timetables import OrderRule, Phase, fault

_DAY = timedelta(days=1)


class HoursUnknown(Unavailable):
    """The calendar can't tell whether a market is open. Nothing was sent; the message says what to add, and where."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.STORE_UNAVAILABLE, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded:
    """What of an instrument decides its hours.

    `cas_eligible`: a share with derivatives, whose cash market ends in a closing auction. `in_pre_open`: a future that
    takes part in the pre-open session; the contract master or `MarketHours.in_pre_open` tells. Shares always do.
    """

    venue: Venue
    root: str
    kind: Kind
    cas_eligible: bool
    in_pre_open: bool

    @classmethod
    def of(cls, instrument: Instrument, *, cas_eligible: bool, in_pre_open: bool) -> Traded:
        """The part of an instrument's facts that matters here."""
        return cls(
            venue=instrument.key.venue,
            root=instrument.key.root,
            kind=instrument.kind,
            cas_eligible=cas_eligible,
            in_pre_open=in_pre_open,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketState:
    """How an instrument stands at a moment. `takes` is `None` while no order is taken but, where `after_market` says
    so, one for the next session.
    """

    day: MarketDay
    span: Span
    takes: OrderRule | None
    after_market: bool

    @property
    def phase(self) -> Phase:
        """The one phase of the moment."""
        return self.span.phase


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketHours:
    """The hours of all venues, as one immutable value: hold on to it for the length of one decision.

    The first of `groups` that an instrument belongs to counts. `fill_in` names, for people, where an operator adds what
    is missing. Moments are aware; a naive one is `Invalid`. Every question but `years` raises `HoursUnknown`.
    """

    groups: tuple[SessionGroup, ...]
    fill_in: str
    # Worked out once: there are never more entries than instruments are asked for, and days and phases known.
    _group_of: dict[Traded, SessionGroup] = field(default_factory=dict, init=False, repr=False, compare=False)
    _days: dict[tuple[str, date], MarketDay] = field(default_factory=dict, init=False, repr=False, compare=False)
    _rules: dict[tuple[str, Phase, date], OrderRule | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def amended(self, changes: Mapping[str, Schedule]) -> MarketHours:
        """These hours with an operator's word, by group, above them. `Invalid` for a group that there is not, and for
        changes that would leave one unsound.
        """
        names = {group.name for group in self.groups}
        for name in changes:
            if name not in names:
                raise fault("group", f"must be one of {', '.join(sorted(names))}", name)
        return replace(
            self,
            groups=tuple(
                replace(group, schedule=group.schedule.amended(changes[group.name])) if group.name in changes else group
                for group in self.groups
            ),
        )

    def at(self, traded: Traded, moment: datetime) -> MarketState:
        """The state of an instrument at a moment."""
        return self._at(self._group(traded), _indian(moment))

    def day(self, traded: Traded, on: date) -> MarketDay:
        """Whether an instrument trades on a date, when, and why not."""
        return self._day(self._group(traded), on)

    def next_change(self, traded: Traded, moment: datetime) -> datetime:
        """The first moment after this one at which the phase becomes another; a random end may bring it forward."""
        group, local = self._group(traded), _indian(moment)
        phase = self._at(group, local).phase
        return next(span.start for span in self._after(group, local) if span.phase is not phase)

    def next_continuous(self, traded: Traded, moment: datetime) -> datetime:
        """The first moment after this one at which continuous trading begins."""
        spans = self._after(self._group(traded), _indian(moment))
        return next(span.start for span in spans if span.phase is Phase.CONTINUOUS)

    def require(self, traded: Traded, terms: OrderTerms, moment: datetime) -> None:
        """Raise `Invalid` (`MARKET_CLOSED`) unless the market takes such an order at a moment."""
        group, local = self._group(traded), _indian(moment)
        state = self._at(group, local)
        if terms.after_market:
            if not state.after_market:
                raise self._denial(group, terms, local, state, _no_after_market(state))
        elif state.takes is None:
            raise self._denial(group, terms, local, state, None)
        elif (wrong := state.takes.objection(terms)) is not None:
            raise self._denial(group, terms, local, state, wrong)

    def years(self, traded: Traded) -> tuple[int, ...]:
        """The years whose special days are known, in order; none for an instrument that the calendar does not know."""
        group = self._find(traded)
        return () if group is None else tuple(sorted(group.schedule.years))

    def in_pre_open(self, future: Traded, *, expiry: date, expiries: Iterable[date], on: date) -> bool:
        """Whether a future of this expiry takes part in a day's pre-open session, by the rule that the current month
        does, and the next month in the last days of the current one. `expiries` are those of all futures on its root.
        """
        ahead = sorted({day for day in (*expiries, expiry) if day >= on})
        if expiry not in ahead[:2]:
            return False
        if expiry == ahead[0]:
            return True
        group = self._group(replace(future, in_pre_open=True))
        left, cursor = 0, ahead[0]
        while cursor >= on and left <= group.next_month_days:
            left += self._day(group, cursor).is_trading_day
            cursor -= _DAY
        return left <= group.next_month_days

    def _find(self, traded: Traded) -> SessionGroup | None:
        return next((group for group in self.groups if _belongs(traded, group)), None)

    def _group(self, traded: Traded) -> SessionGroup:
        found = self._group_of.get(traded)
        if found is not None:
            return found
        found = self._find(traded)
        if found is None:
            raise HoursUnknown(
                f"Nothing was sent: the market calendar has no hours of {traded.venue} ({traded.kind} {traded.root})."
                f" Put them into {self.fill_in}."
            )
        self._group_of[traded] = found
        return found

    def _at(self, group: SessionGroup, local: datetime) -> MarketState:
        day = self._day(group, local.date())
        span = next(span for span in day.spans if local < span.end)
        named = group.name, span.phase, day.date
        if named not in self._rules:
            self._rules[named] = group.schedule.rule(span.phase, day.date)
        return MarketState(
            day=day,
            span=span,
            takes=self._rules[named],
            after_market=day.takes_after_market(local),
        )

    def _after(self, group: SessionGroup, local: datetime) -> Iterator[Span]:
        """Every span that begins after a moment, day by day, until the calendar ends in `HoursUnknown`."""
        on = local.date()
        while True:
            yield from (span for span in self._day(group, on).spans if span.start > local)
            on += _DAY

    def _day(self, group: SessionGroup, on: date) -> MarketDay:
        day = self._days.get((group.name, on))
        if day is None:
            found = market_day(group, on)
            if isinstance(found, Gap):
                raise HoursUnknown(
                    f"Nothing was sent: the market calendar does not know {found.missing}, so it can't tell whether the"
                    f" market is open on {_written(on)}. Put that into {self.fill_in}."
                )
            day = self._days[group.name, on] = found
        return day

    def _denial(
        self, group: SessionGroup, terms: OrderTerms, local: datetime, state: MarketState, wrong: FieldFault | None
    ) -> Invalid:
        fields = () if wrong is None else (wrong,)
        what = f"{terms.instrument} takes no orders at {local:%H:%M} IST ({state.phase})"
        if wrong is not None:
            what = f"{wrong.field} {wrong.seen} {wrong.message}; {terms.instrument} is in {state.phase}"
        elif not state.day.is_trading_day:
            what = f"{terms.instrument} does not trade on {_written(state.day.date)} ({state.day.name})"
        if state.phase is Phase.CONTINUOUS:
            return Invalid(ErrorCode.MARKET_CLOSED, f"The order was not sent: {what}.", fields=fields)
        try:
            opens = next(span.start for span in self._after(group, local) if span.phase is Phase.CONTINUOUS)
            then = f"Continuous trading next begins on {_written(opens.date())} at {opens:%H:%M} IST."
        except HoursUnknown:
            then = "When continuous trading next begins, the market calendar does not know yet."
        if state.after_market:
            then += " An order with after_market true is taken now, where the broker offers that."
        return Invalid(ErrorCode.MARKET_CLOSED, f"The order was not sent: {what}. {then}", fields=fields)


def _belongs(traded: Traded, group: SessionGroup) -> bool:
    return (
        traded.venue in group.venues
        and (not group.kinds or traded.kind in group.kinds)
        and (not group.roots or traded.root in group.roots)
        and group.cas_eligible in (None, traded.cas_eligible)
        and group.in_pre_open in (None, traded.in_pre_open)
    )


def _no_after_market(state: MarketState) -> FieldFault:
    until, since = state.day.after_market_until, state.day.after_market_from
    return FieldFault(
        field="after_market",
        message=f"must be false now: such orders are taken before {until:%H:%M} and from {since:%H:%M} IST",
        seen="true",
    )


def _indian(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise Invalid.field("moment", "must be an aware time", seen=moment, code=ErrorCode.VALIDATION_ERROR)
    return moment.astimezone(IST)


def _written(day: date) -> str:
    return f"{day:%a %d %b %Y}"
