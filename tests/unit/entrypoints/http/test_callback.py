"""The broker's redirect: it opens the one session that it belongs to, says so, and leaves no trace of its code."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from ordo.domain.audit import AuditKind
from ordo.domain.errors import ErrorCode, NotSent, Unavailable
from ordo.entrypoints.http.page import style
from tests.support.logins import AUTH_CODE, OtpLogin, RedirectLogin, sent_back
from tests.unit.entrypoints.http.gateway_door import TOKEN, Door, open_door

SESSION = "/api/v1/sessions/redirects/R1"


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with open_door(tmp_path, logins={"redirects": RedirectLogin, "elsewhere": OtpLogin}) as opened:
        yield opened


def login_of(door: Door) -> RedirectLogin:
    login = next(line.login for line in door.container.brokers().lines if line.adapter_id == "redirects")
    assert isinstance(login, RedirectLogin)
    return login


async def begun(door: Door, session: str = SESSION) -> str:
    """Start a login, and give the path and query to which the broker then sends the browser."""
    challenge = (await door.http.post(f"{session}/login")).json()
    assert (challenge["kind"], challenge["fields"]) == ("redirect", [])
    return sent_back(challenge["login_url"]).removeprefix("http://127.0.0.1:8000")


async def visit(door: Door, address: str) -> httpx2.Response:
    """What a browser does: it has no token."""
    return await door.http.get(address, headers={"Authorization": ""})


async def state(door: Door, session: str = SESSION) -> str:
    found: str = (await door.http.get(session)).json()["state"]
    return found


def is_plain_page(answer: httpx2.Response) -> bool:
    policy = answer.headers["Content-Security-Policy"]
    return (
        answer.headers["Content-Type"] == "text/html; charset=utf-8"
        and answer.headers["Referrer-Policy"] == "no-referrer"
        and answer.headers["X-Content-Type-Options"] == "nosniff"
        and answer.headers["Cache-Control"] == "no-store"
        and policy.startswith("default-src 'none'; style-src 'sha256-")
        and "frame-ancestors 'none'" in policy
        and answer.text.startswith("<!doctype html>")
        and not any(text in answer.text for text in ("http:", "https:", "//", "<script", "<img", "<link", AUTH_CODE))
    )


async def test_the_redirect_logs_in_and_says_so(door: Door) -> None:
    address = await begun(door)
    answer = await visit(door, address)
    assert (answer.status_code, is_plain_page(answer)) == (200, True)
    assert "You can close this window." in answer.text
    assert "redirects/R1" in answer.text
    assert await state(door) == "ACTIVE"
    (event,) = [event for event in door.audit.events if event.kind is AuditKind.SESSION_OPENED]
    assert (event.actor, event.correlation_id) == ("callback", answer.headers["X-Correlation-ID"])
    schema = await door.http.get("/schema")
    assert schema.headers["Content-Security-Policy"] != answer.headers["Content-Security-Policy"]
    assert style() not in answer.text


async def test_a_redirect_nobody_waits_for_is_one_page_whatever_is_wrong_with_it(door: Door) -> None:
    used = await begun(door)
    assert (await visit(door, used)).status_code == 200
    late = await begun(door, "/api/v1/sessions/redirects/R2")
    await door.clock.advance(300)
    good = await begun(door, "/api/v1/sessions/redirects/R3")
    path, _, query = good.partition("?")
    pages = set()
    for address in (
        used,
        late,
        path,
        f"{path}?",
        f"{path}?state=",
        f"{path}?state=forged&auth_code={AUTH_CODE}",
        f"{path}?{query}&{query}",
        f"/callback/elsewhere?{query}",
        f"/callback/nobody?{query}",
        f"/callback/%3Cb%3E?{query}",
        f"{path}?state=%3Cscript%3E&message=%3Cscript%3E",
        f"{path}?state=%ED%A0%80%FF",
    ):
        answer = await visit(door, address)
        assert (answer.status_code, is_plain_page(answer)) == (404, True), address
        pages.add(answer.text.replace(answer.headers["X-Correlation-ID"], ""))
    assert len(pages) == 1
    assert len(login_of(door).asked) == 1
    assert (await visit(door, good)).status_code == 200


async def test_an_address_that_is_too_long_is_refused(door: Door) -> None:
    answer = await visit(door, f"{await begun(door)}&more={'x' * 5000}")
    assert (answer.status_code, is_plain_page(answer)) == (400, True)
    assert login_of(door).asked == []


async def test_a_redirect_is_used_once_however_often_it_comes(door: Door) -> None:
    address = await begun(door)
    answers = await asyncio.gather(*(visit(door, address) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404, 404]
    assert len(login_of(door).asked) == 1


@pytest.mark.parametrize(
    ("error", "status", "again"),
    [
        pytest.param(NotSent(ErrorCode.BROKER_UNAVAILABLE, "http://canary"), 503, 200, id="never left"),
        pytest.param(Unavailable(ErrorCode.BROKER_TIMEOUT, "http://canary"), 504, 404, id="no answer"),
        pytest.param(Unavailable(ErrorCode.BROKER_ERROR, "http://canary"), 502, 404, id="nonsense"),
    ],
)
async def test_a_broker_that_can_not_be_asked_has_its_page(
    door: Door, error: Unavailable, status: int, again: int
) -> None:
    address = await begun(door)
    login_of(door).failure = error
    answer = await visit(door, address)
    assert (answer.status_code, is_plain_page(answer)) == (status, True)
    assert error.code in answer.text
    assert "canary" not in answer.text
    assert await state(door) == "NONE"
    assert (await visit(door, address)).status_code == again


async def test_what_the_broker_says_is_not_shown_and_its_refusal_is_audited(door: Door) -> None:
    address = await begun(door)
    answer = await visit(door, address.replace(AUTH_CODE, "canary7Q2x"))
    assert (answer.status_code, is_plain_page(answer)) == (401, True)
    assert "INVALID_CREDENTIALS" in answer.text
    assert "-437" not in answer.text
    (event,) = [event for event in door.audit.events if event.kind is AuditKind.LOGIN_REFUSED]
    assert (event.actor, event.facts) == ("callback", {"error_code": "INVALID_CREDENTIALS"})


async def test_no_code_is_left_in_log_trail_or_page(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    told = []
    with caplog.at_level(logging.DEBUG):
        for failure in (None, Unavailable(ErrorCode.BROKER_TIMEOUT, "late"), ZeroDivisionError("boom")):
            address = (await begun(door)).replace(AUTH_CODE, "canary7Q2x")
            login_of(door).failure = failure  # type: ignore[assignment]
            told += [await visit(door, address), await visit(door, address)]
        told.append(await visit(door, "/callback/redirects?state=canary7Q2x&auth_code=canary7Q2x"))
    assert [answer.status_code for answer in told] == [401, 404, 504, 404, 500, 404, 404]
    texts = [f"{answer.text} {answer.headers}" for answer in told]
    texts += [repr(event) for event in door.audit.events]
    # What the test's own client logs of its requests is not the gateway's.
    texts += [caplog.handler.format(record) for record in caplog.records if not record.name.startswith("httpx")]
    assert any("boom" in text for text in texts)
    assert [text for text in texts if "canary7Q2x" in text] == []


async def test_a_broker_that_asks_for_more_is_not_called_logged_in(door: Door) -> None:
    address = await begun(door)
    login_of(door).asks_more = True
    answer = await visit(door, address)
    assert (answer.status_code, is_plain_page(answer)) == (202, True)
    assert "Not finished" in answer.text
    assert await state(door) == "NONE"


async def test_only_a_get_finishes_a_login(door: Door) -> None:
    address = await begun(door)
    answer = await door.http.post(address)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert (await door.http.options(address)).status_code == 204
    assert login_of(door).asked == []


async def test_the_pasted_address_does_the_same_over_the_api(door: Door) -> None:
    challenge = (await door.http.post(f"{SESSION}/login")).json()
    other = (await door.http.post(f"{SESSION}/login")).json()
    answer = {"challenge_id": challenge["challenge_id"], "redirect_url": sent_back(other["login_url"])}
    refused = await door.http.post(f"{SESSION}/login/answer", json=answer)
    assert (refused.status_code, refused.json()["error_code"]) == (400, "VALIDATION_ERROR")
    assert AUTH_CODE not in refused.text
    answer["redirect_url"] = sent_back(challenge["login_url"])
    opened = await door.http.post(f"{SESSION}/login/answer", json=answer)
    assert (opened.status_code, opened.json()["state"]) == (201, "ACTIVE")
    assert TOKEN not in opened.text
    assert (await visit(door, sent_back(challenge["login_url"]))).status_code == 404
