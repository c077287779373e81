"""What is checked before an order is written down, cheap and certain first (domain facts, section 9).

The table is the whole of it, and `docs/checks.md` is made from it. Each check is pure: it looks at a `Proposal` and
either returns or raises `Invalid`, or `HoursUnknown`. A hard check that fails stops the order. A soft one does where
the settings say `deny`; with `warn` it is only told, with `preview` only where nothing is sent, and with `off` it is
not made. `require` stops at the first that
fails; `review` makes them all, for a preview.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ordo.application import account_rules as of_account
from ordo.application import order_rules as of_order
from ordo.application.proposal import Proposal, no_session
from ordo.domain.errors import ErrorCode, FieldFault, Invalid
from ordo.domain.limits import Limits, SoftMode
from ordo.domain.market_hours import HoursUnknown

__all__ = [
    "CHECKS",
    "ELSEWHERE",
    "Check",
    "CheckResult",
    "Elsewhere",
    "Proposal",
    "no_session",
    "require",
    "required",
    "review",
    "soft_checks",
]

_log = logging.getLogger(__name__)
_C = ErrorCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One row: `row` is that of the domain facts, `rule` says what passes. `soft` is what a soft check does unless the
    settings say otherwise; `None` makes it hard. `on_facts`: it needs the facts of the instrument. `bounds` are the
    limits that it keeps, where it keeps any: with none of them set it has nothing to say.
    """

    row: str
    name: str
    code: ErrorCode
    rule: str
    run: Callable[[Proposal], None]
    soft: SoftMode | None = None
    on_facts: bool = False
    bounds: tuple[str, ...] = ()

    def mode(self, soft: Mapping[str, SoftMode], *, is_preview: bool) -> SoftMode:
        """What it does when it fails, by the settings of the soft checks: `OFF`, `WARN` or `DENY`."""
        mode = SoftMode.DENY if self.soft is None else soft.get(self.name, self.soft)
        if mode is SoftMode.PREVIEW:
            return SoftMode.WARN if is_preview else SoftMode.OFF
        return mode

    def is_idle(self, limits: Limits) -> bool:
        """Whether every order passes under these limits."""
        if self.bounds:
            return all(getattr(limits, name) is None for name in self.bounds)
        return self.run is of_order.by_construction


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A rule that is kept where its facts are: `where` says so."""

    row: str
    name: str
    code: ErrorCode
    rule: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check said. `code`, `message` and `fields` are set where it failed; `blocks` says whether that stops the
    order.
    """

    name: str
    passed: bool
    blocks: bool = False
    code: ErrorCode | None = None
    message: str | None = None
    fields: tuple[FieldFault, ...] = ()


