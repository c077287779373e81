"""Logins of several steps, and by redirect: what leaves a challenge open and what ends it."""

from __future__ import annotations

import asyncio

import pytest

from ordo.adapters.memory.logins import MemoryLoginNotes
from ordo.adapters.memory.sessions import MemorySessionStore
from ordo.application.brokers import BrokerLine, Brokers
from ordo.application.context import Context
from ordo.application.sessions import SessionService
from ordo.application.trail import Trail
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.errors import ErrorCode, Invalid, NotSent, OrdoError, Refused, Unavailable
from ordo.domain.sessions import LoginAnswer, LoginChallenge, Secret, Session, SessionState
from tests.support.broker import ScriptedBroker
from tests.support.clock import VirtualClock
from tests.support.logins import AUTH_CODE, OTP, PASSWORD, OtpLogin, RedirectLogin, sent_back
from tests.support.stores import DisturbedAuditLog

BY_REDIRECT = Account(adapter_id="redirects", account_id="R1")
BY_OTP = Account(adapter_id="asks", account_id="O1")
CREDENTIALS = {"username": Secret("U1"), "password": Secret(PASSWORD)}


class Desk:
    """The session service over two brokers, one for each way in."""

    def __init__(self) -> None:
        self.clock, self.store, self.audit = VirtualClock(), MemorySessionStore(), DisturbedAuditLog()
        self.redirects, self.asks = RedirectLogin(self.clock), OtpLogin(self.clock)
        broker = ScriptedBroker(self.clock)
        lines = (
            BrokerLine(adapter_id="redirects", kind="scripted", broker=broker, login=self.redirects),
            BrokerLine(adapter_id="asks", kind="scripted", broker=broker, login=self.asks),
        )
        self.notes = MemoryLoginNotes()
        self._brokers = Brokers(lines)
        self.sessions = self.move_on()

    def move_on(self) -> SessionService:
        """Go on at another worker."""
        trail = Trail(self.audit, self.clock)
        self.sessions = SessionService(self._brokers, self.store, self.notes, self.clock, trail)
        return self.sessions

    async def state(self, account: Account) -> SessionState:
        return (await self.sessions.get(account)).state

    async def asked_for_otp(self) -> LoginChallenge:
        first = await self.sessions.begin(BY_OTP)
        step = await self.sessions.answer(BY_OTP, LoginAnswer(challenge_id=first.challenge_id, answers=CREDENTIALS))
        assert isinstance(step, LoginChallenge)
        return step

    async def answer_otp(self, step: LoginChallenge, otp: str = OTP) -> LoginChallenge | Session:
        answer = LoginAnswer(challenge_id=step.challenge_id, answers={"otp": Secret(otp)})
        return await self.sessions.answer(step.account, answer)

    async def redirected(self, address: str, adapter_id: str = "redirects") -> LoginChallenge | Session:
        return await self.sessions.redirected(adapter_id, Secret(address))


@pytest.fixture
async def desk() -> Desk:
    return Desk()


async def test_the_redirect_opens_the_session_of_the_login_that_it_belongs_to(desk: Desk) -> None:
    other = Account(adapter_id="redirects", account_id="R2")
    logins = [await desk.sessions.begin(account) for account in (BY_REDIRECT, other, BY_REDIRECT)]
    assert len({login.state for login in logins}) == 3
    context = Context(principal="callback", correlation_id="find-me")
    session = await desk.sessions.redirected("redirects", Secret(sent_back(logins[1].login_url)), context)
    assert isinstance(session, Session)
    assert session.account == other
    assert (await desk.state(other), await desk.state(BY_REDIRECT)) == (SessionState.ACTIVE, SessionState.NONE)
    (event,) = desk.audit.events
    assert (event.kind, event.account, event.actor) == (AuditKind.SESSION_OPENED, other, "callback")
    assert event.correlation_id == "find-me"
    for login in (logins[2], logins[0]):
        assert isinstance(await desk.redirected(sent_back(login.login_url)), Session)


