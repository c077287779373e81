from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ordo.application.context import Context
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.errors import ErrorCode, Invalid, OrdoError, Refused, Unavailable
from ordo.domain.sessions import ChallengeKind, LoginAnswer, LoginChallenge, Secret, Session, SessionState
from tests.support.broker import PASSWORD
from tests.support.clock import quiet
from tests.support.house import House
from tests.support.orders import ACCOUNT, OTHER
from tests.support.stores import outage

_ANSWERS = {"password": Secret(PASSWORD)}
_STRANGER = Account(adapter_id="nobody", account_id="X")


@pytest.fixture
async def house() -> House:
    """A gateway in which nobody is logged in."""
    return House()


async def _begin(house: House, account: Account = ACCOUNT) -> LoginChallenge:
    step = await house.now.sessions.begin(account)
    assert isinstance(step, LoginChallenge)
    return step


async def _log_in(house: House, account: Account = ACCOUNT) -> Session:
    step = await _begin(house, account)
    session = await house.now.sessions.answer(account, LoginAnswer(challenge_id=step.challenge_id, answers=_ANSWERS))
    assert isinstance(session, Session)
    return session


async def test_a_login_ends_in_a_session_that_is_kept(house: House) -> None:
    step = await _begin(house)
    assert (step.kind, step.fields) == (ChallengeKind.PASSWORD, ("password",))
    assert (await house.now.sessions.get(ACCOUNT)).state is SessionState.NONE
    session = await house.now.sessions.answer(ACCOUNT, LoginAnswer(challenge_id=step.challenge_id, answers=_ANSWERS))
    assert await house.session_store.get(ACCOUNT) == session
    report = await house.now.sessions.get(ACCOUNT)
    assert (report.state, report.advice) == (SessionState.ACTIVE, "nothing to do")
    assert await house.now.sessions.all() == (report,)
    assert house.audit.kinds() == [AuditKind.SESSION_OPENED]


async def test_a_challenge_is_answered_once(house: House) -> None:
    step = await _begin(house)
    answer = LoginAnswer(challenge_id=step.challenge_id, answers=_ANSWERS)
    await house.now.sessions.answer(ACCOUNT, answer)
    with pytest.raises(Invalid) as refusal:
        await house.now.sessions.answer(ACCOUNT, answer)
    assert refusal.value.code is ErrorCode.NOT_FOUND


async def test_two_answers_at_once_are_one(house: House) -> None:
    step = await _begin(house)
    answer = LoginAnswer(challenge_id=step.challenge_id, answers=_ANSWERS)
    told = await asyncio.gather(*(house.now.sessions.answer(ACCOUNT, answer) for _ in range(2)), return_exceptions=True)
    assert [type(one) for one in told] == [Session, Invalid]


async def test_a_wrong_answer_is_refused_and_uses_up_the_challenge(house: House) -> None:
    step = await _begin(house)
    wrong = LoginAnswer(challenge_id=step.challenge_id, answers={"password": Secret("guess")})
    with pytest.raises(Refused) as refusal:
        await house.now.sessions.answer(ACCOUNT, wrong)
    assert refusal.value.code is ErrorCode.INVALID_CREDENTIALS
    with pytest.raises(Invalid):
        await house.now.sessions.answer(ACCOUNT, wrong)
    assert house.audit.kinds() == [AuditKind.LOGIN_REFUSED]
    assert house.audit.events[0].facts == {"error_code": "INVALID_CREDENTIALS"}


async def test_a_challenge_belongs_to_its_account(house: House) -> None:
    step = await _begin(house)
    answer = LoginAnswer(challenge_id=step.challenge_id, answers=_ANSWERS)
    with pytest.raises(Invalid) as refusal:
        await house.now.sessions.answer(OTHER, answer)
    assert refusal.value.code is ErrorCode.NOT_FOUND
    assert isinstance(await house.now.sessions.answer(ACCOUNT, answer), Session)


@pytest.mark.parametrize(("seconds", "ok"), [(299.9, True), (300, False)])
async def test_a_challenge_ends_at_its_instant(house: House, seconds: float, *, ok: bool) -> None:
    step = await _begin(house)
    await house.clock.advance(seconds)
    answer = LoginAnswer(challenge_id=step.challenge_id, answers=_ANSWERS)
    if ok:
        assert isinstance(await house.now.sessions.answer(ACCOUNT, answer), Session)
    else:
        with pytest.raises(Invalid):
            await house.now.sessions.answer(ACCOUNT, answer)


