import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from ordo_emulators.hdfc.login import OTP, PASSWORD, USER, Logins
from ordo_emulators.hdfc.settings import Settings
from tests.unit.emulators.hdfc_wire import Hdfc
from tests.unit.emulators.wire import MONDAY, Clock, claims


async def alive(hdfc: Hdfc, token: str) -> bool:
    hdfc.token = token
    return (await hdfc.api("GET", "/orders")).status_code == 200


async def test_five_steps_lead_to_a_token_of_the_account(hdfc: Hdfc) -> None:
    hdfc.token = ""
    started = (await hdfc.api("GET", "/login")).json()
    assert started.keys() == {"tokenId"}
    assert re.fullmatch(r"[0-9a-f]{32}", started["tokenId"])
    asked = (await hdfc.password(started["tokenId"])).json()
    assert asked == {
        "recaptcha": False,
        "loginId": "7000001",
        "twofa": {"questions": [{"question": "Please enter OTP"}]},
        "twoFAEnabled": True,
    }
    answered = (await hdfc.otp(started["tokenId"])).json()
    assert answered.keys() == {"requestToken", "termsAndConditions", "authorised"}
    assert answered["termsAndConditions"].keys() == {"version", "content"}
    authorised = (await hdfc.authorise(started["tokenId"], answered["requestToken"])).json()
    assert authorised.keys() == {"callbackUrl", "requestToken"}
    assert authorised["requestToken"] != answered["requestToken"]
    granted = (await hdfc.exchange(authorised["requestToken"])).json()
    assert granted.keys() == {"accessToken"}
    issued = int(MONDAY.timestamp())
    assert claims(granted["accessToken"]) == {
        "sub": "7000001",
        "iat": issued,
        "exp": issued + 28_800,
        "merchant": "EMULATED",
        "merchant_api_key": "EMULATED",
    }
    assert await alive(hdfc, granted["accessToken"])


async def test_the_consent_is_remembered_but_still_has_to_be_given(hdfc: Hdfc) -> None:
    token_id = await hdfc.asked()
    answered = (await hdfc.otp(token_id)).json()
    assert answered["authorised"] is True
    assert (await hdfc.exchange(answered["requestToken"])).status_code == 400


async def test_only_the_token_of_the_fourth_step_can_be_exchanged(hdfc: Hdfc) -> None:
    token_id, third = await hdfc.answered()
    assert (await hdfc.exchange(third)).status_code == 400
    fourth = (await hdfc.authorise(token_id, third)).json()["requestToken"]
    assert (await hdfc.exchange(third)).status_code == 400
    assert (await hdfc.exchange(fourth)).status_code == 200


async def test_a_request_token_is_exchanged_once(hdfc: Hdfc) -> None:
    granted = await hdfc.request_token()
    token = (await hdfc.exchange(granted)).json()["accessToken"]
    assert (await hdfc.exchange(granted)).status_code == 400
    assert await alive(hdfc, token)


async def test_a_request_token_grows_old(hdfc: Hdfc, clock: Clock) -> None:
    granted = await hdfc.request_token()
    clock.forward(300)
    assert (await hdfc.exchange(granted)).status_code == 400


async def test_a_wrong_secret_buys_nothing(hdfc: Hdfc) -> None:
    granted = await hdfc.request_token()
    wrong = await hdfc.exchange(granted, "EMULATED")
    assert (wrong.status_code, "accessToken" in wrong.json()) == (401, False)
    misspelt = await hdfc.api("POST", "/access-token", {"api_secret": "EMULATED-SECRET"}, request_token=granted)
    assert misspelt.status_code == 401
    assert (await hdfc.exchange(granted)).status_code == 200


