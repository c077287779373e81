"""Secrets put through every endpoint of a real server, logging all it can: found in no file, no log and no answer."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.unit.entrypoints.cli.shell import Shell

CANARY = "canary7Q2x9Zk4Lm"
TOKEN = f"token-{CANARY}"
MASTER_KEY = "canary7Q2x9Zk4LmAAAAAAAAAAAAAAAAAAAAAAAAAAA"
PLACES = {
    "adapter_id": "paper",
    "account_id": "DEMO",
    "order_id": "373000000000001",
    "key": "NSE:SBIN",
}
BODIES: dict[str, Any] = {
    "answerLogin": {
        "challenge_id": "none",
        "answers": {"password": CANARY, "otp": CANARY, "pin": CANARY},
        "redirect_url": f"https://127.0.0.1/callback/paper?auth_code={CANARY}&state=x",
    },
    "placeOrder": {"token": CANARY, "password": CANARY, "instrument": "NSE:SBIN"},
}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield operation["operationId"], method, path.format(**PLACES)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_no_secret_is_left_anywhere(shell: Shell) -> None:
    settings = {"ORDO_TOKEN": TOKEN, "ORDO_MASTER_KEYS": MASTER_KEY, "ORDO_LOG__LEVEL": "DEBUG"}
    answers: list[str] = []
    with shell.serving("--json", **settings) as serving:
        url = json.loads(serving.said)["url"]
        with httpx2.Client(base_url=url, trust_env=False) as client:
            document = client.get("/schema/openapi.json").json()
            asked = list(operations(document))
            assert len(asked) > 20
            for name, method, path in asked:
                for headers, query in (
                    ({"Authorization": f"Bearer {TOKEN}"}, {}),
                    ({"Authorization": f"Bearer wrong-{CANARY}"}, {}),
                    ({"Authorization": f"Basic {CANARY}", "Cookie": f"session={CANARY}"}, {}),
                    ({"Authorization": f"Bearer {TOKEN}", "X-Api-Key": CANARY}, {"token": CANARY, "api_key": CANARY}),
                    ({}, {"s": "ok", "auth_code": CANARY, "state": CANARY, "request_token": CANARY}),
                ):
                    body = BODIES.get(name, {"password": CANARY}) if method in ("post", "put", "patch") else None
                    answer = client.request(
                        method, path, headers=headers | {"Idempotency-Key": name}, params=query, json=body
                    )
                    assert answer.status_code < 500, (name, answer.text)
                    answers += [answer.text, str(answer.headers)]
            placed = {
                "instrument": "NSE:SBIN",
                "side": "BUY",
                "quantity": 1,
                "order_type": "MARKET",
                "product": "MIS",
            }
            answer = client.post(
                "/api/v1/accounts/paper/DEMO/orders",
                headers={"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "k"},
                json=placed,
            )
            assert answer.status_code == 201
            answers.append(answer.text)
        ended = serving.end(signal.SIGTERM)
    places = {path: path.read_bytes() for path in shell.place.rglob("*") if path.is_file()}
    assert any(path.name == "audit.jsonl" for path in places)
    assert any(path.name == "ordo.db" for path in places)
    found = [str(path) for path, content in places.items() if CANARY.encode() in content]
    found += [text for text in (serving.said, ended.out, ended.err, *answers) if CANARY in text]
    assert found == []
