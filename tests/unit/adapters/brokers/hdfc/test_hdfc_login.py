"""Logging in at the emulated InvestRight: every way in which it can go wrong opens no session, and says why."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from ordo.adapters.http.exchange import HttpRequest
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Invalid, NotSent, OrdoError, Refused, Unavailable
from ordo.domain.sessions import ChallengeKind, LoginAnswer, LoginChallenge, Secret, Session
from ordo_emulators.hdfc.login import ACCOUNT, OTP, PASSWORD
from ordo_emulators.hdfc.settings import CallbackName, ProfileVerb, Settings, TwoFA
from ordo_emulators.server import Request, Response, json_response
from tests.support.hdfc import Emulated, Host, answer_of_person, emulated, told

E = ErrorCode


@pytest.fixture
async def one() -> AsyncIterator[Emulated]:
    async with emulated(Settings(rate_limits=False, asks_consent=True)) as found:
        yield found


async def asked_for(kind: ChallengeKind, one: Emulated) -> LoginChallenge:
    """A login that has come as far as this challenge."""
    step = await one.desk.login.begin(one.desk.account)
    while isinstance(step, LoginChallenge) and step.kind is not kind:
        step = await one.desk.login.answer(step, answer_of_person(step))
    assert isinstance(step, LoginChallenge)
    return step


async def refusal_of(one: Emulated, challenge: LoginChallenge, **answers: str) -> Refused:
    with pytest.raises(Refused) as refusal:
        await one.desk.login.answer(challenge, answer_of_person(challenge, **answers))
    assert refusal.value.broker_id == "hdfc"
    return refusal.value


async def test_user_password_code_and_consent_open_a_session(one: Emulated) -> None:
    kinds = []
    step = await one.desk.login.begin(one.desk.account)
    while isinstance(step, LoginChallenge):
        kinds.append((step.kind, step.fields))
        step = await one.desk.login.answer(step, answer_of_person(step))
    assert kinds == [
        (ChallengeKind.PASSWORD, ("username", "password")),
        (ChallengeKind.OTP, ("otp",)),
        (ChallengeKind.CONSENT, ("consent",)),
    ]
    assert step.account.account_id == ACCOUNT
    assert step.metadata == {"name": "SAMPLE USER"}
    # The token's own end, in whole seconds.
    assert step.expires_at == one.desk.clock.now() + timedelta(hours=8)


async def test_who_has_agreed_before_is_not_asked_again(one: Emulated) -> None:
    await one.desk.log_in()
    challenge = await asked_for(ChallengeKind.OTP, one)
    assert isinstance(await one.desk.login.answer(challenge, answer_of_person(challenge)), Session)


async def test_the_terms_are_shown_before_they_are_agreed_to(one: Emulated) -> None:
    challenge = await asked_for(ChallengeKind.CONSENT, one)
    assert challenge.message is not None
    assert "This broker is emulated." in challenge.message


async def test_a_refused_consent_sends_nothing(one: Emulated) -> None:
    challenge = await asked_for(ChallengeKind.CONSENT, one)
    one.desk.line.find_nobody()  # A request would fail otherwise.
    refusal = await refusal_of(one, challenge, consent="no")
    assert refusal.code is E.PERMISSION_DENIED
    assert "consent" in refusal.message


async def test_a_wrong_password_is_refused(one: Emulated) -> None:
    refusal = await refusal_of(one, await asked_for(ChallengeKind.PASSWORD, one), password="wrong")
    assert refusal.code is E.INVALID_CREDENTIALS


async def test_a_wrong_code_may_be_corrected_once(one: Emulated) -> None:
    challenge = await asked_for(ChallengeKind.OTP, one)
    refusal = await refusal_of(one, challenge, otp="000000")
    assert (refusal.code, refusal.native_error) == (E.INVALID_OTP, "Invalid OTP")
    step = await one.desk.login.answer(challenge, answer_of_person(challenge))
    assert isinstance(step, LoginChallenge)
    assert step.kind is ChallengeKind.CONSENT


async def test_a_code_that_is_wrong_twice_ends_the_login(one: Emulated) -> None:
    challenge = await asked_for(ChallengeKind.OTP, one)
    assert (await refusal_of(one, challenge, otp="000000")).code is E.INVALID_OTP
    assert (await refusal_of(one, challenge, otp="000001")).code is E.INVALID_SESSION
    assert (await refusal_of(one, challenge)).code is E.INVALID_SESSION


async def test_a_code_that_came_too_late_is_replaced(one: Emulated) -> None:
    challenge = await asked_for(ChallengeKind.OTP, one)
    await one.desk.clock.advance(301)
    refusal = await refusal_of(one, challenge)
    assert refusal.code is E.INVALID_OTP
    assert "It had expired, and another was asked for" in refusal.message
    assert isinstance(await one.desk.login.answer(challenge, answer_of_person(challenge)), LoginChallenge)


async def test_another_code_can_be_asked_for(one: Emulated) -> None:
    challenge = await asked_for(ChallengeKind.OTP, one)
    await one.desk.clock.advance(200)
    again = await one.desk.login.answer(challenge, answer_of_person(challenge, otp="resend"))
    assert isinstance(again, LoginChallenge)
    await one.desk.clock.advance(200)  # The first would have expired by now.
    assert isinstance(await one.desk.login.answer(again, answer_of_person(again)), LoginChallenge)


async def test_a_challenge_is_good_for_ten_minutes(one: Emulated) -> None:
    challenge = await asked_for(ChallengeKind.OTP, one)
    await one.desk.clock.advance(600)
    assert (await refusal_of(one, challenge)).code is E.INVALID_SESSION


async def test_a_code_that_was_never_sent_can_be_sent_again(one: Emulated) -> None:
    challenge = await asked_for(ChallengeKind.OTP, one)
    one.desk.line.find_nobody()
    with pytest.raises(NotSent):
        await one.desk.login.answer(challenge, answer_of_person(challenge))
    assert isinstance(await one.desk.login.answer(challenge, answer_of_person(challenge)), LoginChallenge)


@pytest.mark.parametrize(("twofa", "why"), [(TwoFA.RECAPTCHA, "captcha"), (TwoFA.OFF, "two-factor login switched off")])
async def test_what_a_program_cannot_do_is_left_to_the_browser(twofa: TwoFA, why: str) -> None:
    async with emulated(Settings(rate_limits=False, asks_consent=True, twofa=twofa)) as one:
        challenge = await asked_for(ChallengeKind.PASSWORD, one)
        step = await one.desk.login.answer(challenge, answer_of_person(challenge))
    assert isinstance(step, LoginChallenge)
    assert step.kind is ChallengeKind.REDIRECT
    assert step.login_url == f"{one.origin}/oapi/v1/login?api_key=EMULATED"
    assert why in (step.message or "")


async def redirect_of(one: Emulated, challenge: LoginChallenge) -> LoginAnswer:
    """What a browser brings back from HDFC's page."""
    assert challenge.login_url is not None
    request = HttpRequest(method="GET", url=challenge.login_url, headers={"Accept": "text/html", "User-Agent": "B"})
    page = await one.desk.line.send(request)
    return LoginAnswer(challenge_id=challenge.challenge_id, redirect_url=Secret(page.headers["location"]))


