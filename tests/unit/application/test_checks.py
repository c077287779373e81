from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordo.application.checks import CHECKS, Proposal, require, review
from ordo.application.context import Context
from ordo.application.master_sync import stale_masters
from ordo.application.screening import Rules
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import Instrument, InstrumentKey
from ordo.domain.limits import SoftMode
from ordo.domain.masters import MasterReport
from ordo.domain.orders import OrderTerms, OrderType, Product
from ordo.domain.safety import KillState, KillSwitch
from ordo.domain.sessions import Secret, Session, SessionState
from tests.support.broker import ALL
from tests.support.clock import MONDAY_MORNING
from tests.support.house import House
from tests.support.orders import ACCOUNT, BUY_TEN, NIFTY_CALL, option, share

_TODAY = MONDAY_MORNING.date()
_MADE = [check.name for check in CHECKS if check.soft is not SoftMode.PREVIEW]
_LOT = replace(BUY_TEN, instrument=NIFTY_CALL, product=Product.NRML, quantity=65, price=Decimal("101.05"))
_SESSION = Session(
    account=ACCOUNT,
    access_token=Secret("t"),
    issued_at=MONDAY_MORNING,
    expires_at=datetime(2026, 11, 23, 21, 30, tzinfo=UTC),
)


def _proposal(terms: OrderTerms = BUY_TEN, instrument: Instrument | None = None, **parts: object) -> Proposal:
    whole = Proposal(
        account=ACCOUNT,
        terms=terms,
        instrument=instrument or (share() if terms.instrument == share().key else option(terms.instrument)),
        capabilities=ALL,
        session=_SESSION,
        switch=None,
        now=MONDAY_MORNING,
    )
    return replace(whole, **parts)  # type: ignore[arg-type]


def _refusal(proposal: Proposal) -> Invalid:
    with pytest.raises(Invalid) as refusal:
        require(proposal)
    assert refusal.value.message.startswith(("The order was not sent: ", "Nothing was sent: "))
    return refusal.value


def _fields(error: Invalid) -> list[str]:
    return [fault.field for fault in error.fields]


def test_an_order_that_fits_passes_every_check() -> None:
    for proposal in (_proposal(), _proposal(_LOT)):
        require(proposal)
        results = review(proposal)
        assert [result.name for result in results] == _MADE
        assert all(result.passed for result in results)


def test_a_review_tells_everything_that_is_wrong_and_require_the_first() -> None:
    proposal = _proposal(replace(_LOT, quantity=66, price=Decimal("101.03")), session=None)
    failed = {result.name: result for result in review(proposal) if not result.passed}
    assert set(failed) == {"session", "lot", "tick"}
    assert failed["tick"].code is ErrorCode.INVALID_ORDER
    assert [fault.field for fault in failed["tick"].fields] == ["price"]
    assert failed["lot"].message is not None
    assert _refusal(proposal).code is ErrorCode.INVALID_SESSION


@pytest.mark.parametrize("state", KillState)
def test_the_switch(state: KillState) -> None:
    switch = KillSwitch(state=state, changed_by="asha", changed_at=MONDAY_MORNING, reason="r")
    if state is KillState.ACTIVE:
        require(_proposal(switch=switch))
    else:
        assert _refusal(_proposal(switch=switch)).code is ErrorCode.KILL_SWITCH_ACTIVE


@pytest.mark.parametrize(
    ("session", "state"),
    [
        (None, SessionState.NONE),
        (replace(_SESSION, expires_at=MONDAY_MORNING), SessionState.EXPIRED),
        (replace(_SESSION, suspect=True), SessionState.SUSPECT),
    ],
)
def test_a_session_that_may_not_be_used(session: Session | None, state: SessionState) -> None:
    error = _refusal(_proposal(session=session))
    assert error.code is ErrorCode.INVALID_SESSION
    assert f"is {state}" in error.message
    assert "ordo login scripted XA1" in error.message


def test_an_instrument_that_nobody_knows() -> None:
    proposal = replace(_proposal(), instrument=None)
    error = _refusal(proposal)
    assert (error.code, _fields(error)) == (ErrorCode.INVALID_INSTRUMENT, ["instrument"])
    names = {result.name for result in review(proposal)}
    assert names == {check.name for check in CHECKS if not check.on_facts and check.soft is not SoftMode.PREVIEW}
    assert names >= {"kill_switch", "session", "instrument", "capability", "quantity", "rate_budget"}
    assert [result.name for result in review(proposal) if not result.passed] == ["instrument"]


def test_an_instrument_that_does_not_trade() -> None:
    error = _refusal(_proposal(instrument=replace(share(), tradable=False)))
    assert (error.code, _fields(error)) == (ErrorCode.INVALID_INSTRUMENT, ["instrument"])