async def test_challenges_that_have_ended_are_forgotten_and_others_stay(house: House) -> None:
    await _begin(house)
    await house.clock.advance(400)
    second = await _begin(house, OTHER)
    await house.clock.advance(250)
    await _begin(house)
    assert len(house.login_notes._kept) == 2
    answer = LoginAnswer(challenge_id=second.challenge_id, answers=_ANSWERS)
    with pytest.raises(Invalid):
        await house.now.sessions.answer(ACCOUNT, answer)
    assert isinstance(await house.now.sessions.answer(OTHER, answer), Session)


@pytest.mark.parametrize("unattended", [True, False])
async def test_a_login_as_somebody_else_is_not_kept(house: House, *, unattended: bool) -> None:
    house.login.is_unattended = unattended
    house.login.logs_in_as = OTHER
    with pytest.raises(Invalid) as refusal:
        await (house.now.sessions.begin(ACCOUNT) if unattended else _log_in(house))
    assert refusal.value.code is ErrorCode.INVALID_CREDENTIALS
    assert str(OTHER) in refusal.value.message
    assert await house.session_store.all() == ()
    assert house.audit.kinds() == [AuditKind.LOGIN_REFUSED]


async def test_a_broker_that_can_not_be_reached_is_told(house: House) -> None:
    house.login.failure = Unavailable(ErrorCode.BROKER_UNAVAILABLE, "m")
    with pytest.raises(Unavailable):
        await house.now.sessions.begin(ACCOUNT)
    assert house.audit.kinds() == [AuditKind.LOGIN_REFUSED]


async def test_an_account_without_a_broker_has_no_session_to_ask_for(house: House) -> None:
    answer = LoginAnswer(challenge_id="c")
    calls = [
        house.now.sessions.begin(_STRANGER),
        house.now.sessions.answer(_STRANGER, answer),
        house.now.sessions.get(_STRANGER),
        house.now.sessions.end(_STRANGER),
        house.now.sessions.require(_STRANGER, Context()),
    ]
    for call in calls:
        with pytest.raises(Invalid) as refusal:
            await call
        assert refusal.value.code is ErrorCode.UNKNOWN_ACCOUNT


async def test_logging_out_ends_the_session_here_and_there(house: House) -> None:
    session = await _log_in(house)
    await house.now.sessions.end(ACCOUNT)
    assert house.login.ended == [session]
    assert await house.session_store.get(ACCOUNT) is None
    assert house.audit.kinds()[-1] is AuditKind.SESSION_CLOSED
    await house.now.sessions.end(ACCOUNT)
    assert house.audit.kinds().count(AuditKind.SESSION_CLOSED) == 1


async def test_a_session_that_is_over_is_only_forgotten(house: House) -> None:
    await _log_in(house)
    await house.clock.advance(8 * 3600)
    await house.now.sessions.end(ACCOUNT)
    assert house.login.ended == []
    assert await house.session_store.get(ACCOUNT) is None


async def test_a_logout_that_fails_keeps_the_session(house: House) -> None:
    session = await _log_in(house)
    house.login.failure = Unavailable(ErrorCode.BROKER_UNAVAILABLE, "m")
    with pytest.raises(Unavailable):
        await house.now.sessions.end(ACCOUNT)
    assert await house.session_store.get(ACCOUNT) == session


async def test_a_session_may_be_used_until_its_very_end(house: House) -> None:
    session = await _log_in(house)
    house.clock.step(timedelta(hours=8) - timedelta(microseconds=1))
    assert await house.now.sessions.require(ACCOUNT, Context()) == session
    house.clock.step(timedelta(microseconds=1))
    with pytest.raises(Invalid) as refusal:
        await house.now.sessions.require(ACCOUNT, Context())
    assert refusal.value.code is ErrorCode.INVALID_SESSION
    assert SessionState.EXPIRED in refusal.value.message
    assert refusal.value.broker_id == "scripted"
    assert "ordo login scripted XA1" in (await house.now.sessions.get(ACCOUNT)).advice


async def test_a_token_that_the_broker_rejects_makes_the_session_suspect_until_a_login(house: House) -> None:
    session = await _log_in(house)
    house.broker.revoked.add(session.access_token.reveal())
    with pytest.raises(Refused):
        await house.now.orders.list(ACCOUNT)
    assert (await house.now.sessions.get(ACCOUNT)).state is SessionState.SUSPECT
    with pytest.raises(Invalid) as refusal:
        await house.now.orders.list(ACCOUNT)
    assert SessionState.SUSPECT in refusal.value.message
    assert house.broker.count("orders") == 1
    assert house.audit.kinds()[-1] is AuditKind.SESSION_SUSPECT
    await _log_in(house)
    assert (await house.now.orders.list(ACCOUNT)).items == ()


async def test_another_refusal_leaves_the_session_alone(house: House) -> None:
    await _log_in(house)
    house.broker.unreadable = Refused(ErrorCode.RATE_LIMITED, "slow down")
    with pytest.raises(Refused):
        await house.now.orders.list(ACCOUNT)
    assert (await house.now.sessions.get(ACCOUNT)).state is SessionState.ACTIVE


