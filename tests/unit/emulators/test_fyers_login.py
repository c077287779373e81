import base64
import hashlib
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from ordo_emulators.clock import IST
from tests.unit.emulators.wire import HASH, MONDAY, Clock, Fyers, claims

REDIRECT = "http://127.0.0.1:8000/callback/fyers"


async def authorise(fyers: Fyers, **query: str) -> httpx2.Response:
    defaults = {"client_id": "EMULATED-100", "redirect_uri": REDIRECT, "response_type": "code"}
    return await fyers.http.get(f"{fyers.origin}/api/v3/generate-authcode", params={**defaults, **query})


def error(answer: httpx2.Response) -> tuple[int, int]:
    assert answer.json()["s"] == "error"
    return answer.status_code, answer.json()["code"]


async def test_the_login_page_redirects_at_once(fyers: Fyers) -> None:
    answer = await authorise(fyers, state="x1")
    location = urlsplit(answer.headers["location"])
    query = parse_qs(location.query)
    assert answer.status_code == 302
    assert f"{location.scheme}://{location.netloc}{location.path}" == REDIRECT
    assert (query["s"], query["code"], query["state"]) == (["ok"], ["200"], ["x1"])
    assert claims(query["auth_code"][0])["sub"] == "auth_code"


@pytest.mark.parametrize("state", ["a b&c=d?e#f/ü", "", "0" * 200])
async def test_the_state_comes_back_as_it_was_given(fyers: Fyers, state: str) -> None:
    answer = await authorise(fyers, state=state)
    assert parse_qs(urlsplit(answer.headers["location"]).query, keep_blank_values=True)["state"] == [state]


async def test_no_state_is_made_up(fyers: Fyers) -> None:
    assert "state" not in parse_qs(urlsplit((await authorise(fyers)).headers["location"]).query)


async def test_a_redirect_address_keeps_its_own_query(fyers: Fyers) -> None:
    answer = await authorise(fyers, redirect_uri=f"{REDIRECT}?tenant=7", state="x")
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (query["tenant"], query["state"]) == (["7"], ["x"])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"client_id": "EMULATED"}, -352),
        ({"response_type": "token"}, -50),
        ({"redirect_uri": ""}, -50),
        ({"redirect_uri": "javascript:alert(1)"}, -50),
        ({"redirect_uri": "http://127.0.0.1/\r\nSet-Cookie: a=b"}, -50),
    ],
)
async def test_a_wrong_call_of_the_login_page_grants_nothing(fyers: Fyers, query: dict[str, str], code: int) -> None:
    assert error(await authorise(fyers, **query)) == (400, code)


async def test_a_code_becomes_a_token_that_works(fyers: Fyers) -> None:
    answer = (await fyers.exchange(await fyers.auth_code())).json()
    assert (answer["s"], answer["code"], answer["message"]) == ("ok", 200, "")
    assert answer.keys() == {"s", "code", "message", "access_token", "refresh_token"}
    fyers.authorization = f"EMULATED-100:{answer['access_token']}"
    assert (await fyers.api("GET", "/profile")).json()["data"]["fy_id"] == "XE00001"


@pytest.mark.parametrize(
    ("hours", "expiry"),
    [(0, datetime(2026, 11, 24, 6, 0, tzinfo=IST)), (-5, datetime(2026, 11, 23, 6, 0, tzinfo=IST))],
)
async def test_a_token_ends_at_six_in_the_morning(fyers: Fyers, clock: Clock, hours: int, expiry: datetime) -> None:
    clock.now = MONDAY + timedelta(hours=hours)
    held = claims(await fyers.login())
    assert datetime.fromtimestamp(held["exp"], tz=IST) == expiry
    assert held["iat"] == held["nbf"] == int(clock.now.timestamp())


async def test_a_token_carries_what_clients_decode(fyers: Fyers) -> None:
    held = claims(await fyers.login())
    assert len(bytes.fromhex(held["hsm_key"])) == 28
    assert (held["iss"], held["sub"], held["fy_id"]) == ("api.fyers.in", "access_token", "XE00001")
    assert held.keys() >= {"aud", "at_hash", "display_name", "oms", "appType", "isDdpiEnabled", "isMtfEnabled"}


async def test_a_code_is_good_once(fyers: Fyers) -> None:
    code = await fyers.auth_code()
    await fyers.exchange(code)
    assert error(await fyers.exchange(code)) == (400, -437)


async def test_a_code_ends_by_itself(fyers: Fyers, clock: Clock) -> None:
    code = await fyers.auth_code()
    clock.forward(8 * 3600 + 20 * 60)
    assert error(await fyers.exchange(code)) == (400, -437)