CHECKS: tuple[Check, ...] = (
    Check(
        row="1",
        name="kill_switch",
        code=_C.KILL_SWITCH_ACTIVE,
        rule="ACTIVE; or REDUCE_ONLY, and the order only makes a position smaller, counting every order that waits,"
        " by positions read for it. Looked at again at the instant of sending",
        run=of_account.kill_switch,
    ),
    Check(
        row="2",
        name="session",
        code=_C.INVALID_SESSION,
        rule="the account's session is ACTIVE",
        run=of_account.session,
    ),
    Check(
        row="3",
        name="instrument",
        code=_C.INVALID_INSTRUMENT,
        rule="the key is that of one instrument that trades and has not expired, and that the broker's own master"
        " lists, where it has one; no index",
        run=of_order.instrument,
    ),
    Check(
        row="3",
        name="master",
        code=_C.INVALID_INSTRUMENT,
        rule="a derivative is known from masters of today, unless ORDO_INSTRUMENTS__ALLOW_STALE",
        run=of_order.master,
        on_facts=True,
    ),
    Check(
        row="4",
        name="capability",
        code=_C.UNSUPPORTED,
        rule="the broker takes this venue, product, order type, validity, and after-market orders where asked for",
        run=of_order.capability,
    ),
    Check(
        row="5",
        name="series",
        code=_C.INVALID_ORDER,
        rule="no MIS in the delivery-only series BE, BZ and ST; CNC and MTF for shares, NRML for derivatives",
        run=of_order.series,
        on_facts=True,
    ),
    Check(
        row="6",
        name="fields",
        code=_C.INVALID_ORDER,
        rule="price and trigger are there exactly where the order type has them, and above 0",
        run=of_order.by_construction,
    ),
    Check(
        row="7",
        name="lot",
        code=_C.INVALID_ORDER,
        rule="the quantity is a multiple of the lot",
        run=of_order.lot,
        on_facts=True,
    ),
    Check(
        row="8",
        name="freeze",
        code=_C.INVALID_ORDER,
        rule="the quantity is at most the freeze quantity, where there is one",
        run=of_order.freeze,
        on_facts=True,
    ),
    Check(
        row="9",
        name="tick",
        code=_C.INVALID_ORDER,
        rule="price and trigger are multiples of the tick",
        run=of_order.tick,
        on_facts=True,
    ),
    Check(
        row="10",
        name="band",
        code=_C.INVALID_ORDER,
        rule="price and trigger are within today's band; where the exchange moves it, within 5 % beyond",
        run=of_order.band,
        on_facts=True,
    ),
    Check(
        row="10",
        name="band_now",
        code=_C.INVALID_ORDER,
        rule="price and trigger are within today's band as the master has it, where the exchange moves it",
        run=of_order.band_now,
        soft=SoftMode.WARN,
        on_facts=True,
    ),
    Check(
        row="11",
        name="trigger",
        code=_C.INVALID_ORDER,
        rule="the trigger of a BUY stop is at or below its price, of a SELL stop at or above; not equal at brokers that"
        " say so",
        run=of_order.trigger,
    ),
    Check(
        row="12",
        name="trigger_now",
        code=_C.INVALID_ORDER,
        rule="the trigger of a BUY stop is above the last price, of a SELL stop below; where a price of the last 2 s is"
        " at hand",
        run=of_order.trigger_now,
        soft=SoftMode.WARN,
    ),
    Check(
        row="13",
        name="market_hours",
        code=_C.MARKET_CLOSED,
        rule="the instrument's session takes such an order now",
        run=of_order.market_hours,
        on_facts=True,
    ),
    Check(
        row="14",
        name="square_off",
        code=_C.MARKET_CLOSED,
        rule="after the square-off time an MIS order only makes a position smaller",
        run=of_order.square_off,
        on_facts=True,
    ),
    Check(
        row="15",
        name="disclosed",
        code=_C.INVALID_ORDER,
        rule="the disclosed quantity is 1 to the quantity, on NSE or BSE, not with IOC",
        run=of_order.by_construction,
    ),
    Check(
        row="1.4",
        name="protection",
        code=_C.INVALID_ORDER,
        rule="where Ordo must make a limit of a market order: there is a fresh last price, and protection is not none",
        run=of_account.protection,
        on_facts=True,
    ),
    Check(
        row="16",
        name="cover",
        code=_C.INSUFFICIENT_HOLDINGS,
        rule="a CNC sale is at most what is held, with today's trades and without what is for sale already. The paper"
        " exchange keeps this rule itself",
        run=of_account.cover,
        soft=SoftMode.PREVIEW,
        on_facts=True,
    ),
    Check(
        row="17",
        name="order_value",
        code=_C.RISK_LIMIT,
        rule="quantity times price is at most `max_order_value`; without any price the order is refused",
        run=of_account.order_value,
        on_facts=True,
        bounds=("max_order_value",),
    ),
    Check(
        row="18",
        name="quantity",
        code=_C.RISK_LIMIT,
        rule="the quantity is at most `max_quantity`",
        run=of_account.quantity,
        bounds=("max_quantity",),
    ),
    Check(
        row="18",
        name="price_distance",
        code=_C.RISK_LIMIT,
        rule="a limit is worse than the last price by at most `max_price_distance` per cent (options:"
        " `max_option_price_distance`)",
        run=of_account.price_distance,
        on_facts=True,
        bounds=("max_price_distance", "max_option_price_distance"),
    ),
    Check(
        row="19",
        name="open_orders",
        code=_C.RISK_LIMIT,
        rule="with this one at most `max_open_orders` may still fill; orders that only close positions pass",
        run=of_account.open_orders,
        bounds=("max_open_orders",),
    ),
    Check(
        row="19",
        name="exposure",
        code=_C.RISK_LIMIT,
        rule="the day's positions, with this and all open orders filled, are at most `max_exposure`; orders that only"
        " close positions pass",
        run=of_account.exposure,
        on_facts=True,
        bounds=("max_exposure",),
    ),
    Check(
        row="19",
        name="daily_loss",
        code=_C.RISK_LIMIT,
        rule="the day's positions have lost less than `max_daily_loss`; orders that only close positions pass",
        run=of_account.daily_loss,
        bounds=("max_daily_loss",),
    ),
    Check(
        row="21",
        name="rate_budget",
        code=_C.ORDER_BUDGET,
        rule="the order budget has a place within the longest wait. Taken at the instant of sending",
        run=of_account.rate_budget,
    ),
    Check(
        row="23",
        name="funds",
        code=_C.INSUFFICIENT_FUNDS,
        rule="what is paid in full (CNC, options) costs at most what is available; an estimate",
        run=of_account.funds,
        soft=SoftMode.PREVIEW,
        on_facts=True,
    ),
)

