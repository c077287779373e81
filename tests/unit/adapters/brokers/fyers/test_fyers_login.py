"""Logging in at FYERS: whose token, from which redirect, for how long."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from ordo.domain.errors import ErrorCode, Invalid, NotSent, OrdoError, Refused, Unavailable
from ordo.domain.sessions import ChallengeKind, LoginAnswer, LoginChallenge, Secret, Session
from tests.support.fyers import ACCOUNT, SESSION, Desk

_VALIDATE = "/api/validate-authcode"


def token(**claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJIUzI1NiJ9.{body}.c2lnbmF0dXJl"


def good(desk: Desk, hours: float = 4) -> str:
    return token(exp=int((desk.now + timedelta(hours=hours)).timestamp()), fy_id="XA00123")


async def begin(desk: Desk) -> tuple[LoginChallenge, str]:
    challenge = await desk.login.begin(ACCOUNT)
    assert isinstance(challenge, LoginChallenge)
    assert challenge.login_url is not None
    return challenge, parse_qs(urlsplit(challenge.login_url).query)["state"][0]


def answered(challenge: LoginChallenge, **query: str) -> LoginAnswer:
    address = f"http://127.0.0.1:8000/callback/fyers?{urlencode(query)}"
    return LoginAnswer(challenge_id=challenge.challenge_id, redirect_url=Secret(address))


async def log_in(desk: Desk, granted: object, profile: str = "XA00123") -> Session:
    desk.host.says(_VALIDATE, granted)
    desk.host.says("/api/profile", {"s": "ok", "code": 200, "message": "", "data": {"fy_id": profile}})
    challenge, state = await begin(desk)
    session = await desk.login.answer(
        challenge, answered(challenge, s="ok", code="200", auth_code="c+d e", state=state)
    )
    assert isinstance(session, Session)
    return session


async def test_the_login_page_is_asked_with_a_fresh_state(desk: Desk) -> None:
    (one, state), (other, another) = await begin(desk), await begin(desk)
    assert one.kind is ChallengeKind.REDIRECT
    assert one.expires_at > desk.now
    assert state != another
    assert one.challenge_id not in (other.challenge_id, state)
    assert one.login_url is not None
    assert urlsplit(one.login_url).path == "/api/generate-authcode"
    query = parse_qs(urlsplit(one.login_url).query)
    assert query["client_id"] == ["AB12CD34EF-100"]
    assert query["redirect_uri"] == ["http://127.0.0.1:8000/callback/fyers"]
    assert query["response_type"] == ["code"]
    assert not desk.login.unattended(ACCOUNT)


async def test_the_code_is_exchanged_with_the_hash_of_id_and_secret(desk: Desk) -> None:
    session = await log_in(
        desk, {"s": "ok", "code": 200, "message": "", "access_token": good(desk), "refresh_token": "r"}
    )
    assert (session.account, session.issued_at) == (ACCOUNT, desk.now)
    assert session.expires_at == desk.now + timedelta(hours=4)
    assert session.refresh_token is None
    exchange, profile = desk.host.asked
    assert json.loads(exchange.body) == {
        "grant_type": "authorization_code",
        "appIdHash": hashlib.sha256(b"AB12CD34EF-100:app-secret-canary").hexdigest(),
        "code": "c+d e",
    }
    assert "authorization" not in exchange.headers
    assert profile.headers["authorization"] == f"AB12CD34EF-100:{session.access_token.reveal()}"
    assert session.access_token.reveal() not in repr(session)


async def test_a_session_ends_at_three_in_the_morning_at_the_latest(desk: Desk) -> None:
    session = await log_in(desk, {"s": "ok", "code": 200, "access_token": good(desk, hours=20)})
    assert session.expires_at == datetime.fromisoformat("2026-11-24T03:00:00+05:30")


@pytest.mark.parametrize(
    "access_token",
    [
        "no-jwt",
        "a.b.c",
        token(),
        token(exp="soon"),
        token(exp=None),
        token(exp=10**30),
        token(exp=0),
        token(exp=True),
        "a.bm90IGpzb24.c",
    ],
)
async def test_a_token_that_does_not_say_when_it_ends_opens_nothing(desk: Desk, access_token: str) -> None:
    with pytest.raises(Unavailable, match="does not say when it ends"):
        await log_in(desk, {"s": "ok", "code": 200, "access_token": access_token})
    assert len(desk.host.asked) == 1


@pytest.mark.parametrize("profile", ["XA99999", "XA0012", "ordo"])
async def test_another_account_than_the_one_asked_for_is_refused(desk: Desk, profile: str) -> None:
    with pytest.raises(Refused, match="another account") as refusal:
        await log_in(desk, {"s": "ok", "code": 200, "access_token": good(desk)}, profile)
    assert refusal.value.code is ErrorCode.INVALID_CREDENTIALS


async def test_a_profile_that_cannot_be_read_opens_nothing(desk: Desk) -> None:
    desk.host.says(_VALIDATE, {"s": "ok", "code": 200, "access_token": good(desk)})
    challenge, state = await begin(desk)
    with pytest.raises(Unavailable):
        await desk.login.answer(challenge, answered(challenge, s="ok", auth_code="c", state=state))


async def test_a_redirect_of_another_login_is_refused_and_its_code_not_used(desk: Desk) -> None:
    challenge, state = await begin(desk)
    _, other = await begin(desk)
    for given in (other, "", state[:-1], f"{state}x", "\ud800"):
        address = f"http://127.0.0.1/callback?s=ok&auth_code=c&state={given}"
        with pytest.raises(Refused) as refusal:
            await desk.login.answer(challenge, LoginAnswer(challenge_id="c", redirect_url=Secret(address)))
        assert refusal.value.code is ErrorCode.INVALID_CREDENTIALS
    twice = LoginAnswer(
        challenge_id="c", redirect_url=Secret(f"http://x/?s=ok&auth_code=c&state={state}&state={state}")
    )
    for answer in (twice, answered(challenge, s="ok", auth_code="c"), answered(challenge, s="ok", state=state)):
        with pytest.raises(Refused):
            await desk.login.answer(challenge, answer)
    assert desk.host.asked == []


async def test_a_login_that_the_page_refused_tells_why(desk: Desk) -> None:
    challenge, state = await begin(desk)
    with pytest.raises(Refused) as refusal:
        await desk.login.answer(challenge, answered(challenge, s="error", message="XA00123 said no", state=state))
    assert refusal.value.native_error == "*** said no"
    with pytest.raises(Invalid):
        await desk.login.answer(challenge, LoginAnswer(challenge_id=challenge.challenge_id))


@pytest.mark.parametrize("code", [-437, -441, -5, -371, -374, -352])
async def test_a_code_that_was_used_or_belongs_to_another_app_is_refused(desk: Desk, code: int) -> None:
    with pytest.raises(Refused) as refusal:
        await log_in(desk, {"s": "error", "code": code, "message": "invalid auth code"})
    assert refusal.value.native_error == f"invalid auth code [{code}]"
    assert "app-secret-canary" not in str(refusal.value)


async def test_an_exchange_that_was_never_sent_may_be_tried_again(desk: Desk) -> None:
    challenge, state = await begin(desk)
    desk.line.find_nobody()
    with pytest.raises(NotSent):
        await desk.login.answer(challenge, answered(challenge, s="ok", auth_code="c", state=state))
    with pytest.raises(Unavailable) as failure:
        await desk.login.answer(challenge, answered(challenge, s="ok", auth_code="c", state=state))
    assert failure.type is Unavailable


async def test_logging_out_twice_is_logging_out(desk: Desk) -> None:
    desk.host.says("/api/logout", {"s": "ok", "code": 200, "message": "you are successfully logged out"})
    await desk.login.end(SESSION)
    desk.host.says("/api/logout", {"s": "error", "code": -16, "message": "Token is Invalid or Expired"}, 401)
    await desk.login.end(SESSION)
    assert [one.method for one in desk.host.asked] == ["POST", "POST"]
    for answer, status in ((b"<html>", 502), (json.dumps({"s": "error", "code": -429}).encode(), 429)):
        desk.host.says("/api/logout", answer, status)
        with pytest.raises(Unavailable):
            await desk.login.end(SESSION)


async def test_no_secret_shows_in_an_error(desk: Desk) -> None:
    access_token = good(desk)
    for granted in ({"s": "ok", "code": 200, "access_token": access_token, "message": []}, {"s": "ok"}):
        with pytest.raises(OrdoError) as failure:
            await log_in(desk, granted)
        for canary in (access_token, "app-secret-canary", "c+d e"):
            assert canary not in f"{failure.value!r} {failure.value} {failure.value.__cause__}"
