"""Secrets put through every endpoint of a real server, logging all it can: found in no file, no log and no answer."""

from __future__ import annotations

import json
import logging
import pickle
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ordo.adapters.sealing import Sealer
from ordo.client import OrdoClient
from ordo.client.announcement import Announcement
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Refused
from ordo.domain.sessions import LoginAnswer, Secret, Session
from ordo.entrypoints.cli.reach import Target
from ordo.schemas.config.settings import Settings
from tests.unit.entrypoints.cli.shell import Shell
from tests.unit.entrypoints.http.gateway_door import ORDERS, open_door

CANARY = "canary7Q2x9Zk4Lm"
TOKEN = f"token-{CANARY}"
MASTER_KEY = "canary7Q2x9Zk4LmAAAAAAAAAAAAAAAAAAAAAAAAAAA"
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
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


@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
def test_no_secret_is_left_anywhere(shell: Shell, level: str) -> None:
    settings = {
        "ORDO_TOKEN": TOKEN,
        "ORDO_MASTER_KEYS": MASTER_KEY,
        "ORDO_LOG__LEVEL": level,
        "ORDO_LOG__JSON_LINES": "true" if level == "INFO" else "false",
        "ORDO_HTTP__FAILURES_PER_MINUTE": "1000",
    }
    answers: list[str] = []
    new = ("tokens", "new", "--account", "paper/DEMO", "--json")
    made = shell.ordo(*new, *(f"--scope={scope}" for scope in ("read", "trade", "cancel", "admin")), **settings)
    minted = made.document["token"]
    secret = minted.split("_", 3)[3]
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
                    ({"Authorization": f"Bearer {minted}"}, {}),
                    ({"Authorization": f"Bearer {minted}x", "Cookie": minted}, {}),
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
    secrets = (CANARY, secret)
    found = [str(path) for path, content in places.items() if any(one.encode() in content for one in secrets)]
    found += [text for text in (serving.said, ended.out, ended.err, *answers) if any(one in text for one in secrets)]
    assert found == []


SECRETS = Settings.model_validate({"token": TOKEN, "master_keys": MASTER_KEY})
HOLDERS = {
    "settings": SECRETS,
    "secret": Secret(CANARY),
    "session": Session(
        account=Account.parse("paper/DEMO"),
        access_token=Secret(CANARY),
        refresh_token=Secret(CANARY),
        issued_at=NOW,
        expires_at=NOW,
    ),
    "answer": LoginAnswer(challenge_id="c", redirect_url=Secret(CANARY), answers={"otp": Secret(CANARY)}),
    "sealer": Sealer((Secret(MASTER_KEY),)),
    "target": Target(url="http://127.0.0.1", token=TOKEN),
    "announcement": Announcement(url="http://127.0.0.1", pid=1, token=TOKEN),
    "client": OrdoClient("http://127.0.0.1:1", TOKEN),
}


@pytest.mark.parametrize("name", HOLDERS)
def test_what_holds_a_secret_does_not_show_it(name: str, caplog: pytest.LogCaptureFixture) -> None:
    holder = HOLDERS[name]
    shown = [repr(holder), str(holder), f"{holder}", f"{[holder]}", "%s %r" % (holder, {"x": holder})]  # noqa: UP031
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("canary").error("failed: %r", holder)
    try:
        pickled = pickle.dumps(holder)
    except Exception as error:  # noqa: BLE001  (what can't be written down at all leaks nothing either)
        pickled = repr(error).encode()
    if name in ("secret", "session", "answer"):
        assert CANARY.encode() not in pickled
    assert not [text for text in (*shown, caplog.text) if CANARY in text]


@pytest.mark.parametrize("json_lines", [True, False])
def test_a_crash_that_is_logged_shows_no_locals_and_no_secret_of_its_text(shell: Shell, *, json_lines: bool) -> None:
    crash = (
        "import logging, sys\n"
        "from ordo.adapters.telemetry.logs import configure_logs\n"
        f"configure_logs(level='DEBUG', json_lines={json_lines})\n"
        "def broken(hidden):\n"
        "    raise ValueError('https://broker.example/x?api_key=' + hidden + '&otp=' + hidden + ' Bearer ' + hidden)\n"
        "try:\n"
        "    broken(sys.argv[1])\n"
        "except ValueError:\n"
        "    logging.getLogger('ordo').exception('it broke, token=%s', sys.argv[1])\n"
    )
    ended = shell.python(crash, CANARY)
    assert ended.code == 0
    assert "ValueError" in ended.err
    assert CANARY not in ended.err


def holding(folder: Path) -> list[Path]:
    """The files in which the canary is found."""
    return [path for path in folder.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]


ECHOES = (
    f"rejected: api_key={CANARY} is not valid",
    f'{{"access_token": "{CANARY}", "otp": "{CANARY}"}}',
    f"unknown authorization Bearer {CANARY}",
    f"ordo_live_0123456789ab_{CANARY}",
)


@pytest.mark.parametrize("echo", ECHOES)
async def test_a_broker_that_repeats_a_secret_is_not_repeated(tmp_path: Path, echo: str) -> None:
    async with open_door(tmp_path) as door:
        door.broker.refusal = Refused(
            ErrorCode.ORDER_REJECTED, "The broker refused it.", broker_id="paper", native_error=echo
        )
        refused = await door.place()
        assert refused.status_code == 422
        again = await door.place()
        order = refused.json()["details"]["order"]["order_id"]
        shown = await door.http.get(f"{ORDERS}/{order}")
        told = (refused.text, again.text, shown.text, repr(door.audit.events), repr(await door.intents()))
        assert not [text for text in told if CANARY in text]
    assert not holding(tmp_path)