ELSEWHERE: tuple[Elsewhere, ...] = (
    Elsewhere(
        row="20",
        name="duplicate",
        code=_C.INVALID_ORDER,
        rule="no equal order within seconds under another key, unless it is allowed",
        where="where keys are reserved",
    ),
    Elsewhere(
        row="22",
        name="modify",
        code=_C.OPERATION_PENDING,
        rule="the order is live, no other operation on it is under way, and the new quantity is above what is filled;"
        " then every check above",
        where="where orders are changed",
    ),
)
"""Rules of the same section that look at more than a proposal."""


def soft_checks(soft: Mapping[str, SoftMode], *, is_preview: bool) -> frozenset[str]:
    """The names of the soft checks that are made."""
    modes = ((check, check.mode(soft, is_preview=is_preview)) for check in CHECKS if check.soft is not None)
    return frozenset(check.name for check, mode in modes if mode is not SoftMode.OFF)


def required(limits: Limits, soft: Mapping[str, SoftMode]) -> tuple[tuple[Check, bool], ...]:
    """The checks that an order can fail under these settings, in their order, and whether that stops it."""
    modes = ((check, check.mode(soft, is_preview=False)) for check in CHECKS)
    return tuple(
        (check, mode is SoftMode.DENY)
        for check, mode in modes
        if mode is not SoftMode.OFF and not check.is_idle(limits)
    )


def require(proposal: Proposal, checks: tuple[tuple[Check, bool], ...] | None = None) -> None:
    """Raise the first failure that stops the order, if there is one: `Invalid`, or `HoursUnknown` where the calendar
    can't tell. What only warns is logged. `checks` are those `required` by the proposal's own limits and soft checks,
    for a caller who has worked them out before.
    """
    for check, stops in required(proposal.limits, proposal.soft) if checks is None else checks:
        if stops:
            check.run(proposal)
            continue
        try:
            check.run(proposal)
        except Invalid as error:
            _log.warning("the check %s of an order of %s warns: %s", check.name, proposal.account, error.message)


def review(proposal: Proposal) -> tuple[CheckResult, ...]:
    """The result of every check that can be made; without a known instrument those on its facts can't."""
    results = []
    for check in CHECKS:
        mode = check.mode(proposal.soft, is_preview=proposal.is_preview)
        if mode is SoftMode.OFF or (proposal.instrument is None and check.on_facts):
            continue
        try:
            check.run(proposal)
            results.append(CheckResult(name=check.name, passed=True))
        except (Invalid, HoursUnknown) as error:
            results.append(
                CheckResult(
                    name=check.name,
                    passed=False,
                    blocks=mode is SoftMode.DENY,
                    code=error.code,
                    message=error.message,
                    fields=error.fields,
                )
            )
    return tuple(results)