@pytest.mark.parametrize(
    "wrong",
    [
        hashlib.sha256(b"EMULATED:EMULATED-SECRET").hexdigest(),
        HASH.upper(),
        base64.b64encode(bytes.fromhex(HASH)).decode(),
    ],
    ids=["app id without its suffix", "upper case", "base64"],
)
async def test_a_wrong_hash_is_refused_and_leaves_the_code_alone(fyers: Fyers, wrong: str) -> None:
    code = await fyers.auth_code()
    assert error(await fyers.exchange(code, wrong)) == (400, -5)
    assert (await fyers.exchange(code)).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, -441),
        ({}, -441),
        ([], -441),
        ({"grant_type": "authorization_code", "appIdHash": HASH, "code": ""}, -441),
        ({"grant_type": "authorization_code", "appIdHash": HASH, "code": "guessed"}, -437),
        ({"grant_type": "authorization_code", "appIdHash": HASH, "code": ["x"]}, -437),
        ({"grant_type": "authorization_code", "code": "guessed"}, -371),
        ({"appIdHash": HASH, "code": "guessed"}, -442),
    ],
)
async def test_an_incomplete_exchange_is_refused(fyers: Fyers, body: object, code: int) -> None:
    assert error(await fyers.api("POST", "/validate-authcode", body)) == (400, code)


async def test_pkce_takes_a_verifier_instead_of_the_hash(fyers: Fyers) -> None:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"verifier").digest()).rstrip(b"=").decode()
    answer = await authorise(fyers, code_challenge=challenge)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["auth_code"][0]
    body = {"grant_type": "authorization_code", "code": code, "code_verifier": "guess"}
    assert error(await fyers.api("POST", "/validate-authcode", body)) == (400, -5)
    assert (await fyers.api("POST", "/validate-authcode", {**body, "code_verifier": "verifier"})).status_code == 200


async def test_a_verifier_without_a_challenge_proves_nothing(fyers: Fyers) -> None:
    body = {"grant_type": "authorization_code", "code": await fyers.auth_code(), "code_verifier": "x"}
    assert error(await fyers.api("POST", "/validate-authcode", body)) == (400, -371)


async def test_a_token_past_its_time_is_dead(fyers: Fyers, clock: Clock) -> None:
    clock.forward(20 * 3600)
    assert error(await fyers.api("GET", "/funds")) == (401, -8)
    assert error(await fyers.data("/quotes", symbols="NSE:SBIN-EQ")) == (401, -15)


@pytest.mark.parametrize("header", ["", "{token}", "Bearer {token}", "EMULATED-100:", "EMULATED-100:guess"])
async def test_a_malformed_authorization_is_refused(fyers: Fyers, header: str) -> None:
    fyers.authorization = header.format(token=fyers.authorization.partition(":")[2])
    assert error(await fyers.api("GET", "/funds")) == (401, -16)


async def test_another_app_can_not_use_the_token(fyers: Fyers) -> None:
    fyers.authorization = fyers.authorization.replace("EMULATED-100", "OTHER-100")
    assert error(await fyers.api("GET", "/funds")) == (400, -352)
    answer = await fyers.place()
    assert (answer["code"], answer["message"]) == (
        -50,
        "Request rejected: Order placement restricted. Algo orders are not allowed from this app OTHER-100",
    )
    assert await fyers.arrived() == []


async def test_logging_out_ends_that_token_only(fyers: Fyers) -> None:
    first = fyers.authorization
    await fyers.login()
    second, fyers.authorization = fyers.authorization, first
    answer = (await fyers.api("POST", "/logout")).json()
    assert (answer["s"], answer["message"]) == ("ok", "you are successfully logged out")
    assert error(await fyers.api("POST", "/logout")) == (401, -16)
    fyers.authorization = second
    assert (await fyers.api("GET", "/funds")).status_code == 200


async def test_the_refresh_is_retired_unless_switched_on(fyers: Fyers) -> None:
    token = (await fyers.exchange(await fyers.auth_code())).json()["refresh_token"]
    body = {"grant_type": "refresh_token", "appIdHash": HASH, "refresh_token": token, "pin": "1234"}
    assert error(await fyers.api("POST", "/validate-refresh-token", body)) == (400, -501)
    await fyers.set(refresh_tokens=True)
    assert error(await fyers.api("POST", "/validate-refresh-token", {})) == (400, -442)
    assert error(await fyers.api("POST", "/validate-refresh-token", {**body, "pin": "4321"})) == (400, -50)
    assert error(await fyers.api("POST", "/validate-refresh-token", {**body, "appIdHash": "x"})) == (400, -5)
    assert error(await fyers.api("POST", "/validate-refresh-token", {**body, "refresh_token": "x"})) == (400, -501)
    answer = (await fyers.api("POST", "/validate-refresh-token", body)).json()
    assert answer.keys() == {"s", "code", "message", "access_token"}
    fyers.authorization = f"EMULATED-100:{answer['access_token']}"
    assert (await fyers.api("GET", "/funds")).status_code == 200