@pytest.mark.parametrize(("username", "password"), [("EMUSER", "guess"), ("NOBODY", "emu-pass"), ("", "")])
async def test_a_wrong_password_sends_no_otp(hdfc: Hdfc, username: str, password: str) -> None:
    token_id = await hdfc.start()
    assert (await hdfc.password(token_id, username, password)).status_code == 401
    assert (await hdfc.otp(token_id)).status_code == 400
    assert (await hdfc.password(token_id)).status_code == 200


@pytest.mark.parametrize("answer", ["000000", "", 123456, None, ["123456"]])
async def test_a_wrong_otp_can_be_tried_again(hdfc: Hdfc, answer: object) -> None:
    token_id = await hdfc.asked()
    wrong = await hdfc.otp(token_id, answer)
    assert (wrong.status_code, "requestToken" in wrong.json()) == (400, False)
    assert (await hdfc.otp(token_id)).status_code == 200


@pytest.mark.parametrize("tries", [1, 3])
async def test_too_many_wrong_otps_end_the_attempt(hdfc: Hdfc, tries: int) -> None:
    await hdfc.set(otp_tries=tries)
    token_id = await hdfc.asked()
    for _ in range(tries):
        assert (await hdfc.otp(token_id, "000000")).status_code == 400
    assert (await hdfc.otp(token_id)).status_code == 400
    assert (await hdfc.password(token_id)).status_code == 400
    assert (await hdfc.otp(await hdfc.asked())).status_code == 200


async def test_an_otp_expires_and_is_sent_again(hdfc: Hdfc, clock: Clock) -> None:
    token_id = await hdfc.asked()
    clock.forward(300)
    late = await hdfc.otp(token_id)
    assert (late.status_code, "expired" in late.text) == (400, True)
    assert (await hdfc.api("GET", "/twofa/resend", token_id=token_id)).status_code == 200
    clock.forward(299)
    assert (await hdfc.otp(token_id)).status_code == 200


async def test_an_otp_may_be_expired_when_it_arrives(hdfc: Hdfc) -> None:
    await hdfc.set(otp_seconds=0)
    assert (await hdfc.otp(await hdfc.asked())).status_code == 400


@pytest.mark.parametrize("consent", ["false", "False", "", "Y"])
async def test_without_consent_there_is_no_token(hdfc: Hdfc, consent: str) -> None:
    token_id, request_token = await hdfc.answered()
    refused = await hdfc.authorise(token_id, request_token, consent)
    assert (refused.status_code, "requestToken" in refused.json()) == (400, False)
    assert (await hdfc.authorise(token_id, request_token, "True")).status_code == 200


async def test_the_steps_come_in_order_and_each_once(hdfc: Hdfc) -> None:
    token_id = await hdfc.start()
    assert (await hdfc.otp(token_id)).status_code == 400
    assert (await hdfc.api("GET", "/twofa/resend", token_id=token_id)).status_code == 400
    assert (await hdfc.authorise(token_id, "")).status_code == 400
    await hdfc.password(token_id)
    assert (await hdfc.authorise(token_id, "")).status_code == 400
    assert (await hdfc.password(token_id)).status_code == 400
    request_token = (await hdfc.otp(token_id)).json()["requestToken"]
    assert (await hdfc.otp(token_id)).status_code == 400
    assert (await hdfc.authorise(token_id, "0" * 32)).status_code == 400
    assert (await hdfc.authorise(token_id, request_token)).status_code == 200
    assert (await hdfc.authorise(token_id, request_token)).status_code == 400


async def test_two_attempts_do_not_meet(hdfc: Hdfc) -> None:
    first, token_of_first = await hdfc.answered()
    second, token_of_second = await hdfc.answered()
    assert (await hdfc.authorise(first, token_of_second)).status_code == 400
    assert (await hdfc.authorise(second, token_of_first)).status_code == 400
    assert (await hdfc.authorise(first, token_of_first)).status_code == 200
    assert (await hdfc.authorise(second, token_of_second)).status_code == 200


