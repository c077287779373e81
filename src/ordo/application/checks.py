"""What is checked before an order is written down, cheap and certain first (domain facts, section 9).

Each check is pure: it looks at a `Proposal` and either returns or raises `Invalid`, or `HoursUnknown`. `require` stops
at the first that fails; `review` runs them all, for a preview.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ordo.application.aliases import advice
from ordo.application.hours import traded_of
from ordo.domain.accounts import Account
from ordo.domain.calendar import trading_day
from ordo.domain.capabilities import Capabilities
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import ErrorCode, FieldFault, Invalid
from ordo.domain.instruments import Instrument, InstrumentKey
from ordo.domain.market_hours import HoursUnknown, MarketHours
from ordo.domain.orders import OrderTerms, Product
from ordo.domain.safety import KillSwitch
from ordo.domain.sessions import Session, SessionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An order that somebody wants to send, beside all that the checks look at.

    `candidates` are what may have been meant where there is no such instrument; `stale` names the brokers whose masters
    are not dated today, where that matters. `hours` are those of the markets, `None` for a broker that trades at any
    hour; `listed` are all instruments.
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
    hours: MarketHours | None = None
    listed: InstrumentDirectory = field(default_factory=InstrumentDirectory)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check said. `code`, `message` and `fields` are set where it failed."""

    name: str
    passed: bool
    code: ErrorCode | None = None
    message: str | None = None
    fields: tuple[FieldFault, ...] = ()


def _kill_switch(proposal: Proposal) -> None:
    if proposal.switch is not None:
        proposal.switch.refuse_new_risk()


def _session(proposal: Proposal) -> None:
    state = SessionState.NONE if proposal.session is None else proposal.session.state(proposal.now)
    if state is not SessionState.ACTIVE:
        raise no_session(proposal.account, state)


def _instrument(proposal: Proposal) -> None:
    key, found = proposal.terms.instrument, _known(proposal)
    if not found.tradable:
        raise _refusal("instrument", "can't be traded", key, instrument=True)
    if key.expiry is not None and key.expiry < trading_day(proposal.now):
        raise _refusal("instrument", f"expired on {key.expiry}", key, instrument=True)


def _master(proposal: Proposal) -> None:
    key = proposal.terms.instrument
    if _known(proposal).key.venue.is_derivative and proposal.stale:
        raise _refusal(
            "instrument",
            f"is known from masters that are not dated today ({', '.join(proposal.stale)}), and its lot may have"
            " changed; run `ordo instruments sync`, or accept that risk with ORDO_INSTRUMENTS__ALLOW_STALE=true",
            key,
            instrument=True,
        )


def _capability(proposal: Proposal) -> None:
    proposal.capabilities.require(proposal.terms, broker_id=proposal.account.adapter_id)


def _market_hours(proposal: Proposal) -> None:
    found, hours, now = _known(proposal), proposal.hours, proposal.now
    if hours is not None:
        hours.require(traded_of(found, proposal.listed, hours, trading_day(now)), proposal.terms, now)


def _series(proposal: Proposal) -> None:
    series = _known(proposal).series
    if proposal.terms.product is Product.MIS and series in ("BE", "BZ", "ST"):
        raise _refusal("product", f"must be CNC: series {series} is for delivery only", proposal.terms.product)


def _lot(proposal: Proposal) -> None:
    lot, quantity = _known(proposal).lot_size, proposal.terms.quantity
    if quantity % lot:
        below = quantity - quantity % lot
        near = " and ".join(str(count) for count in (below, below + lot) if count)
        raise _refusal("quantity", f"must be a multiple of the lot of {lot} units; nearest: {near}", quantity)


def _freeze(proposal: Proposal) -> None:
    most, quantity = _known(proposal).freeze_quantity, proposal.terms.quantity
    if most is not None and quantity > most:
        orders = -(-quantity // most)
        raise _refusal(
            "quantity",
            f"exceeds the freeze quantity of {most} units; split it into {orders} orders",
            quantity,
        )


def _tick(proposal: Proposal) -> None:
    instrument = _known(proposal)
    for name, price in _prices(proposal):
        if not instrument.on_tick(price):
            below, above = (f"{near:.{_decimals(instrument.tick_size)}f}" for near in instrument.neighbours(price))
            raise _refusal(
                name,
                f"must be a multiple of the tick {instrument.tick_size}; nearest: {below} and {above}",
                price,
            )


def _band(proposal: Proposal) -> None:
    instrument = _known(proposal)
    low, high = instrument.band_low, instrument.band_high
    if instrument.as_of != trading_day(proposal.now):
        return  # Bands change daily: one of another day proves nothing.
    for name, price in _prices(proposal):
        if low is not None and price < low:
            raise _refusal(name, f"is outside today's price band: it must be at least {low}", price)
        if high is not None and price > high:
            raise _refusal(name, f"is outside today's price band: it must be at most {high}", price)


CHECKS: tuple[tuple[str, Callable[[Proposal], None]], ...] = (
    ("kill_switch", _kill_switch),
    ("session", _session),
    ("instrument", _instrument),
    ("master", _master),
    ("capability", _capability),
    ("market_hours", _market_hours),
    ("series", _series),
    ("lot", _lot),
    ("freeze", _freeze),
    ("tick", _tick),
    ("band", _band),
)


def require(proposal: Proposal) -> None:
    """Raise the first failure, if there is one: `Invalid`, or `HoursUnknown` where the calendar can't tell."""
    for _, check in CHECKS:
        check(proposal)


def review(proposal: Proposal) -> tuple[CheckResult, ...]:
    """The result of every check that can be made; without a known instrument those on its facts can't."""
    results = []
    for name, check in CHECKS:
        if proposal.instrument is None and check in _ON_FACTS:
            continue
        try:
            check(proposal)
            results.append(CheckResult(name=name, passed=True))
        except (Invalid, HoursUnknown) as error:
            results.append(
                CheckResult(name=name, passed=False, code=error.code, message=error.message, fields=error.fields)
            )
    return tuple(results)


_ON_FACTS = frozenset({_master, _market_hours, _series, _lot, _freeze, _tick, _band})


def no_session(account: Account, state: SessionState) -> Invalid:
    """The refusal of anything that needs a session where there is none to use."""
    return Invalid(
        ErrorCode.INVALID_SESSION,
        f"Nothing was sent: the session of {account} is {state}. Log in with POST /api/v1/sessions/{account}/login or"
        f" `ordo login {account.adapter_id} {account.account_id}`, then try again.",
        broker_id=account.adapter_id,
    )


def _known(proposal: Proposal) -> Instrument:
    if proposal.instrument is None:
        message = f"is not known; {advice(proposal.candidates)}"
        raise _refusal("instrument", message, proposal.terms.instrument, instrument=True)
    return proposal.instrument


def _prices(proposal: Proposal) -> list[tuple[str, Decimal]]:
    terms = proposal.terms
    named = (("price", terms.price), ("trigger_price", terms.trigger_price))
    return [(name, value) for name, value in named if value is not None]


def _decimals(tick: Decimal) -> int:
    exponent = tick.as_tuple().exponent
    return max(2, -exponent) if isinstance(exponent, int) else 2


def _refusal(name: str, message: str, seen: object, *, instrument: bool = False) -> Invalid:
    return Invalid(
        ErrorCode.INVALID_INSTRUMENT if instrument else ErrorCode.INVALID_ORDER,
        f"The order was not sent: {name} {seen} {message}.",
        fields=(FieldFault(field=name, message=message, seen=str(seen)),),
    )
