"""Gathers what the checks look at, and runs them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ordo.application.account_rules import distance_limit, needs_cover, needs_funds
from ordo.application.aliases import nearest
from ordo.application.checks import CHECKS, CheckResult, Proposal, require, review
from ordo.application.context import Context
from ordo.application.departure import Cleared
from ordo.application.facts import FactReader
from ordo.application.master_sync import stale_masters
from ordo.application.order_rules import is_after_square_off
from ordo.application.pacing import Pacing
from ordo.application.reading import BrokerCalls
from ordo.application.safety import SafetyService
from ordo.application.sessions import SessionService
from ordo.domain.accounts import Account
from ordo.domain.budget import Lane
from ordo.domain.calendar import trading_day
from ordo.domain.copying import replace
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.exposure import AccountFacts
from ordo.domain.instruments import Instrument
from ordo.domain.limits import LimitBook, SoftMode
from ordo.domain.market_hours import HoursUnknown
from ordo.domain.orders import Order, OrderTerms, OrderType, Product
from ordo.domain.protection import MarketOrders, protected
from ordo.domain.safety import KillState
from ordo.domain.sessions import Session
from ordo.ports.clock import Clock
from ordo.ports.instruments import InstrumentStore
from ordo.ports.market_calendar import MarketCalendar

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the account holder has set. `allow_stale`: derivatives trade on a master of another day too, which is logged
    for each order. `soft` says what each soft check does.
    """

    limits: LimitBook = field(default_factory=LimitBook)
    soft: Mapping[str, SoftMode] = field(default_factory=dict)
    allow_stale: bool = False


