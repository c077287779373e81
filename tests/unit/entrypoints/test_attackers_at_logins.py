"""What strangers try at the logins of real adapters, with the emulated brokers on their sockets: no session opens but
the one that was meant, and guessing is slowed down and told to the auditor.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
import pytest_asyncio

from ordo.domain.audit import AuditKind
from tests.support.street import Street, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

FYERS, OTHER, SECOND, HDFC = "fyers/XE00001", "fyers/XE00002", "second/XE00001", "hdfc/7000001"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everywhere(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Street]:
    async with opened(tmp_path_factory.mktemp("street")) as street:
        yield street


@pytest_asyncio.fixture(loop_scope="module")
async def street(everywhere: Street) -> Street:
    """Nobody is logged in, and former guesses are forgotten."""
    for account in await everywhere.states():
        await everywhere.http.delete(f"/api/v1/sessions/{account}")
    await everywhere.clock.advance(1000)
    everywhere.audit.events.clear()
    return everywhere


def changed(address: str, **values: str) -> str:
    """The same address with other values in its query."""
    parts = urlsplit(address)
    return f"{parts.path}?{urlencode(dict(parse_qsl(parts.query)) | values)}"


def is_closed(answer: httpx2.Response) -> bool:
    """A page that says nothing, holds nothing of the address, and that no browser is tricked with."""
    policy = answer.headers["Content-Security-Policy"]
    return (
        answer.headers["Content-Type"] == "text/html; charset=utf-8"
        and policy.startswith("default-src 'none'")
        and "frame-ancestors 'none'" in policy
        and answer.headers["X-Frame-Options"] == "DENY"
        and answer.headers["X-Content-Type-Options"] == "nosniff"
        and answer.headers["Referrer-Policy"] == "no-referrer"
        and answer.headers["Cache-Control"] == "no-store"
        and "Not logged in" in answer.text
        and not any(text in answer.text.lower() for text in ("<script", "onerror", "<img", "evil", "auth_code", "eyj"))
    )


async def visit(street: Street, address: str) -> httpx2.Response:
    return await street.stranger.get(address)


async def test_a_redirect_that_is_replayed_opens_nothing_again(street: Street) -> None:
    address = await street.sent_back(await street.begun(FYERS))
    answers = await asyncio.gather(*(visit(street, address) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404]
    assert await street.states() == {FYERS: "ACTIVE"}
    assert (await street.http.delete(f"/api/v1/sessions/{FYERS}")).status_code == 204
    replayed = await visit(street, address)
    assert (replayed.status_code, is_closed(replayed)) == (404, True)
    assert await street.states() == {}


async def test_a_code_that_was_used_opens_no_other_login(street: Street) -> None:
    used = await street.sent_back(await street.begun(FYERS))
    assert (await visit(street, used)).status_code == 200
    await street.http.delete(f"/api/v1/sessions/{FYERS}")
    fresh = await street.sent_back(await street.begun(FYERS))
    stale = changed(fresh, auth_code=dict(parse_qsl(urlsplit(used).query))["auth_code"])
    refused = await visit(street, stale)
    assert (refused.status_code, is_closed(refused)) == (401, True)
    # The state went with it: not even the good code opens that login now.
    assert (await visit(street, fresh)).status_code == 404
    assert await street.states() == {}
    (told,) = [event for event in street.audit.events if event.kind is AuditKind.LOGIN_REFUSED]
    assert (told.actor, told.facts["error_code"]) == ("callback", "INVALID_CREDENTIALS")


async def test_a_state_that_is_forged_or_of_elsewhere_opens_nothing(street: Street) -> None:
    address = await street.sent_back(await street.begun(FYERS))
    query = urlsplit(address).query
    state = dict(parse_qsl(query))["state"]
    for forged in (
        changed(address, state="forged"),
        changed(address, state=state[:-1]),
        changed(address, state=f"{state}x"),
        changed(address, state=state.swapcase()),
        changed(address, state=f" {state}"),
        changed(address, state=f"{state}\x00"),
        f"/callback/fyers?{query}&state={state}",
        f"/callback/second?{query}",
        f"/callback/hdfc?{query}",
        f"/callback/paper?{query}",
        f"/callback/nobody?{query}",
        f"/callback/FYERS?{query}",
        f"/callback/fyers%2f..%2ffyers?{query}",
        f"/callback/fyers%00?{query}",
    ):
        answer = await visit(street, forged)
        assert answer.status_code in (400, 404), forged
        assert "XE00001" not in answer.text
        assert await street.states() == {}, forged
    assert (await visit(street, address)).status_code == 200
    assert await street.states() == {FYERS: "ACTIVE"}


async def test_the_state_of_one_login_with_the_code_of_another(street: Street) -> None:
    """Whoever has an own code can't put it under a login of the victim's: its state is not to be had. With the state,
    the session is still only opened for the account that the broker itself names.
    """
    meant = await street.sent_back(await street.begun(OTHER))
    refused = await visit(street, meant)
    assert (refused.status_code, is_closed(refused)) == (401, True)
    assert await street.states() == {}
    second = await street.sent_back(await street.begun(SECOND))
    mine = await street.sent_back(await street.begun(FYERS))
    crossed = changed(mine, state=dict(parse_qsl(urlsplit(second).query))["state"])
    assert (await visit(street, crossed)).status_code == 404
    assert (await visit(street, mine)).status_code == 200
    assert await street.states() == {FYERS: "ACTIVE"}


async def test_a_redirect_that_comes_too_late_opens_nothing(street: Street) -> None:
    challenge = await street.begun(FYERS)
    address = await street.sent_back(challenge)
    await street.clock.advance(3600)
    late = await visit(street, address)
    assert (late.status_code, is_closed(late)) == (404, True)
    assert await street.states() == {}


EVIL = '"><script>evil()</script><img src=x onerror=evil()>'


@pytest.mark.parametrize("name", ["state", "auth_code", "message", "s", "code", "evil"])
async def test_nothing_of_the_address_stands_on_the_page(street: Street, name: str) -> None:
    for address in (await street.sent_back(await street.begun(FYERS)), "/callback/fyers?state=x", "/callback/hdfc?s=1"):
        answer = await visit(street, changed(address, **{name: EVIL}))
        assert 200 <= answer.status_code < 500
        assert "evil" not in answer.text.lower()
        assert "script-src" not in answer.headers["Content-Security-Policy"]
    for account in await street.states():
        # A parameter that nobody asked for changes nothing.
        assert name in ("message", "code", "evil"), account


async def test_the_pasted_address_of_another_login_is_refused(street: Street) -> None:
    one, two = await street.begun(FYERS), await street.begun(SECOND)
    body = {"challenge_id": one["challenge_id"], "redirect_url": await street.sent_back(two)}
    refused = await street.http.post(f"/api/v1/sessions/{FYERS}/login/answer", json=body)
    assert (refused.status_code, refused.json()["error_code"]) == (400, "VALIDATION_ERROR")
    crossed = await street.http.post(f"/api/v1/sessions/{SECOND}/login/answer", json=body)
    assert crossed.status_code == 404
    assert await street.states() == {}


async def test_passwords_are_guessed_a_few_times_only(street: Street) -> None:
    answers = [await street.answer(HDFC, await street.begun(HDFC), password=f"guess-{number}") for number in range(8)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 3
    assert {answer.json()["error_code"] for answer in answers} == {"INVALID_CREDENTIALS", "TOO_MANY_REQUESTS"}
    # The right one has to wait as well: nobody learns from the answer which it is.
    assert (await street.answer(HDFC, await street.begun(HDFC))).status_code == 429
    told = [event for event in street.audit.events if event.kind is AuditKind.LOGIN_REFUSED]
    assert [event.facts["error_code"] for event in told] == ["INVALID_CREDENTIALS"] * 5
    assert "guess" not in repr(street.audit.events)


async def test_one_time_codes_are_guessed_a_few_times_only(street: Street) -> None:
    """However often the login is begun anew, each code that was refused counts, the last of a login too."""
    asked = 0
    codes: list[str] = []
    for _ in range(6):
        first = await street.answer(HDFC, await street.begun(HDFC))
        if first.status_code == 429:
            break
        challenge = first.json()
        for _ in range(2):
            answer = await street.answer(HDFC, challenge, otp=f"{asked:06d}")
            codes.append(answer.json()["error_code"])
            asked += answer.status_code != 429
    assert asked == 5, codes
    assert codes[0] == "INVALID_OTP"
    assert codes.count("INVALID_SESSION") == 2
    assert codes[-1] == "TOO_MANY_REQUESTS"
    told = [event for event in street.audit.events if event.kind is AuditKind.LOGIN_REFUSED]
    assert len(told) == asked
    assert await street.states() == {}


async def test_a_stranger_can_not_begin_or_answer_a_login(street: Street) -> None:
    challenge = await street.begun(HDFC)
    body = {"challenge_id": challenge["challenge_id"], "answers": {"username": "a", "password": "b"}}
    for path, sent in (("/login", None), ("/login/answer", body)):
        answer = await street.stranger.post(f"/api/v1/sessions/{HDFC}{path}", json=sent)
        assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")
    assert [event for event in street.audit.events if event.kind is AuditKind.LOGIN_REFUSED] == []