async def test_a_redirect_that_no_login_waits_for_reaches_no_broker(desk: Desk) -> None:
    login = await desk.sessions.begin(BY_REDIRECT)
    good = sent_back(login.login_url)
    assert login.state is not None
    for address, adapter_id in (
        (sent_back(login.login_url, state="forged"), "redirects"),
        (sent_back(login.login_url, state=""), "redirects"),
        (good.partition("?")[0], "redirects"),
        (f"{good}&state={login.state}", "redirects"),
        (good, "asks"),
        (good, "nobody"),
    ):
        with pytest.raises(Invalid) as refusal:
            await desk.redirected(address, adapter_id)
        assert refusal.value.code is ErrorCode.NOT_FOUND
        assert refusal.value.fields == ()
    assert desk.redirects.asked == []
    assert isinstance(await desk.redirected(good), Session)


async def test_a_redirect_is_used_once(desk: Desk) -> None:
    login = await desk.sessions.begin(BY_REDIRECT)
    good = Secret(sent_back(login.login_url))
    told = await asyncio.gather(
        *(desk.sessions.redirected("redirects", good) for _ in range(3)), return_exceptions=True
    )
    assert [type(one) for one in told] == [Session, Invalid, Invalid]
    assert len(desk.redirects.asked) == 1


async def test_a_redirect_after_its_time_is_none(desk: Desk) -> None:
    login = await desk.sessions.begin(BY_REDIRECT)
    await desk.clock.advance(300)
    with pytest.raises(Invalid):
        await desk.redirected(sent_back(login.login_url))
    answer = LoginAnswer(challenge_id=login.challenge_id, redirect_url=Secret(sent_back(login.login_url)))
    with pytest.raises(Invalid, match="not answered in time"):
        await desk.sessions.answer(BY_REDIRECT, answer)
    assert desk.redirects.asked == []


async def test_the_pasted_address_is_as_good_and_must_be_of_this_login(desk: Desk) -> None:
    first, second = [await desk.sessions.begin(BY_REDIRECT) for _ in range(2)]
    wrong = LoginAnswer(challenge_id=first.challenge_id, redirect_url=Secret(sent_back(second.login_url)))
    none = LoginAnswer(challenge_id=first.challenge_id)
    for answer in (wrong, none):
        with pytest.raises(Invalid) as refusal:
            await desk.sessions.answer(BY_REDIRECT, answer)
        assert refusal.value.code is ErrorCode.VALIDATION_ERROR
        assert [fault.field for fault in refusal.value.fields] == ["redirect_url"]
        assert AUTH_CODE not in str(refusal.value)
    assert desk.redirects.asked == []
    right = LoginAnswer(challenge_id=first.challenge_id, redirect_url=Secret(sent_back(first.login_url)))
    assert isinstance(await desk.sessions.answer(BY_REDIRECT, right), Session)


async def test_an_address_is_no_answer_to_a_question_for_a_password(desk: Desk) -> None:
    login = await desk.sessions.begin(BY_OTP)
    address = LoginAnswer(challenge_id=login.challenge_id, redirect_url=Secret("http://127.0.0.1/?state=x"))
    with pytest.raises(Invalid) as refusal:
        await desk.sessions.answer(BY_OTP, address)
    assert [fault.field for fault in refusal.value.fields] == ["redirect_url"]
    assert desk.asks.asked == []


async def test_a_page_that_carries_no_state_is_answered_by_pasting(desk: Desk) -> None:
    login = await desk.sessions.begin(BY_REDIRECT)
    stateless = LoginChallenge(
        account=BY_REDIRECT,
        challenge_id="c",
        kind=login.kind,
        expires_at=login.expires_at,
        login_url="https://broker.invalid/login?api_key=k",
    )
    assert stateless.state is None
    await desk.sessions._challenges.remember(stateless)
    address = Secret(f"http://127.0.0.1/?auth_code={AUTH_CODE}")
    with pytest.raises(Invalid):
        await desk.sessions.redirected("redirects", address)
    answer = LoginAnswer(challenge_id="c", redirect_url=address)
    assert isinstance(await desk.sessions.answer(BY_REDIRECT, answer), Session)


async def test_what_the_broker_refuses_ends_the_login(desk: Desk) -> None:
    login = await desk.sessions.begin(BY_REDIRECT)
    for error in (Refused, Invalid):
        with pytest.raises(error):
            await desk.redirected(sent_back(login.login_url, auth_code="of-another-app"))
    assert [event.facts for event in desk.audit.events] == [{"error_code": "INVALID_CREDENTIALS"}]
    assert await desk.state(BY_REDIRECT) is SessionState.NONE