class Screening:
    """What stands between a request and the record of it. Without a `calendar` every market counts as open."""

    def __init__(  # noqa: PLR0913  (all that an order depends on)
        self,
        calls: BrokerCalls,
        sessions: SessionService,
        instruments: InstrumentStore,
        safety: SafetyService,
        facts: FactReader,
        pacing: Pacing,
        clock: Clock,
        *,
        rules: Rules = Rules(),
        calendar: MarketCalendar | None = None,
    ) -> None:
        self._calls = calls
        self._sessions = sessions
        self._instruments = instruments
        self._safety = safety
        self._facts = facts
        self._pacing = pacing
        self._clock = clock
        self._rules = rules
        self._calendar = calendar

    async def require(
        self, account: Account, terms: OrderTerms, context: Context, *, changing: Order | None = None
    ) -> Cleared:
        """What to send; raises `Invalid` at the first check that fails. `changing` is the order that shall get these
        terms.
        """
        session = await self._sessions.require(account, context)
        proposal = await self._proposal(account, terms, session, context, changing)
        require(proposal)
        if proposal.capabilities.market_orders is MarketOrders.GATEWAY:
            percent = proposal.capabilities.auto_percent
            terms = protected(terms, proposal.known, proposal.last_price, percent)
        return Cleared(session=session, terms=terms, lane=_lane(proposal))

    async def review(self, account: Account, terms: OrderTerms, context: Context) -> tuple[CheckResult, ...]:
        """The result of every check."""
        session = await self._sessions.current(account, context)
        return review(await self._proposal(account, terms, session, context, is_preview=True))

    async def require_cancel(self, account: Account, order: Order, context: Context, *, force: bool) -> None:
        """Raise `Invalid` (`KILL_SWITCH_ACTIVE`) where trading is not `ACTIVE` and the order stands to end a risk,
        unless it is forced. Where the positions can't be read, a stop counts as such.
        """
        if force or (await self._safety.get(account)).state is KillState.ACTIVE:
            return
        facts = await self._facts.account(account, context, holdings=order.product is Product.CNC)
        if order.order_type.has_trigger if facts is None else facts.is_protective(order):
            raise Invalid(
                ErrorCode.KILL_SWITCH_ACTIVE,
                f"Nothing was sent: order {order.order_id} protects an open position, and while trading is not ACTIVE"
                " such an order is cancelled only on purpose. Repeat the cancellation with force.",
                order=order,
            )

    async def _proposal(
        self,
        account: Account,
        terms: OrderTerms,
        session: Session | None,
        context: Context,
        changing: Order | None = None,
        *,
        is_preview: bool = False,
    ) -> Proposal:
        directory = self._instruments.directory()
        found = directory.get(terms.instrument)
        now = self._clock.now()
        switch = await self._safety.get(account)
        capabilities = self._calls.broker(account).capabilities
        bare = Proposal(
            account=account,
            terms=terms,
            instrument=found,
            candidates=() if found else nearest(directory, str(terms.instrument)),
            unlisted=self._unlisted(found, account),
            stale=self._stale(found, account, trading_day(now)),
            capabilities=capabilities,
            session=session,
            switch=switch,
            now=now,
            hours=self._calendar.hours if self._calendar and self._calls.obeys_hours(account) else None,
            listed=directory,
            limits=self._rules.limits.of(account, terms.instrument),
            soft=self._rules.soft,
            changing=changing,
            is_preview=is_preview,
        )
        facts = await self._facts_for(bare, context)
        quote = await self._facts.quote(account, terms.instrument, context) if _needs_quote(bare) else None
        no_place = await self._pacing.foresee(account, _lane(bare))
        if facts is None and quote is None and no_place is None:
            return bare
        return replace(bare, facts=facts, quote=quote, no_place=no_place)

    async def _facts_for(self, bare: Proposal, context: Context) -> AccountFacts | None:
        """What the account has and has ordered, where a check needs that."""
        terms, wants = bare.terms, _wanted(bare)
        needed = (
            (bare.switch is not None and bare.switch.state is KillState.REDUCE_ONLY)
            or bare.limits.needs_account
            or "cover" in wants
            or "funds" in wants
            or _is_late(bare)
        )
        if not needed:
            return None
        return await self._facts.account(
            bare.account, context, holdings=terms.product is Product.CNC, funds="funds" in wants
        )

    def _unlisted(self, instrument: Instrument | None, account: Account) -> str | None:
        """Why an order for this instrument would rest on the facts of others, where the broker has a master itself."""
        kind = self._calls.kind(account)
        if not self._calls.has_master(account) or (instrument is not None and kind in instrument.references):
            return None
        if all(report.name != kind or report.as_of is None for report in self._instruments.reports()):
            return f"can't be checked, for no instrument master of {kind} has been loaded; run `ordo instruments sync`"
        return None if instrument is None else f"is not in the instrument master of {kind}"

    def _stale(self, instrument: Instrument | None, account: Account, today: date) -> tuple[str, ...]:
        if instrument is None or not instrument.key.venue.is_derivative:
            return ()
        kind = self._calls.kind(account)
        stale = stale_masters(self._instruments.reports(), instrument.references, today, kind=kind)
        if stale and self._rules.allow_stale:
            _log.warning(
                "%s is traded on masters that are not dated today (%s), as the setting instruments.allow_stale permits",
                instrument.key,
                ", ".join(stale),
            )
            return ()
        return stale


def _lane(proposal: Proposal) -> Lane:
    if proposal.switch is not None and proposal.switch.state is KillState.REDUCE_ONLY:
        return Lane.URGENT  # What passes then only closes positions.
    return Lane.NEW if proposal.changing is None else Lane.MODIFY


def _wanted(proposal: Proposal) -> frozenset[str]:
    """The soft checks that are made and have something to say of such an order."""
    if proposal.instrument is None:
        return frozenset()
    made = {check.name for check in CHECKS if check.soft is not None and check.mode(proposal) is not SoftMode.OFF}
    silent = {name for name, speaks in (("cover", needs_cover), ("funds", needs_funds)) if not speaks(proposal)}
    return frozenset(made - silent)


def _is_late(proposal: Proposal) -> bool:
    try:
        return is_after_square_off(proposal)
    except HoursUnknown:
        return False  # The check of the hours says so.


def _needs_quote(proposal: Proposal) -> bool:
    """Whether a check measures by the last price, which costs a read."""
    terms, limits, found = proposal.terms, proposal.limits, proposal.instrument
    if found is None:
        return False
    if terms.order_type is OrderType.MARKET:
        values = (limits.max_order_value, limits.max_exposure)
        return (
            proposal.capabilities.market_orders is MarketOrders.GATEWAY
            or any(value is not None for value in values)
            or "funds" in _wanted(proposal)
        )
    return terms.price is not None and distance_limit(limits, found.kind) is not None
