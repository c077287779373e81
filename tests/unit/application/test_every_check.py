"""Each row of the table of checks: an order that passes, one at the boundary that still passes, one just beyond."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from ordo.adapters.calendar.files import FileMarketCalendar
from ordo.application.checks import CHECKS, CheckResult, Proposal, require, required, review
from ordo.domain.book import BrokerOrder
from ordo.domain.calendar import IST
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.exposure import AccountFacts
from ordo.domain.limits import NO_LIMITS, Limits, SoftMode
from ordo.domain.market import Quote
from ordo.domain.orders import OrderStatus, OrderType, PlaceOrder, Product, Side, Validity
from ordo.domain.portfolio import Funds
from ordo.domain.protection import MarketOrders
from ordo.domain.safety import KillState, KillSwitch
from ordo.domain.sessions import Secret, Session
from tests.support.broker import ALL
from tests.support.clock import MONDAY_MORNING
from tests.support.orders import ACCOUNT, BUY_TEN, NIFTY_CALL, SBIN, option, order_of, row_of, share
from tests.support.positions import holding, position

HOURS = FileMarketCalendar(None).hours
DENYING = {check.name: SoftMode.DENY for check in CHECKS if check.soft is not None}
SESSION = Session(
    account=ACCOUNT,
    access_token=Secret("t"),
    issued_at=MONDAY_MORNING,
    expires_at=datetime(2026, 11, 23, 21, 30, tzinfo=UTC),
)
MIS = replace(BUY_TEN, product=Product.MIS)
SALE = replace(MIS, side=Side.SELL)
LOT = replace(BUY_TEN, instrument=NIFTY_CALL, product=Product.NRML, quantity=65, price=Decimal("101.05"))
MARKET = replace(BUY_TEN, order_type=OrderType.MARKET, price=None)
STOP = replace(BUY_TEN, order_type=OrderType.STOP_LIMIT, trigger_price=Decimal("799.95"))
LONG_TEN = AccountFacts(positions=(position(10),), orders=())
NOTHING = AccountFacts(positions=(), orders=())
BANDED = replace(option(), band_low=Decimal(100), band_high=Decimal(200))


def proposal(terms: PlaceOrder = BUY_TEN, **parts: object) -> Proposal:
    whole = Proposal(
        account=ACCOUNT,
        terms=terms,
        instrument=share() if terms.instrument == SBIN else option(terms.instrument),
        capabilities=ALL,
        session=SESSION,
        switch=None,
        now=MONDAY_MORNING,
        soft=DENYING,
        facts=replace(NOTHING, holdings=(holding(100),), funds=funds("999999")),
    )
    return replace(whole, **parts)  # type: ignore[arg-type]


def switch(state: KillState) -> KillSwitch:
    return KillSwitch(state=state, changed_by="asha", changed_at=MONDAY_MORNING, reason="r")


def quote(price: str = "800", age: float = 0) -> Quote:
    return Quote(instrument=SBIN, last_price=Decimal(price), timestamp=MONDAY_MORNING - timedelta(seconds=age))


def funds(available: str | None) -> Funds:
    known = None if available is None else Decimal(available)
    return Funds(as_of=MONDAY_MORNING, cash=None, available=known)


def waiting(terms: PlaceOrder = BUY_TEN, *, filled: int = 0, number: int = 1) -> BrokerOrder:
    status = OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.OPEN
    order = order_of(terms, order_id=f"37500000000010{number}")
    return row_of(order, status, filled=filled, broker_order_id=f"W{number}")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-23 {text}").replace(tzinfo=IST)


def market(price: str) -> Limits:
    return Limits(max_order_value=Decimal(price))


@dataclass(frozen=True, kw_only=True)
class Case:
    code: ErrorCode
    passes: Callable[[], Proposal]
    boundary: Callable[[], Proposal]
    fails: Callable[[], Proposal]


def _reducing(quantity: int) -> Proposal:
    facts = replace(LONG_TEN, orders=(waiting(replace(SALE, quantity=4)), waiting(MIS, number=2)))
    return proposal(replace(SALE, quantity=quantity), switch=switch(KillState.REDUCE_ONLY), facts=facts)


def _gateway_converts(last: Quote | None) -> Proposal:
    return proposal(MARKET, capabilities=replace(ALL, market_orders=MarketOrders.GATEWAY), quote=last)


def _exposed(most: str) -> Proposal:
    facts = AccountFacts(positions=(position(10),), orders=(waiting(replace(MIS, quantity=5)),))
    return proposal(MIS, facts=facts, limits=Limits(max_exposure=Decimal(most)))


def _lost(last: str) -> Proposal:
    facts = AccountFacts(positions=(position(10, last=last),), orders=())
    return proposal(MIS, facts=facts, limits=Limits(max_daily_loss=Decimal(100)))


_SOLD_OUT = replace(BUY_TEN, side=Side.SELL, quantity=7)
_COVER = AccountFacts(
    positions=(position(-1, product=Product.CNC),),
    orders=(waiting(replace(_SOLD_OUT, quantity=2)),),
    holdings=(holding(12, pledged=2),),
)
_NO_PLACE = Invalid(ErrorCode.ORDER_BUDGET, "The order was not sent: no place.", retry_after_ms=700)

CASES: dict[str, Case] = {
    "kill_switch": Case(
        code=ErrorCode.KILL_SWITCH_ACTIVE,
        passes=lambda: proposal(switch=switch(KillState.ACTIVE)),
        boundary=lambda: _reducing(6),
        fails=lambda: _reducing(7),
    ),
    "session": Case(
        code=ErrorCode.INVALID_SESSION,
        passes=proposal,
        boundary=lambda: proposal(now=SESSION.expires_at - timedelta(microseconds=1)),
        fails=lambda: proposal(now=SESSION.expires_at),
    ),
    "instrument": Case(
        code=ErrorCode.INVALID_INSTRUMENT,
        passes=proposal,
        boundary=lambda: proposal(replace(LOT, instrument=replace(NIFTY_CALL, expiry=date(2026, 11, 23)))),
        fails=lambda: proposal(replace(LOT, instrument=replace(NIFTY_CALL, expiry=date(2026, 11, 22)))),
    ),
    "master": Case(
        code=ErrorCode.INVALID_INSTRUMENT,
        passes=lambda: proposal(LOT),
        boundary=lambda: proposal(stale=("fyers",)),
        fails=lambda: proposal(LOT, stale=("fyers",)),
    ),
    "capability": Case(
        code=ErrorCode.UNSUPPORTED,
        passes=proposal,
        boundary=lambda: proposal(capabilities=replace(ALL, products=frozenset({Product.CNC}))),
        fails=lambda: proposal(capabilities=replace(ALL, products=frozenset({Product.MIS}))),
    ),
    "series": Case(
        code=ErrorCode.INVALID_ORDER,
        passes=lambda: proposal(MIS),
        boundary=lambda: proposal(instrument=replace(share(), series="BE")),
        fails=lambda: proposal(MIS, instrument=replace(share(), series="BE")),
    ),
    "fields": Case(
        code=ErrorCode.INVALID_ORDER,
        passes=proposal,
        boundary=lambda: proposal(replace(BUY_TEN, price=Decimal("0.05"))),
        fails=lambda: proposal(replace(BUY_TEN, price=Decimal(0))),
    ),
    "lot": Case(
        code=ErrorCode.INVALID_ORDER,
        passes=lambda: proposal(LOT),
        boundary=lambda: proposal(replace(LOT, quantity=130)),
        fails=lambda: proposal(replace(LOT, quantity=131)),
    ),
    "freeze": Case(
        code=ErrorCode.INVALID_ORDER,
        passes=lambda: proposal(LOT),
        boundary=lambda: proposal(replace(LOT, quantity=1800), instrument=replace(option(), lot_size=1)),
        fails=lambda: proposal(replace(LOT, quantity=1801), instrument=replace(option(), lot_size=1)),
    ),
    "tick": Case(
        code=ErrorCode.INVALID_ORDER,
        passes=proposal,
        boundary=lambda: proposal(replace(BUY_TEN, price=Decimal("800.05"))),
        fails=lambda: proposal(replace(BUY_TEN, price=Decimal("800.06"))),
    ),
    "band": Case(
        code=ErrorCode.INVALID_ORDER,
        passes=lambda: proposal(LOT, instrument=BANDED),
        boundary=lambda: proposal(replace(LOT, price=Decimal(210)), instrument=BANDED, soft={}),
        fails=lambda: proposal(replace(LOT, price=Decimal("210.05")), instrument=BANDED, soft={}),
    ),
    "band_now": Case(
        code=ErrorCode.INVALID_ORDER,
        passes=lambda: proposal(LOT, instrument=BANDED),
        boundary=lambda: proposal(replace(LOT, price=Decimal(200)), instrument=BANDED),
        fails=lambda: proposal(replace(LOT, price=Decimal("200.05")), instrument=BANDED),
    ),
    "trigger": Case(
        code=ErrorCode.INVALID_ORDER,
        passes=lambda: proposal(replace(STOP, trigger_price=STOP.price)),
        boundary=lambda: proposal(STOP, capabilities=replace(ALL, strict_trigger=True)),
        fails=lambda: proposal(replace(STOP, trigger_price=STOP.price), capabilities=replace(ALL, strict_trigger=True)),
    ),
    "trigger_now": Case(
        code=ErrorCode.INVALID_ORDER,
        passes=lambda: proposal(STOP, quote=quote("799.90")),
        boundary=lambda: proposal(STOP, quote=quote("799.95", age=2.001)),
        fails=lambda: proposal(STOP, quote=quote("799.95", age=2)),
    ),
    "market_hours": Case(
        code=ErrorCode.MARKET_CLOSED,
        passes=lambda: proposal(hours=HOURS),
        boundary=lambda: proposal(STOP, hours=HOURS, now=at("09:15")),
        fails=lambda: proposal(STOP, hours=HOURS, now=at("09:14:59")),
    ),
    "square_off": Case(
        code=ErrorCode.MARKET_CLOSED,
        passes=lambda: proposal(MIS, hours=HOURS),
        boundary=lambda: proposal(SALE, hours=HOURS, now=at("15:20"), facts=LONG_TEN),
        fails=lambda: proposal(MIS, hours=HOURS, now=at("15:20"), facts=LONG_TEN),
    ),
    "disclosed": Case(
        code=ErrorCode.INVALID_ORDER,
        passes=lambda: proposal(replace(BUY_TEN, disclosed_quantity=1)),
        boundary=lambda: proposal(replace(BUY_TEN, disclosed_quantity=10)),
        fails=lambda: proposal(replace(BUY_TEN, disclosed_quantity=11)),
    ),
    "protection": Case(
        code=ErrorCode.INVALID_ORDER,
        passes=lambda: _gateway_converts(quote()),
        boundary=lambda: _gateway_converts(quote(age=30)),
        fails=lambda: _gateway_converts(quote(age=30.001)),
    ),
    "cover": Case(
        code=ErrorCode.INSUFFICIENT_HOLDINGS,
        passes=lambda: proposal(replace(_SOLD_OUT, quantity=1), facts=_COVER),
        boundary=lambda: proposal(_SOLD_OUT, facts=_COVER),
        fails=lambda: proposal(replace(_SOLD_OUT, quantity=8), facts=_COVER),
    ),
    "order_value": Case(
        code=ErrorCode.RISK_LIMIT,
        passes=lambda: proposal(limits=market("9000")),
        boundary=lambda: proposal(limits=market("8000")),
        fails=lambda: proposal(limits=market("7999.99")),
    ),
    "quantity": Case(
        code=ErrorCode.RISK_LIMIT,
        passes=proposal,
        boundary=lambda: proposal(limits=Limits(max_quantity=10)),
        fails=lambda: proposal(limits=Limits(max_quantity=9)),
    ),
    "price_distance": Case(
        code=ErrorCode.RISK_LIMIT,
        passes=lambda: proposal(limits=Limits(max_price_distance=Decimal(5)), quote=quote("2000")),
        boundary=lambda: proposal(
            replace(BUY_TEN, price=Decimal(840)), limits=Limits(max_price_distance=Decimal(5)), quote=quote()
        ),
        fails=lambda: proposal(
            replace(BUY_TEN, price=Decimal("840.05")), limits=Limits(max_price_distance=Decimal(5)), quote=quote()
        ),
    ),
    "open_orders": Case(
        code=ErrorCode.RISK_LIMIT,
        passes=lambda: proposal(limits=Limits(max_open_orders=1)),
        boundary=lambda: proposal(limits=Limits(max_open_orders=2), facts=replace(NOTHING, orders=(waiting(),))),
        fails=lambda: proposal(limits=Limits(max_open_orders=1), facts=replace(NOTHING, orders=(waiting(),))),
    ),
    "exposure": Case(
        code=ErrorCode.RISK_LIMIT,
        passes=lambda: _exposed("99999"),
        boundary=lambda: _exposed("20000"),
        fails=lambda: _exposed("19999.99"),
    ),
    "daily_loss": Case(
        code=ErrorCode.RISK_LIMIT,
        passes=lambda: _lost("900"),
        boundary=lambda: _lost("790.01"),
        fails=lambda: _lost("790"),
    ),
    "rate_budget": Case(
        code=ErrorCode.ORDER_BUDGET,
        passes=proposal,
        boundary=lambda: proposal(no_place=None),
        fails=lambda: proposal(no_place=_NO_PLACE),
    ),
    "funds": Case(
        code=ErrorCode.INSUFFICIENT_FUNDS,
        passes=lambda: proposal(facts=replace(NOTHING, funds=funds("9000"))),
        boundary=lambda: proposal(facts=replace(NOTHING, funds=funds("8000"))),
        fails=lambda: proposal(facts=replace(NOTHING, funds=funds("7999.99"))),
    ),
}


def test_every_check_of_the_table_has_its_case() -> None:
    assert list(CASES) == [check.name for check in CHECKS]
    assert {name: case.code for name, case in CASES.items()} == {check.name: check.code for check in CHECKS}


@pytest.mark.parametrize("name", CASES)
def test_it_passes(name: str) -> None:
    require(CASES[name].passes())


@pytest.mark.parametrize("name", CASES)
def test_it_passes_at_its_boundary(name: str) -> None:
    require(CASES[name].boundary())


@pytest.mark.parametrize("name", CASES)
def test_it_fails_beyond_and_a_preview_shows_it(name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        require(CASES[name].fails())
    assert refusal.value.code is CASES[name].code
    assert refusal.value.message.startswith(("The order was not sent: ", "Nothing was sent: "))
    if name not in ("fields", "disclosed"):  # Those terms can't be built, so no preview of them is ever asked for.
        failed = _result(CASES[name].fails(), name)
        assert (failed.passed, failed.blocks, failed.code) == (False, True, CASES[name].code)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    "limits", [NO_LIMITS, Limits(max_quantity=10**6), Limits(max_option_price_distance=Decimal(5))]
)
def test_only_what_would_have_passed_is_left_out(name: str, limits: Limits) -> None:
    case = CASES[name]
    for make in (case.passes, case.boundary, *(() if name in ("fields", "disclosed") else (case.fails,))):
        subject = make()
        for bound in (replace(subject, limits=limits), subject):
            made = [check for check, _ in required(bound.limits, bound.soft)]
            assert made == [check for check in CHECKS if check in made]
            for check in CHECKS:
                if check not in made and bound.instrument is not None:
                    check.run(bound)


def _result(subject: Proposal, name: str) -> CheckResult:
    return next(result for result in review(subject) if result.name == name)


SOFT = [check for check in CHECKS if check.soft is not None]


@pytest.mark.parametrize("check", SOFT, ids=lambda check: check.name)
def test_a_soft_check_only_warns_where_it_shall(check: object, caplog: pytest.LogCaptureFixture) -> None:
    name = check.name  # type: ignore[attr-defined]
    failing = replace(CASES[name].fails(), soft={name: SoftMode.WARN})
    require(failing)
    assert f"the check {name} of an order" in caplog.text
    shown = _result(failing, name)
    assert (shown.passed, shown.blocks) == (False, False)


@pytest.mark.parametrize("check", SOFT, ids=lambda check: check.name)
def test_a_soft_check_is_not_made_where_it_is_off(check: object, caplog: pytest.LogCaptureFixture) -> None:
    name = check.name  # type: ignore[attr-defined]
    silent = replace(CASES[name].fails(), soft={one.name: SoftMode.OFF for one in SOFT})
    require(silent)
    assert caplog.text == ""
    assert name not in [result.name for result in review(silent)]


def test_what_is_soft_unless_the_settings_say_otherwise() -> None:
    assert {check.name: check.soft for check in SOFT} == {
        "band_now": SoftMode.WARN,
        "trigger_now": SoftMode.WARN,
        "cover": SoftMode.PREVIEW,
        "funds": SoftMode.PREVIEW,
    }


def test_what_costs_reads_is_told_in_a_preview_and_holds_no_order_up() -> None:
    unheld = proposal(_SOLD_OUT, facts=NOTHING, soft={})
    require(unheld)
    assert "cover" not in {result.name for result in review(unheld)}
    shown = _result(replace(unheld, is_preview=True), "cover")
    assert (shown.passed, shown.blocks, shown.code) == (False, False, ErrorCode.INSUFFICIENT_HOLDINGS)


# What a limit needs and can't have is refused.


@pytest.mark.parametrize(
    "limits",
    [
        Limits(max_open_orders=9),
        Limits(max_exposure=Decimal(10**9)),
        Limits(max_daily_loss=Decimal(10**9)),
    ],
)
def test_a_limit_that_needs_the_account_refuses_when_it_can_not_be_read(limits: Limits) -> None:
    assert limits.needs_account
    with pytest.raises(Invalid, match="can't be checked") as refusal:
        require(proposal(limits=limits, facts=None, soft={}))
    assert refusal.value.code is ErrorCode.RISK_LIMIT


def test_without_any_price_there_is_no_value_and_no_order() -> None:
    for limits in (Limits(max_order_value=Decimal(10**9)), Limits(max_exposure=Decimal(10**9))):
        with pytest.raises(Invalid, match="no price to measure by"):
            require(proposal(MARKET, limits=limits, soft={}))
        require(proposal(MARKET, limits=limits, quote=quote()))
    with pytest.raises(Invalid, match="no fresh last price"):
        require(proposal(limits=Limits(max_price_distance=Decimal(5)), quote=quote(age=31)))


def test_a_limit_far_on_the_safe_side_is_no_fat_finger() -> None:
    limits = Limits(max_price_distance=Decimal(5))
    require(proposal(replace(BUY_TEN, price=Decimal(100)), limits=limits, quote=quote()))
    require(proposal(replace(SALE, price=Decimal(1500)), limits=limits, quote=quote()))
    with pytest.raises(Invalid, match="may go to 760"):
        require(proposal(replace(SALE, price=Decimal("759.95")), limits=limits, quote=quote()))


def test_options_have_a_distance_of_their_own() -> None:
    limits = Limits(max_price_distance=Decimal(5), max_option_price_distance=Decimal(40))
    last = replace(quote("100"), instrument=NIFTY_CALL)
    require(proposal(replace(LOT, price=Decimal(140)), limits=limits, quote=last, facts=None, soft={}))
    with pytest.raises(Invalid, match="more than 40 %"):
        require(proposal(replace(LOT, price=Decimal("140.05")), limits=limits, quote=last, facts=None, soft={}))


def test_orders_that_only_close_positions_pass_the_limits_of_the_account() -> None:
    limits = Limits(max_open_orders=1, max_exposure=Decimal(1), max_daily_loss=Decimal(1))
    facts = AccountFacts(positions=(position(10, last="700"),), orders=(waiting(MIS),))
    require(proposal(SALE, limits=limits, facts=facts))


def test_a_loss_or_a_price_that_nobody_tells_refuses() -> None:
    silent = replace(position(10), pnl=None, last_price=None)
    with pytest.raises(Invalid, match="does not tell the profit"):
        require(
            proposal(MIS, limits=Limits(max_daily_loss=Decimal(1)), facts=AccountFacts(positions=(silent,), orders=()))
        )
    unpriced = waiting(replace(LOT, order_type=OrderType.MARKET, price=None))
    with pytest.raises(Invalid, match="has no price"):
        require(
            proposal(
                MIS, limits=Limits(max_exposure=Decimal(10**9)), facts=AccountFacts(positions=(), orders=(unpriced,))
            )
        )


def test_a_position_that_was_closed_today_counts_with_what_it_won_or_lost() -> None:
    closed = replace(position(10), quantity=0, sell_quantity=10, sell_value=Decimal(7900), pnl=None)
    with pytest.raises(Invalid, match="max_daily_loss"):
        require(
            proposal(
                MIS, limits=Limits(max_daily_loss=Decimal(100)), facts=AccountFacts(positions=(closed,), orders=())
            )
        )


def test_an_estimate_without_its_parts_is_none() -> None:
    for facts in (None, NOTHING, replace(NOTHING, funds=funds(None))):
        require(proposal(facts=facts, soft={"funds": SoftMode.DENY}))
    require(proposal(MIS, facts=replace(NOTHING, funds=funds("1"))))


def test_a_cover_that_can_not_be_read_refuses_where_it_is_asked_for() -> None:
    with pytest.raises(Invalid, match="can't be checked"):
        require(proposal(_SOLD_OUT, facts=None, soft={"cover": SoftMode.DENY}))


def test_a_modification_counts_what_is_filled_already_and_itself_only_once() -> None:
    order = replace(order_of(_SOLD_OUT), broker_order_id="W1", status=OrderStatus.PARTIALLY_FILLED, filled_quantity=3)
    facts = AccountFacts(
        positions=(position(-3, product=Product.CNC),),
        orders=(waiting(_SOLD_OUT, filled=3),),
        holdings=(holding(10),),
    )
    require(proposal(replace(_SOLD_OUT, quantity=10), changing=order, facts=facts))
    with pytest.raises(Invalid):
        require(proposal(replace(_SOLD_OUT, quantity=11), changing=order, facts=facts))
    require(proposal(changing=order, limits=Limits(max_open_orders=1), facts=facts))


def test_an_order_whose_fate_is_unknown_counts_as_waiting() -> None:
    lost = order_of(replace(SALE, quantity=4))
    facts = replace(LONG_TEN, unsettled=(lost,))
    reduce = switch(KillState.REDUCE_ONLY)
    require(proposal(replace(SALE, quantity=6), switch=reduce, facts=facts))
    with pytest.raises(Invalid):
        require(proposal(replace(SALE, quantity=7), switch=reduce, facts=facts))
    shown = replace(facts, orders=(row_of(lost, filled=0),))
    require(proposal(replace(SALE, quantity=6), switch=reduce, facts=shown))


def test_ioc_can_not_hide_a_part() -> None:
    with pytest.raises(Invalid):
        replace(BUY_TEN, disclosed_quantity=1, validity=Validity.IOC)
