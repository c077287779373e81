"""Gathers what the checks look at, and runs them."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from ordo.application.account_rules import distance_limit, needs_cover, needs_funds
from ordo.application.aliases import nearest
from ordo.application.brokers import BrokerLine
from ordo.application.checks import Check, CheckResult, Proposal, require, required, review, soft_checks
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
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import Instrument
from ordo.domain.limits import LimitBook, Limits, SoftMode
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
        self._soft_made, self._soft_previewed = (
            soft_checks(rules.soft, is_preview=one) & _READING.keys() for one in (False, True)
        )
        self._required: dict[Limits, tuple[tuple[Check, bool], ...]] = {}
        self._calendar = calendar

    async def require(
        self, account: Account, terms: OrderTerms, context: Context, *, changing: Order | None = None
    ) -> Cleared:
        """What to send; raises `Invalid` at the first check that fails. `changing` is the order that shall get these
        terms.
        """
        session = await self._sessions.require(account, context)
        proposal = await self._proposal(account, terms, session, context, changing)
        checks = self._required.get(proposal.limits)
        if checks is None:
            checks = self._required[proposal.limits] = required(proposal.limits, self._rules.soft)
        require(proposal, checks)
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
        line, directory = self._calls.line(account), self._instruments.directory()
        found = directory.get(terms.instrument)
        now = self._clock.now()
        proposal = Proposal(
            account=account,
            terms=terms,
            instrument=found,
            capabilities=line.broker.capabilities,
            session=session,
            switch=await self._safety.get(account),
            now=now,
            candidates=nearest(directory, str(terms.instrument)) if found is None else (),
            unlisted=self._unlisted(found, line) if line.has_master else None,
            hours=self._calendar.hours if self._calendar is not None and line.obeys_hours else None,
            listed=directory,
            limits=self._rules.limits.of(account, terms.instrument),
            changing=changing,
            soft=self._rules.soft,
            is_preview=is_preview,
        )
        if found is not None and found.key.venue.is_derivative:
            proposal.stale = self._stale(found, line.kind, proposal.today)
        wanted = _wanted(proposal, self._soft_previewed if is_preview else self._soft_made)
        if _needs_account(proposal, wanted):
            proposal.facts = await self._facts.account(
                account, context, holdings=terms.product is Product.CNC, funds="funds" in wanted
            )
        if _needs_quote(proposal, wanted):
            proposal.quote = await self._facts.quote(account, terms.instrument, context)
        proposal.no_place = await self._pacing.foresee(account, _lane(proposal), now)
        return proposal

    def _unlisted(self, instrument: Instrument | None, line: BrokerLine) -> str | None:
        """Why an order for this instrument would rest on the facts of others, where the broker has a master itself."""
        if instrument is not None and line.kind in instrument.references:
            return None
        if all(report.name != line.kind or report.as_of is None for report in self._instruments.reports()):
            return (
                f"can't be checked, for no instrument master of {line.kind} has been loaded; run `ordo instruments"
                " sync`"
            )
        return None if instrument is None else f"is not in the instrument master of {line.kind}"

    def _stale(self, derivative: Instrument, kind: str, today: date) -> tuple[str, ...]:
        stale = stale_masters(self._instruments.reports(), derivative.references, today, kind=kind)
        if stale and self._rules.allow_stale:
            _log.warning(
                "%s is traded on masters that are not dated today (%s), as the setting instruments.allow_stale permits",
                derivative.key,
                ", ".join(stale),
            )
            return ()
        return stale


def _lane(proposal: Proposal) -> Lane:
    if proposal.switch is not None and proposal.switch.state is KillState.REDUCE_ONLY:
        return Lane.URGENT  # What passes then only closes positions.
    return Lane.NEW if proposal.changing is None else Lane.MODIFY


_READING = {"cover": needs_cover, "funds": needs_funds}
"""The soft checks that cost reads, and whether they have something to say of an order."""


def _wanted(proposal: Proposal, made: Collection[str]) -> Collection[str]:
    """Those of the soft checks that cost reads and are `made` which have something to say of such an order."""
    if not made or proposal.instrument is None:
        return ()
    return [name for name in made if _READING[name](proposal)]


def _needs_account(proposal: Proposal, wanted: Collection[str]) -> bool:
    """Whether a check looks at what the account has and has ordered, which costs reads."""
    return (
        (proposal.switch is not None and proposal.switch.state is KillState.REDUCE_ONLY)
        or proposal.limits.needs_account
        or bool(wanted)
        or _is_late(proposal)
    )


def _is_late(proposal: Proposal) -> bool:
    try:
        return is_after_square_off(proposal)
    except HoursUnknown:
        return False  # The check of the hours says so.


def _needs_quote(proposal: Proposal, wanted: Collection[str]) -> bool:
    """Whether a check measures by the last price, which costs a read."""
    terms, limits, found = proposal.terms, proposal.limits, proposal.instrument
    if found is None:
        return False
    if terms.order_type is OrderType.MARKET:
        return (
            proposal.capabilities.market_orders is MarketOrders.GATEWAY
            or limits.max_order_value is not None
            or limits.max_exposure is not None
            or "funds" in wanted
        )
    return terms.price is not None and distance_limit(limits, found.kind) is not None
