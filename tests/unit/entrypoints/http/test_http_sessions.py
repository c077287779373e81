"""Logging in over HTTP. No answer ever holds a token or a password."""

from __future__ import annotations

from tests.unit.entrypoints.http.gateway_door import BUY, PASSWORD, Door

ASKS = "/api/v1/sessions/asks/A1"
PAPER = "/api/v1/sessions/paper/DEMO"
SESSION = {"account", "adapter_id", "account_id", "state", "issued_at", "expires_at", "advice"}


async def test_a_broker_that_asks_for_nothing_opens_at_once(door: Door) -> None:
    none = (await door.http.get(PAPER)).json()
    assert set(none) == SESSION
    assert (none["state"], none["expires_at"], none["adapter_id"], none["account_id"]) == (
        "NONE",
        None,
        "paper",
        "DEMO",
    )
    assert "ordo login paper DEMO" in none["advice"]
    challenge = await door.http.post(f"{PAPER}/login")
    assert challenge.status_code == 200
    assert (challenge.json()["kind"], challenge.json()["fields"]) == ("none", [])
    assert (await door.http.get(PAPER)).json()["state"] == "ACTIVE"
    answer = {"challenge_id": challenge.json()["challenge_id"], "answers": {}}
    opened = await door.http.post(f"{PAPER}/login/answer", json=answer)
    assert opened.status_code == 201
    assert set(opened.json()) == SESSION
    assert (opened.json()["state"], opened.json()["expires_at"]) == ("ACTIVE", "2026-11-24T03:00:00+05:30")
    assert (await door.http.get("/api/v1/sessions")).json() == [opened.json()]


async def test_a_login_in_two_steps(door: Door) -> None:
    first = await door.http.post(f"{ASKS}/login")
    assert first.status_code == 200
    assert first.json() == {
        "account": "asks/A1",
        "challenge_id": "challenge-password",
        "kind": "password",
        "login_url": None,
        "fields": ["password"],
        "message": None,
        "expires_at": "2026-11-23T10:05:00+05:30",
    }
    second = await door.http.post(
        f"{ASKS}/login/answer", json={"challenge_id": "challenge-password", "answers": {"password": PASSWORD}}
    )
    assert (second.status_code, second.json()["kind"], second.json()["fields"]) == (202, "otp", ["otp"])
    opened = await door.http.post(
        f"{ASKS}/login/answer", json={"challenge_id": "challenge-otp", "answers": {"otp": "123456"}}
    )
    assert (opened.status_code, opened.json()["state"]) == (201, "ACTIVE")
    for answer in (first, second, opened):
        assert PASSWORD not in answer.text
        assert "token" not in answer.text
    session = await door.container.session_store().all()
    assert session[0].access_token.reveal() not in opened.text
    again = await door.http.post(
        f"{ASKS}/login/answer", json={"challenge_id": "challenge-otp", "answers": {"otp": "123456"}}
    )
    assert (again.status_code, again.json()["error_code"]) == (404, "NOT_FOUND")


async def test_a_wrong_password_is_the_broker_s_word(door: Door) -> None:
    await door.http.post(f"{ASKS}/login")
    answer = await door.http.post(
        f"{ASKS}/login/answer", json={"challenge_id": "challenge-password", "answers": {"password": "wrong-one"}}
    )
    assert (answer.status_code, answer.json()["error_code"]) == (401, "INVALID_CREDENTIALS")
    assert answer.json()["details"] == {"broker_id": "asks", "native_error": "E-17 wrong password"}
    assert "WWW-Authenticate" not in answer.headers
    assert "wrong-one" not in answer.text


async def test_an_answer_that_lacks_a_field_names_it_and_loses_nothing(door: Door) -> None:
    await door.http.post(f"{ASKS}/login")
    for answers in ({}, {"otp": "123456"}):
        answer = await door.http.post(
            f"{ASKS}/login/answer", json={"challenge_id": "challenge-password", "answers": answers}
        )
        assert (answer.status_code, answer.json()["error_code"]) == (400, "VALIDATION_ERROR")
        assert [fault["field"] for fault in answer.json()["details"]["fields"]] == ["answers.password"]
    right = await door.http.post(
        f"{ASKS}/login/answer", json={"challenge_id": "challenge-password", "answers": {"password": PASSWORD}}
    )
    assert right.status_code == 202


async def test_an_answer_is_one_of_two_kinds(door: Door) -> None:
    for body in (
        {"challenge_id": "c", "answers": {"otp": ""}},
        {"challenge_id": "c", "answers": {"otp": 123456}},
        {"challenge_id": "c", "answers": {"otp": "1"}, "redirect_url": "https://127.0.0.1/?code=1"},
        {"challenge_id": "", "answers": {"otp": "1"}},
        {"answers": {"otp": "1"}},
        {"challenge_id": "c", "answers": {str(number): "1" for number in range(9)}},
    ):
        answer = await door.http.post(f"{ASKS}/login/answer", json=body)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "VALIDATION_ERROR"), body
    redirected = await door.http.post(
        f"{ASKS}/login/answer", json={"challenge_id": "c", "redirect_url": "https://127.0.0.1/?code=1"}
    )
    assert redirected.status_code == 404


async def test_logging_out_is_done_once_and_for_all(door: Door) -> None:
    await door.http.post(f"{PAPER}/login")
    for _ in range(2):
        gone = await door.http.delete(PAPER)
        assert (gone.status_code, gone.content) == (204, b"")
    assert (await door.http.get(PAPER)).json()["state"] == "NONE"


async def test_an_order_without_a_session_says_how_to_log_in(door: Door) -> None:
    answer = await door.http.post("/api/v1/accounts/asks/A1/orders", json=dict(BUY), headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["error_code"]) == (401, "INVALID_SESSION")
    assert "POST /api/v1/sessions/asks/A1/login" in answer.json()["message"]
    assert answer.json()["details"] == {"broker_id": "asks", "outcome": "not_sent"}
    assert "WWW-Authenticate" not in answer.headers