@pytest.mark.parametrize("name", CallbackName)
async def test_the_browser_brings_the_request_token_under_any_name(name: CallbackName) -> None:
    async with emulated(Settings(rate_limits=False, asks_consent=True, callback_name=name), login="browser") as one:
        challenge = await one.desk.login.begin(one.desk.account)
        assert isinstance(challenge, LoginChallenge)
        session = await one.desk.login.answer(challenge, await redirect_of(one, challenge))
    assert isinstance(session, Session)


async def test_a_request_token_is_taken_once() -> None:
    async with emulated(Settings(rate_limits=False, asks_consent=True), login="browser") as one:
        challenge = await one.desk.login.begin(one.desk.account)
        assert isinstance(challenge, LoginChallenge)
        answer = await redirect_of(one, challenge)
        await one.desk.login.answer(challenge, answer)
        one.desk.line.find_nobody()
        with pytest.raises(Refused) as refusal:
            await one.desk.login.answer(challenge, answer)
    assert refusal.value.code is E.INVALID_SESSION
    assert "used before" in refusal.value.message


async def test_an_address_without_a_request_token_is_invalid() -> None:
    async with emulated(Settings(rate_limits=False, asks_consent=True), login="browser") as one:
        challenge = await one.desk.login.begin(one.desk.account)
        assert isinstance(challenge, LoginChallenge)
        address = Secret("http://127.0.0.1/callback?state=1&request_token=")
        with pytest.raises(Invalid, match="request_token"):
            await one.desk.login.answer(
                challenge, LoginAnswer(challenge_id=challenge.challenge_id, redirect_url=address)
            )


async def test_a_token_of_another_account_opens_no_session(one: Emulated) -> None:
    await one.desk.log_in()  # So that no consent is asked for.
    step: LoginChallenge | Session = await one.desk.login.begin(Account(adapter_id="hdfc", account_id="7000002"))
    assert isinstance(step, LoginChallenge)
    step = await one.desk.login.answer(step, answer_of_person(step))
    assert isinstance(step, LoginChallenge)
    refusal = await refusal_of(one, step)
    assert refusal.code is E.INVALID_CREDENTIALS
    assert ACCOUNT not in refusal.message


@pytest.mark.parametrize("verb", ProfileVerb)
async def test_the_profile_is_asked_by_get_and_then_by_post(verb: ProfileVerb) -> None:
    async with emulated(Settings(rate_limits=False, asks_consent=True, profile_verb=verb)) as one:
        session = await one.desk.log_in()
        assert session.metadata == {"name": "SAMPLE USER"}
        assert (await one.desk.client.profile(session.access_token)).user_id == ACCOUNT