@pytest.mark.parametrize("token_id", ["", "0" * 32])
async def test_an_attempt_must_be_known(hdfc: Hdfc, token_id: str) -> None:
    answers = [
        await hdfc.password(token_id),
        await hdfc.otp(token_id),
        await hdfc.authorise(token_id, "x"),
        await hdfc.api("GET", "/twofa/resend", token_id=token_id),
    ]
    assert {answer.status_code for answer in answers} == {400}


@pytest.mark.parametrize(("twofa", "recaptcha", "enabled"), [("off", False, False), ("recaptcha", True, True)])
async def test_without_an_otp_a_program_gets_no_further(
    hdfc: Hdfc,
    twofa: str,
    recaptcha: bool,  # noqa: FBT001
    enabled: bool,  # noqa: FBT001
) -> None:
    await hdfc.set(twofa=twofa)
    token_id = await hdfc.start()
    asked = (await hdfc.password(token_id)).json()
    assert (asked["recaptcha"], asked["twoFAEnabled"], asked["twofa"]) == (recaptcha, enabled, {"questions": []})
    assert (await hdfc.otp(token_id)).status_code == 400


async def page(hdfc: Hdfc) -> httpx2.Response:
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    return await hdfc.request("GET", "/oapi/v1/login", headers={"Accept": accept}, api_key="EMULATED")


@pytest.mark.parametrize("name", ["request_token", "requestToken", "request-token", "code"])
async def test_a_browser_is_sent_to_the_registered_address(hdfc: Hdfc, name: str) -> None:
    await hdfc.set(callback_name=name)
    hdfc.token = ""
    answer = await page(hdfc)
    location = urlsplit(answer.headers["location"])
    assert answer.status_code == 302
    assert f"{location.scheme}://{location.netloc}{location.path}" == "http://127.0.0.1:8000/callback/hdfc"
    (token,) = parse_qs(location.query)[name]
    granted = (await hdfc.exchange(token)).json()["accessToken"]
    assert await alive(hdfc, granted)


async def test_the_registered_address_keeps_its_own_query(hdfc: Hdfc) -> None:
    await hdfc.set(callback_url="http://127.0.0.1:1/x?tenant=7")
    query = parse_qs(urlsplit((await page(hdfc)).headers["location"]).query)
    assert query["tenant"] == ["7"]
    assert query.keys() == {"tenant", "request_token"}


async def test_the_login_page_wants_the_key_too(hdfc: Hdfc) -> None:
    answer = await hdfc.request("GET", "/oapi/v1/login", headers={"Accept": "text/html"})
    assert (answer.status_code, "location" in answer.headers) == (401, False)


@pytest.mark.parametrize("ttl", [28_800, 60])
async def test_a_token_dies_at_its_exp(hdfc: Hdfc, clock: Clock, ttl: int) -> None:
    await hdfc.set(token_ttl=ttl)
    token = await hdfc.login()
    assert claims(token)["exp"] == int(clock.now.timestamp()) + ttl
    clock.forward(ttl - 1)
    assert await alive(hdfc, token)
    clock.forward(1)
    assert not await alive(hdfc, token)


async def test_sessions_can_be_ended_from_outside(hdfc: Hdfc) -> None:
    await hdfc.login()
    assert (await hdfc.control("POST", "/expire-sessions")).json() == {"expired": 2}
    answer = await hdfc.api("GET", "/orders")
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid credentials"})
    assert await alive(hdfc, await hdfc.login())


@pytest.mark.parametrize("asks", [False, True])
def test_a_user_is_asked_for_consent_only_where_that_is_set(*, asks: bool) -> None:
    logins, settings, now = Logins(), Settings(asks_consent=asks), datetime(2026, 11, 23, 9, tzinfo=UTC)
    token_id = str(logins.start()["tokenId"])
    logins.check_password(token_id, {"username": USER, "password": PASSWORD}, now, settings)
    assert logins.check_otp(token_id, {"answer": OTP}, now, settings)["authorised"] is not asks