async def test_a_late_rejection_of_an_old_token_does_not_harm_the_new_session(house: House) -> None:
    old = await _log_in(house)
    new = await _log_in(house)
    await house.now.sessions.suspect(old, Context())
    assert await house.session_store.get(ACCOUNT) == new
    await house.now.sessions.end(ACCOUNT)
    await house.now.sessions.suspect(new, Context())
    assert await house.session_store.get(ACCOUNT) is None
    assert AuditKind.SESSION_SUSPECT not in house.audit.kinds()


async def test_a_session_becomes_suspect_once(house: House) -> None:
    session = await _log_in(house)
    for _ in range(3):
        await house.now.sessions.suspect(session, Context())
    assert house.audit.kinds().count(AuditKind.SESSION_SUSPECT) == 1


async def test_a_session_that_needs_no_person_opens_on_demand(house: House) -> None:
    house.login.is_unattended = True
    first = await house.now.sessions.require(ACCOUNT, Context())
    assert await house.now.sessions.require(ACCOUNT, Context()) == first
    assert house.login.begun == 1
    house.clock.step(timedelta(hours=8))
    assert await house.now.sessions.require(ACCOUNT, Context()) != first
    assert house.login.begun == 2


async def test_fifty_who_need_a_session_open_one(house: House) -> None:
    house.login.is_unattended = True
    house.login.wait = asyncio.Event()
    waiting = [asyncio.ensure_future(house.now.sessions.require(ACCOUNT, Context())) for _ in range(50)]
    await quiet()
    house.login.wait.set()
    assert len({one.access_token for one in await asyncio.gather(*waiting)}) == 1
    assert house.login.begun == 1


async def test_accounts_open_their_sessions_beside_each_other(house: House) -> None:
    house.login.is_unattended = True
    house.login.wait = asyncio.Event()
    waiting = [asyncio.ensure_future(house.now.sessions.require(one, Context())) for one in (ACCOUNT, OTHER)]
    await quiet()
    assert house.login.begun == 2
    house.login.wait.set()
    assert [session.account for session in await asyncio.gather(*waiting)] == [ACCOUNT, OTHER]


async def test_an_opening_that_fails_is_told_and_tried_again_next_time(house: House) -> None:
    house.login.is_unattended = True
    house.login.failure = Unavailable(ErrorCode.BROKER_UNAVAILABLE, "m")
    with pytest.raises(OrdoError):
        await house.now.sessions.require(ACCOUNT, Context())
    house.login.failure = None
    assert (await house.now.sessions.require(ACCOUNT, Context())).account == ACCOUNT


async def test_an_account_that_asks_for_a_person_after_all_has_no_session(house: House) -> None:
    house.login.unattended = lambda account: account == ACCOUNT  # type: ignore[method-assign]
    with pytest.raises(Invalid) as refusal:
        await house.now.sessions.require(ACCOUNT, Context())
    assert refusal.value.code is ErrorCode.INVALID_SESSION


async def test_a_store_that_does_not_serve_is_not_a_missing_session(house: House) -> None:
    async def get(account: Account) -> Session | None:  # noqa: ARG001
        raise outage()

    house.session_store.get = get  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        await house.now.sessions.require(ACCOUNT, Context())


async def test_no_report_shows_a_token(house: House) -> None:
    session = await _log_in(house)
    assert session.access_token.reveal() not in repr(await house.now.sessions.all())
    assert session.access_token.reveal() not in repr(house.audit.events)


async def test_a_login_that_asks_for_nothing_is_open_at_once_and_answered_with_nothing(house: House) -> None:
    house.login.is_unattended = True
    step = await _begin(house)
    assert (step.kind, step.fields) == (ChallengeKind.NONE, ())
    session = await house.now.sessions.answer(ACCOUNT, LoginAnswer(challenge_id=step.challenge_id))
    assert session == await house.session_store.get(ACCOUNT)
    assert house.login.begun == 1


async def test_an_answer_without_what_was_asked_for_is_not_sent_and_may_be_given_again(house: House) -> None:
    step = await _begin(house)
    with pytest.raises(Invalid) as refusal:
        await house.now.sessions.answer(ACCOUNT, LoginAnswer(challenge_id=step.challenge_id))
    assert refusal.value.code is ErrorCode.VALIDATION_ERROR
    assert [fault.field for fault in refusal.value.fields] == ["answers.password"]
    answer = LoginAnswer(challenge_id=step.challenge_id, answers=_ANSWERS)
    assert isinstance(await house.now.sessions.answer(ACCOUNT, answer), Session)
