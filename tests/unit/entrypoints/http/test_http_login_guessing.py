from __future__ import annotations

from tests.unit.entrypoints.http.gateway_door import PASSWORD, Door

LOGIN = "/api/v1/sessions/asks/ONE/login"


async def answered(door: Door, password: str) -> tuple[int, dict[str, str]]:
    challenge = (await door.http.post(LOGIN)).json()
    body = {"challenge_id": challenge["challenge_id"], "answers": {"password": password}}
    answer = await door.http.post(f"{LOGIN}/answer", json=body)
    return answer.status_code, dict(answer.headers)


async def test_wrong_passwords_are_slowed_down_before_the_broker_locks_the_account(door: Door) -> None:
    statuses = [(await answered(door, f"guess-{number}"))[0] for number in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    status, headers = await answered(door, PASSWORD)
    assert status == 429
    assert 1 <= int(headers["retry-after"]) <= 181
    # Another account is another matter.
    other = (await door.http.post("/api/v1/sessions/asks/TWO/login")).json()
    body = {"challenge_id": other["challenge_id"], "answers": {"password": PASSWORD}}
    assert (await door.http.post("/api/v1/sessions/asks/TWO/login/answer", json=body)).status_code == 202
    await door.clock.advance(181)
    assert (await answered(door, PASSWORD))[0] == 202


async def test_a_challenge_that_was_answered_can_not_be_answered_again(door: Door) -> None:
    challenge = (await door.http.post(LOGIN)).json()
    body = {"challenge_id": challenge["challenge_id"], "answers": {"password": PASSWORD}}
    assert (await door.http.post(f"{LOGIN}/answer", json=body)).status_code == 202
    replayed = await door.http.post(f"{LOGIN}/answer", json=body)
    assert (replayed.status_code, replayed.json()["error_code"]) == (404, "NOT_FOUND")
    elsewhere = await door.http.post("/api/v1/sessions/asks/TWO/login/answer", json=body)
    assert elsewhere.status_code == 404
