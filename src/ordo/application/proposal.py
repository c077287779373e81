"""What the checks look at, and the words in which they object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from ordo.application.aliases import advice
from ordo.application.hours import traded_of
from ordo.domain.accounts import Account
from ordo.domain.calendar import trading_day
from ordo.domain.capabilities import Capabilities
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import ErrorCode, FieldFault, Invalid
from ordo.domain.exposure import AccountFacts
from ordo.domain.instruments import Instrument, InstrumentKey
from ordo.domain.limits import NO_LIMITS, Limits, SoftMode
from ordo.domain.market import Quote
from ordo.domain.market_hours import MarketHours, Traded
from ordo.domain.orders import Order, OrderTerms
from ordo.domain.safety import KillSwitch
from ordo.domain.sessions import Session, SessionState

FRESH = timedelta(seconds=30)
"""How old a last price may be that an order is measured against."""


@dataclass(slots=True, kw_only=True)
class Proposal:
    """An order that somebody wants to send, beside all that the checks look at. It is put together step by step, as one
    part decides what else is read; the checks change nothing of it.

    `candidates` are what may have been meant where there is no such instrument; `stale` names the brokers whose masters
    are not dated today, where that matters; `unlisted` says why the broker's own master does not have the instrument,
    where it does not. `hours` are those of the markets, `None` for a broker that trades at any
    hour; `listed` are all instruments. `changing` is the order that the terms are new ones for. `facts` and `quote` are
    read only where a check needs them, and `None` then means that they can't be had. `no_place` is what the order
    budget would say. `today` is the Indian date of `now`.
    """

    account: Account
    terms: OrderTerms
    instrument: Instrument | None
    capabilities: Capabilities
    session: Session | None
    switch: KillSwitch | None
    now: datetime
    candidates: tuple[InstrumentKey, ...] = ()
    stale: tuple[str, ...] = ()
    unlisted: str | None = None
    hours: MarketHours | None = None
    listed: InstrumentDirectory = field(default_factory=InstrumentDirectory)
    limits: Limits = NO_LIMITS
    changing: Order | None = None
    facts: AccountFacts | None = None
    quote: Quote | None = None
    no_place: Invalid | None = None
    soft: Mapping[str, SoftMode] = field(default_factory=dict)
    is_preview: bool = False
    today: date = field(init=False)
    _traded: Traded | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.today = trading_day(self.now)

    @property
    def known(self) -> Instrument:
        """The instrument; raises `Invalid` (`INVALID_INSTRUMENT`) where nobody knows it."""
        if self.instrument is None:
            message = f"is not known; {advice(self.candidates)}"
            raise refusal("instrument", message, self.terms.instrument, code=ErrorCode.INVALID_INSTRUMENT)
        return self.instrument

    @property
    def prices(self) -> tuple[tuple[str, Decimal], ...]:
        """The prices that the order names."""
        price, trigger = self.terms.price, self.terms.trigger_price
        if trigger is None:
            return () if price is None else (("price", price),)
        return (("trigger_price", trigger),) if price is None else (("price", price), ("trigger_price", trigger))

    def traded(self, hours: MarketHours) -> Traded:
        """What of the instrument decides its hours; raises `HoursUnknown` where the calendar can't tell."""
        if self._traded is None:
            self._traded = traded_of(self.known, self.listed, hours, self.today)
        return self._traded

    @property
    def last_price(self) -> Decimal | None:
        """The last price in rupees, unless it is too old to measure by."""
        if self.quote is None or not timedelta(seconds=-2) <= self.now - self.quote.timestamp <= FRESH:
            return None
        return self.quote.last_price

    @property
    def reference_price(self) -> Decimal | None:
        """What a unit of the order may cost, in rupees: its limit, else its trigger, else the last price."""
        return self.terms.price or self.terms.trigger_price or self.last_price

    @property
    def closes(self) -> bool:
        """Whether it is certain that the order only makes a position smaller."""
        return self.facts is not None and self.facts.closes(self.terms, self.changing)

    @property
    def added(self) -> int:
        """Units that it may still fill."""
        return self.terms.quantity - (0 if self.changing is None else self.changing.filled_quantity)


def refusal(name: str, message: str, seen: object, *, code: ErrorCode = ErrorCode.INVALID_ORDER) -> Invalid:
    """The objection to one field of an order."""
    return Invalid(
        code,
        f"The order was not sent: {name} {seen} {message}.",
        fields=(FieldFault(field=name, message=message, seen=str(seen)),),
    )


def beyond_limit(name: str, limit: str, bound: object, seen: object, *, unit: str = "") -> Invalid:
    """The objection of a risk limit, named as in the settings."""
    message = f"would be beyond the limit {limit} of {bound}{unit}; nothing was sent. Whoever set it can raise it"
    return Invalid(
        ErrorCode.RISK_LIMIT,
        f"The order was not sent: {name} {seen}{unit} {message}.",
        fields=(FieldFault(field=name, message=message, seen=str(seen)),),
    )


def not_measurable(limit: str, what: str) -> Invalid:
    """The objection of a risk limit that can't be checked: then nothing is sent."""
    return Invalid(
        ErrorCode.RISK_LIMIT,
        f"The order was not sent: the limit {limit} can't be checked, because {what}. Ask again when it can.",
        fields=(FieldFault(field=limit, message=what),),
    )


def no_session(account: Account, state: SessionState) -> Invalid:
    """The refusal of anything that needs a session where there is none to use."""
    return Invalid(
        ErrorCode.INVALID_SESSION,
        f"Nothing was sent: the session of {account} is {state}. Log in with POST /api/v1/sessions/{account}/login or"
        f" `ordo login {account.adapter_id} {account.account_id}`, then try again.",
        broker_id=account.adapter_id,
    )


def multipliers(listed: InstrumentDirectory, keys: Iterable[InstrumentKey]) -> dict[InstrumentKey, Decimal]:
    """What turns price times units into rupees; an instrument that is not listed counts plainly."""
    found = {key: listed.get(key) for key in keys}
    return {key: one.multiplier for key, one in found.items() if one is not None}