async def test_the_code_of_somebody_else_opens_nothing(desk: Desk) -> None:
    desk.redirects.logs_in_as = Account(adapter_id="redirects", account_id="R9")
    login = await desk.sessions.begin(BY_REDIRECT)
    with pytest.raises(Invalid) as refusal:
        await desk.redirected(sent_back(login.login_url))
    assert refusal.value.code is ErrorCode.INVALID_CREDENTIALS
    assert await desk.store.all() == ()


async def test_a_wrong_code_may_be_corrected_as_long_as_the_broker_allows(desk: Desk) -> None:
    step = await desk.asked_for_otp()
    for _ in range(2):
        with pytest.raises(Refused) as refusal:
            await desk.answer_otp(step, "000000")
        assert refusal.value.code is ErrorCode.INVALID_OTP
    assert isinstance(await desk.answer_otp(step), Session)
    step = await desk.asked_for_otp()
    codes = []
    for _ in range(4):
        with pytest.raises(OrdoError) as told:
            await desk.answer_otp(step, "000000")
        codes.append(told.value.code)
    assert codes == ["INVALID_OTP", "INVALID_OTP", "INVALID_SESSION", "NOT_FOUND"]


async def test_a_code_may_be_corrected_until_the_challenge_ends_and_no_longer(desk: Desk) -> None:
    step = await desk.asked_for_otp()
    await desk.clock.advance(200)
    with pytest.raises(Refused):
        await desk.answer_otp(step, "000000")
    await desk.clock.advance(100)
    with pytest.raises(Invalid):
        await desk.answer_otp(step)


async def test_an_answer_that_never_left_may_be_given_again_and_one_that_may_have_left_not(desk: Desk) -> None:
    step = await desk.asked_for_otp()
    desk.asks.failure = NotSent(ErrorCode.BROKER_UNAVAILABLE, "connection refused")
    with pytest.raises(NotSent):
        await desk.answer_otp(step)
    assert isinstance(await desk.answer_otp(step), Session)
    step = await desk.asked_for_otp()
    desk.asks.failure = Unavailable(ErrorCode.BROKER_TIMEOUT, "no answer")
    for error in (Unavailable, Invalid):
        with pytest.raises(error):
            await desk.answer_otp(step)


async def test_whichever_worker_is_answered_knows_the_login(desk: Desk) -> None:
    begun, by_redirect = await desk.sessions.begin(BY_OTP), await desk.sessions.begin(BY_REDIRECT)
    desk.move_on()
    answer = LoginAnswer(challenge_id=begun.challenge_id, answers=CREDENTIALS)
    step = await desk.sessions.answer(BY_OTP, answer)
    assert isinstance(step, LoginChallenge)
    desk.move_on()
    await desk.answer_otp(step)
    await desk.redirected(sent_back(by_redirect.login_url))
    assert await desk.state(BY_OTP) is await desk.state(BY_REDIRECT) is SessionState.ACTIVE


async def test_of_two_answers_at_once_at_two_workers_one_is_sent(desk: Desk) -> None:
    step = await desk.asked_for_otp()
    one = desk.sessions
    two = desk.move_on()
    answer = LoginAnswer(challenge_id=step.challenge_id, answers={"otp": Secret(OTP)})
    told = await asyncio.gather(*(each.answer(BY_OTP, answer) for each in (one, two)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in told) == ["Invalid", "Session"]


async def test_several_logins_of_one_account_do_not_disturb_one_another(desk: Desk) -> None:
    steps = [await desk.asked_for_otp() for _ in range(3)]
    with pytest.raises(Refused):
        await desk.answer_otp(steps[0], "000000")
    sessions = [await desk.answer_otp(step) for step in (steps[1], steps[0], steps[2])]
    assert await desk.store.get(BY_OTP) == sessions[-1]
    assert len({id(session) for session in sessions}) == 3
    assert desk.notes._kept == {}


async def test_no_step_leaves_a_secret_in_trail_or_error(desk: Desk) -> None:
    step = await desk.asked_for_otp()
    login = await desk.sessions.begin(BY_REDIRECT)
    told = []
    for wrong in (desk.answer_otp(step, "canary-otp"), desk.redirected(sent_back(login.login_url, auth_code="canary"))):
        with pytest.raises(OrdoError) as error:
            await wrong
        told.append(f"{error.value!r} {error.value.fields} {error.value.__dict__}")
    told += [repr(event) for event in desk.audit.events]
    assert len(told) == 4
    assert not any("canary" in text or PASSWORD in text for text in told)