@pytest.mark.parametrize(
    ("expiry", "now", "ok"),
    [
        (date(2026, 11, 24), MONDAY_MORNING, True),
        (date(2026, 11, 23), MONDAY_MORNING, True),
        (date(2026, 11, 23), datetime(2026, 11, 23, 18, 29, 59, tzinfo=UTC), True),
        (date(2026, 11, 23), datetime(2026, 11, 23, 18, 30, tzinfo=UTC), False),
        (date(2026, 11, 20), MONDAY_MORNING, False),
    ],
)
def test_an_option_may_be_traded_through_its_last_day_in_india(expiry: date, now: datetime, *, ok: bool) -> None:
    key = replace(NIFTY_CALL, expiry=expiry)
    proposal = _proposal(replace(_LOT, instrument=key), option(key), now=now)
    if ok:
        require(proposal)
    else:
        error = _refusal(proposal)
        assert error.code is ErrorCode.INVALID_INSTRUMENT
        assert str(expiry) in error.message


def test_a_capability_that_is_missing() -> None:
    proposal = _proposal(capabilities=replace(ALL, order_types=frozenset({OrderType.MARKET})))
    assert _refusal(proposal).code is ErrorCode.UNSUPPORTED


@pytest.mark.parametrize("series", ["BE", "BZ", "ST"])
def test_delivery_only_series(series: str) -> None:
    instrument = replace(share(), series=series)
    assert _fields(_refusal(_proposal(replace(BUY_TEN, product=Product.MIS), instrument))) == ["product"]
    require(_proposal(BUY_TEN, instrument))
    require(_proposal(replace(BUY_TEN, product=Product.MIS), replace(instrument, series="EQ")))
    require(_proposal(replace(BUY_TEN, product=Product.MIS)))


@pytest.mark.parametrize(
    ("quantity", "near"), [(64, "nearest: 65"), (66, "nearest: 65 and 130"), (1, "nearest: 65"), (129, "65 and 130")]
)
def test_a_quantity_that_is_no_multiple_of_the_lot(quantity: int, near: str) -> None:
    error = _refusal(_proposal(replace(_LOT, quantity=quantity)))
    assert _fields(error) == ["quantity"]
    assert near in error.message


@pytest.mark.parametrize(("quantity", "ok"), [(65, True), (130, True), (1755, True), (1820, False)])
def test_lot_and_freeze_at_their_bounds(quantity: int, *, ok: bool) -> None:
    proposal = _proposal(replace(_LOT, quantity=quantity))
    if ok:
        require(proposal)
    else:
        error = _refusal(proposal)
        assert _fields(error) == ["quantity"]
        assert "split it into 2 orders" in error.message


def test_the_freeze_quantity_itself_passes() -> None:
    instrument = replace(option(), lot_size=60)
    require(_proposal(replace(_LOT, quantity=1800), instrument))
    assert _fields(_refusal(_proposal(replace(_LOT, quantity=1860), instrument))) == ["quantity"]
    require(_proposal(replace(_LOT, quantity=1860), replace(instrument, freeze_quantity=None)))
    require(_proposal(replace(BUY_TEN, quantity=1_000_000)))


@pytest.mark.parametrize(
    ("tick", "price", "near"),
    [
        ("0.05", "800.01", "nearest: 800.00 and 800.05"),
        ("0.05", "0.01", "nearest: 0.00 and 0.05"),
        ("0.0025", "83.2510", "nearest: 83.2500 and 83.2525"),
        ("5", "20001", "nearest: 20000.00 and 20005.00"),
        ("1E+1", "801", "nearest: 800.00 and 810.00"),
    ],
)
def test_a_price_beside_the_tick_is_told_its_neighbours(tick: str, price: str, near: str) -> None:
    instrument = replace(share(), tick_size=Decimal(tick))
    error = _refusal(_proposal(replace(BUY_TEN, price=Decimal(price)), instrument))
    assert _fields(error) == ["price"]
    assert near in error.message


def test_a_trigger_is_on_the_tick_too() -> None:
    stop = replace(BUY_TEN, order_type=OrderType.STOP_LIMIT, trigger_price=Decimal("799.99"))
    assert _fields(_refusal(_proposal(stop))) == ["trigger_price"]
    require(_proposal(replace(stop, trigger_price=Decimal("799.95"))))


@given(steps=st.integers(1, 100_000), beside=st.integers(1, 499))
def test_every_tick_passes_and_nothing_between_two(steps: int, beside: int) -> None:
    price = steps * Decimal("0.05")
    require(_proposal(replace(BUY_TEN, price=price)))
    assert _fields(_refusal(_proposal(replace(BUY_TEN, price=price + Decimal(beside) / 10_000)))) == ["price"]


@pytest.mark.parametrize(
    ("price", "ok"), [("720.00", True), ("719.95", False), ("880.00", True), ("880.05", False), ("800.00", True)]
)
def test_the_bounds_of_the_band_belong_to_it(price: str, *, ok: bool) -> None:
    banded = replace(share(), band_low=Decimal("720.00"), band_high=Decimal("880.00"))
    proposal = _proposal(replace(BUY_TEN, price=Decimal(price)), banded)
    if ok:
        require(proposal)
    else:
        error = _refusal(proposal)
        assert _fields(error) == ["price"]
        assert ("at least 720.00" if Decimal(price) < 800 else "at most 880.00") in error.message