def jwt(**claims: object) -> str:
    parts = (b'{"alg":"HS256"}', json.dumps(claims).encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def gives(host: Host, token: str, *, profile: str | None = None) -> None:
    """Let the host grant this token to whoever comes with a request token."""

    def rule(request: Request) -> Response:
        if request.path.endswith("/access-token"):
            return json_response({"accessToken": token})
        if request.path.endswith("/profile") and profile is not None:
            return json_response({"status": "success", "data": [{"user_id": profile}]})
        return Response(status=404, content_type="text/plain")

    host.rule = rule


async def granted(token: str, *, profile: str | None = None) -> Session:
    async with told(login="browser") as (host, desk):
        gives(host, token, profile=profile)
        challenge = await desk.login.begin(desk.account)
        assert isinstance(challenge, LoginChallenge)
        address = Secret("https://here/?" + urlencode({"code": "abc"}))
        step = await desk.login.answer(
            challenge, LoginAnswer(challenge_id=challenge.challenge_id, redirect_url=address)
        )
    assert isinstance(step, Session)
    return step


async def test_a_token_that_says_nothing_lasts_eight_hours_for_whom_the_profile_names() -> None:
    session = await granted("opaque", profile="7654321")
    assert session.expires_at - session.issued_at == timedelta(hours=8)


async def test_a_session_needs_no_profile_where_the_token_says_whose_it_is() -> None:
    ends = datetime(2026, 11, 23, 12, tzinfo=UTC)
    session = await granted(jwt(sub="7654321", exp=int(ends.timestamp())))
    assert session.expires_at == ends
    assert session.metadata == {}


@pytest.mark.parametrize(
    ("token", "profile", "kind"),
    [
        ("opaque", None, Unavailable),
        ("opaque", "7000009", Refused),
        (jwt(sub="7000009"), None, Refused),
        (jwt(sub="7654321"), "7000009", Refused),
        (jwt(sub="7654321", exp=1), None, Refused),
    ],
    ids=["nobody's", "another's by profile", "another's", "of two", "ended"],
)
async def test_a_token_that_may_be_anothers_or_is_over_opens_nothing(
    token: str, profile: str | None, kind: type[OrdoError]
) -> None:
    with pytest.raises(kind) as error:
        await granted(token, profile=profile)
    assert token not in str(error.value)


async def test_no_password_and_no_code_is_kept_or_told(one: Emulated) -> None:
    challenge = await asked_for(ChallengeKind.OTP, one)
    await one.desk.login.answer(challenge, answer_of_person(challenge))
    kept = "".join(note.reveal() for note, _ in one.desk.notes._kept.values())
    assert kept
    assert OTP not in kept
    assert PASSWORD not in kept
    assert (
        "wrong-pass"
        not in (await refusal_of(one, await asked_for(ChallengeKind.PASSWORD, one), password="wrong-pass")).message
    )


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"", b"{}", b'{"data": []}'])
async def test_a_page_of_the_load_balancer_is_no_login(body: bytes) -> None:
    async with told() as (host, desk):
        host.answer = Response(body=body)
        challenge = await desk.login.begin(desk.account)
        assert isinstance(challenge, LoginChallenge)
        with pytest.raises(Unavailable):
            await desk.login.answer(challenge, answer_of_person(challenge))


async def test_what_is_sent_is_what_the_dossier_says() -> None:
    async with told() as (host, desk):
        said = {
            "/login": {"token_id": "t1"},
            "/login/validate": {"data": {"recaptcha": False, "loginId": "1", "twoFAEnabled": True}},
            "/twofa/validate": {"requestToken": "r3", "authorised": True},
            "/authorise": {"requestToken": "r4", "callbackUrl": "x"},
            "/access-token": {"accessToken": jwt(sub="7654321")},
        }

        def rule(request: Request) -> Response:
            path = request.path.removeprefix("/oapi/v1")
            return json_response(said[path]) if path in said else Response(status=404)

        host.rule = rule
        await desk.log_in()
    steps = [(one.method, one.path, dict(one.query), one.body) for one in host.asked[:5]]
    key = {"api_key": "EMULATED"}
    assert steps == [
        ("GET", "/oapi/v1/login", key, b""),
        ("POST", "/oapi/v1/login/validate", key | {"token_id": "t1"}, b'{"username":"EMUSER","password":"emu-pass"}'),
        ("POST", "/oapi/v1/twofa/validate", key | {"token_id": "t1"}, b'{"answer":"123456"}'),
        ("GET", "/oapi/v1/authorise", key | {"token_id": "t1", "consent": "true", "request_token": "r3"}, b""),
        ("POST", "/oapi/v1/access-token", key | {"request_token": "r4"}, b'{"apiSecret":"EMULATED-SECRET"}'),
    ]
    assert all("authorization" not in one.headers for one in host.asked[:5])
    assert all(one.headers["user-agent"].startswith("Mozilla/5.0") for one in host.asked)
