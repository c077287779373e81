"""Sessions that end, are doubted, and are called for in time."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ordo.adapters.calendar.files import FileMarketCalendar
from ordo.application.context import Context
from ordo.application.session_guard import SessionGuard
from ordo.domain.audit import AuditKind
from ordo.domain.calendar import IST
from ordo.domain.errors import ErrorCode, Refused, Unavailable
from ordo.domain.sessions import LoginAnswer, Secret, Session, SessionState, ends_at
from tests.support.broker import PASSWORD, Mishap
from tests.support.clock import MONDAY_MORNING, quiet
from tests.support.house import House
from tests.support.orders import ACCOUNT
from tests.support.stores import outage


def _jwt(claims: object) -> Secret:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return Secret(f"e30.{body}.signature")


def _session(token: Secret = Secret("opaque"), *, hours: float = 48) -> Session:  # noqa: B008
    return Session(
        account=ACCOUNT,
        access_token=token,
        issued_at=MONDAY_MORNING,
        expires_at=MONDAY_MORNING + timedelta(hours=hours),
    )


THREE = datetime(2026, 11, 24, 3, tzinfo=IST)


@pytest.mark.parametrize(
    ("session", "end"),
    [
        (_session(), THREE),
        (_session(hours=2), MONDAY_MORNING + timedelta(hours=2)),
        (_session(_jwt({"exp": int(MONDAY_MORNING.timestamp()) + 600})), MONDAY_MORNING + timedelta(minutes=10)),
        (_session(_jwt({"exp": int(THREE.timestamp()) + 9})), THREE),
        (_session(_jwt({"exp": "soon"})), THREE),
        (_session(_jwt({"exp": 10**30})), THREE),
        (_session(_jwt([])), THREE),
        (_session(Secret("a.%%%.c")), THREE),
        (_session(Secret("a.b")), THREE),
        (replace(_session(), issued_at=THREE.astimezone(UTC) - timedelta(minutes=1)), THREE),
        (replace(_session(), issued_at=THREE.astimezone(UTC)), THREE + timedelta(days=1)),
    ],
)
def test_a_session_ends_at_the_first_of_three_moments(session: Session, end: datetime) -> None:
    assert ends_at(session) == end


async def test_a_login_is_kept_no_longer_than_to_three_in_the_morning(house: House) -> None:
    house.login.lasts = timedelta(days=2)
    challenge = await house.now.sessions.begin(ACCOUNT)
    answer = LoginAnswer(challenge_id=challenge.challenge_id, answers={"password": Secret(PASSWORD)})
    opened = await house.now.sessions.answer(ACCOUNT, answer)
    assert isinstance(opened, Session)
    assert opened.expires_at == THREE
    house.clock.step(THREE - house.clock.now() - timedelta(seconds=1))
    report = await house.now.sessions.get(ACCOUNT)
    assert report.state is SessionState.ACTIVE
    assert "ends at 03:00 IST" in report.advice
    house.clock.step(timedelta(seconds=1))
    assert (await house.now.sessions.get(ACCOUNT)).state is SessionState.EXPIRED


@pytest.fixture
def guard(house: House) -> SessionGuard:
    now = house.now
    return SessionGuard(now.brokers, now.sessions, FileMarketCalendar(None), house.clock, now.trail)


async def _doubt(house: House) -> None:
    session = await house.session_store.get(ACCOUNT)
    assert session is not None
    await house.now.sessions.suspect(session, Context())


async def _state(house: House) -> SessionState:
    return (await house.now.sessions.get(ACCOUNT)).state


async def test_a_token_that_serves_again_is_trusted_again(house: House, guard: SessionGuard) -> None:
    await _doubt(house)
    await guard.look()
    assert await _state(house) is SessionState.ACTIVE
    assert AuditKind.SESSION_TRUSTED in house.audit.kinds()
    assert house.broker.count("funds") == 1
    await guard.look()
    assert house.broker.count("funds") == 1


async def test_a_token_that_is_rejected_twice_is_dead_until_a_login(house: House, guard: SessionGuard) -> None:
    await _doubt(house)
    house.broker.next("funds", Mishap(before=Refused(ErrorCode.INVALID_SESSION, "no")))
    await guard.look()
    await guard.look()
    assert await _state(house) is SessionState.SUSPECT
    assert house.broker.count("funds") == 1
    await house.log_in()
    await _doubt(house)
    await guard.look()
    assert await _state(house) is SessionState.ACTIVE


async def test_a_broker_that_does_not_answer_is_asked_again(house: House, guard: SessionGuard) -> None:
    await _doubt(house)
    house.broker.next("funds", Mishap(before=Unavailable(ErrorCode.BROKER_UNAVAILABLE, "502")))
    await guard.look()
    assert await _state(house) is SessionState.SUSPECT
    await guard.look()
    assert await _state(house) is SessionState.ACTIVE


async def test_many_who_want_to_know_ask_once(house: House, guard: SessionGuard) -> None:
    await _doubt(house)
    wait = asyncio.Event()
    house.broker.next("funds", Mishap(wait=wait))
    asking = [asyncio.ensure_future(guard.revalidate(ACCOUNT)) for _ in range(20)]
    await quiet()
    wait.set()
    assert set(await asyncio.gather(*asking)) == {SessionState.ACTIVE}
    assert house.broker.count("funds") == 1


async def test_what_is_not_suspect_is_not_asked_for(house: House, guard: SessionGuard) -> None:
    assert await guard.revalidate(ACCOUNT) is SessionState.ACTIVE
    await house.session_store.delete(ACCOUNT)
    assert await guard.revalidate(ACCOUNT) is SessionState.NONE
    assert house.broker.calls == []


async def test_a_session_that_was_replaced_meanwhile_is_left_alone(house: House, guard: SessionGuard) -> None:
    await _doubt(house)
    wait = asyncio.Event()
    house.broker.next("funds", Mishap(wait=wait))
    asking = asyncio.ensure_future(guard.revalidate(ACCOUNT))
    await quiet()
    await house.session_store.delete(ACCOUNT)
    wait.set()
    await asking
    assert await _state(house) is SessionState.NONE
    assert AuditKind.SESSION_TRUSTED not in house.audit.kinds()


def _at(house: House, text: str) -> None:
    house.clock.step(datetime.fromisoformat(text).replace(tzinfo=IST) - house.clock.now())


async def test_a_login_is_called_for_once_before_the_market_opens(
    house: House, guard: SessionGuard, caplog: pytest.LogCaptureFixture
) -> None:
    def calls() -> int:
        return house.audit.kinds().count(AuditKind.SESSION_NEEDED)

    _at(house, "2026-11-25 08:29:59")
    await guard.look()
    assert calls() == 0
    _at(house, "2026-11-25 08:30")
    for _ in range(3):
        await guard.look()
    assert calls() == 1
    assert "ordo login scripted XA1" in caplog.text
    _at(house, "2026-11-26 09:00")
    await guard.look()
    assert calls() == 2


@pytest.mark.parametrize("moment", ["2026-11-25 15:30", "2026-11-24 09:00", "2026-11-28 09:00"])
async def test_nobody_is_called_after_the_close_or_on_a_day_without_trading(
    house: House, guard: SessionGuard, moment: str
) -> None:
    _at(house, moment)
    await guard.look()
    assert AuditKind.SESSION_NEEDED not in house.audit.kinds()


async def test_a_day_that_the_calendar_does_not_know_is_called_for(house: House, guard: SessionGuard) -> None:
    _at(house, "2031-11-25 09:00")
    await guard.look()
    assert AuditKind.SESSION_NEEDED in house.audit.kinds()


async def test_nobody_is_called_for_a_session_that_lasts_or_opens_by_itself(house: House, guard: SessionGuard) -> None:
    _at(house, "2026-11-25 09:00")
    house.login.lasts = timedelta(hours=7)
    await house.log_in()
    await guard.look()
    house.login.is_unattended = True
    _at(house, "2026-11-26 09:00")
    await guard.look()
    assert AuditKind.SESSION_NEEDED not in house.audit.kinds()


async def test_the_watch_goes_on_when_a_store_fails(
    house: House, guard: SessionGuard, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails() -> tuple[Session, ...]:
        raise outage()

    kept = house.session_store.all
    house.session_store.all = fails  # type: ignore[method-assign]
    watch = asyncio.ensure_future(guard.watch())
    await house.clock.advance(1)
    assert "could not be looked after" in caplog.text
    house.session_store.all = kept  # type: ignore[method-assign]
    await _doubt(house)
    await house.clock.advance(5)
    assert await _state(house) is SessionState.ACTIVE
    watch.cancel()