def test_each_side_of_the_band_counts_alone() -> None:
    floor = replace(share(), band_low=Decimal("900.00"))
    ceiling = replace(share(), band_high=Decimal("700.00"))
    assert "at least 900.00" in _refusal(_proposal(instrument=floor)).message
    assert "at most 700.00" in _refusal(_proposal(instrument=ceiling)).message


def test_a_band_of_another_day_proves_nothing() -> None:
    old = replace(share(), band_low=Decimal("900.00"), as_of=date(2026, 11, 20))
    require(_proposal(instrument=old))


def test_a_market_order_has_no_price_to_check() -> None:
    banded = replace(share(), band_low=Decimal("900.00"))
    require(_proposal(replace(BUY_TEN, order_type=OrderType.MARKET, price=None), banded))


# Preview.


async def test_a_preview_runs_every_check_and_sends_nothing(house: House) -> None:
    preview = await house.now.orders.preview(ACCOUNT, BUY_TEN)
    assert preview.would_send
    assert [check.name for check in preview.checks] == [check.name for check in CHECKS]
    assert sorted(house.broker.calls) == ["funds", "holdings", "orders", "positions"]
    wrong = replace(BUY_TEN, instrument=InstrumentKey.parse("NSE:NOBODY"))
    preview = await house.now.orders.preview(ACCOUNT, wrong)
    assert not preview.would_send
    assert len(house.broker.calls) == 4
    assert house.audit.events == []
    assert await house.intents.unsettled() == ()


async def test_a_preview_without_a_session_tells_the_rest_too(house: House) -> None:
    await house.session_store.delete(ACCOUNT)
    await house.now.safety.set(KillState.HALTED, "test")
    preview = await house.now.orders.preview(ACCOUNT, BUY_TEN)
    assert {check.name for check in preview.checks if not check.passed} == {"session", "kill_switch"}


def test_a_derivative_needs_masters_of_today_and_a_share_does_not() -> None:
    error = _refusal(_proposal(_LOT, stale=("fyers", "hdfc")))
    assert (error.code, _fields(error)) == (ErrorCode.INVALID_INSTRUMENT, ["instrument"])
    assert "not dated today (fyers, hdfc)" in error.message
    require(_proposal(stale=("fyers",)))


def test_only_the_orders_own_master_must_be_of_today() -> None:
    today = date(2026, 11, 23)
    fresh = MasterReport(name="fyers", as_of=today, loaded_at=MONDAY_MORNING, rows=1)
    old = replace(fresh, name="hdfc", as_of=today - timedelta(days=3))
    listed = {"fyers": "F", "hdfc": "H"}
    for kind, stale in (("fyers", ()), ("hdfc", ("hdfc",)), ("paper", ("hdfc",))):
        assert stale_masters((fresh, old), listed, today, kind=kind) == stale


def test_a_name_that_nothing_has_is_refused_with_what_is_near() -> None:
    error = _refusal(replace(_proposal(), instrument=None, candidates=(NIFTY_CALL, share().key)))
    assert f"nearest: {NIFTY_CALL}, NSE:SBIN" in error.message
    assert error.fields[0].message.endswith(f"nearest: {NIFTY_CALL}, NSE:SBIN")


@pytest.mark.parametrize(
    ("references", "as_of", "allow_stale", "sent"),
    [
        pytest.param({}, None, False, True, id="the paper catalogue is of every day"),
        pytest.param({"fyers": "F"}, date(2026, 11, 23), False, True, id="of today"),
        pytest.param({"fyers": "F"}, date(2026, 11, 20), False, False, id="of another day"),
        pytest.param({"fyers": "F"}, None, False, False, id="never loaded"),
        pytest.param({"fyers": "F", "hdfc": "H"}, date(2026, 11, 23), False, False, id="one of two is missing"),
        pytest.param({"fyers": "F"}, date(2026, 11, 20), True, True, id="relaxed, loudly"),
    ],
)
async def test_the_day_of_a_master_is_that_of_its_report(
    house: House,
    caplog: pytest.LogCaptureFixture,
    *,
    references: dict[str, str],
    as_of: date | None,
    allow_stale: bool,
    sent: bool,
) -> None:
    report = MasterReport(name="fyers", as_of=as_of, loaded_at=MONDAY_MORNING, rows=1)
    directory = InstrumentDirectory((replace(option(), references=references),))
    await house.instruments.replace(directory, (report,))
    screening = house.now.screened(house, Rules(allow_stale=allow_stale))
    results = await screening.review(ACCOUNT, _LOT, Context())
    (master,) = [result for result in results if result.name == "master"]
    assert master.passed is sent
    assert ("not dated today (fyers)" in caplog.text) is allow_stale
