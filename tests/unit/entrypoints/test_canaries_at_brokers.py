"""Every secret of a real login and of real calls, through every fault of both emulated brokers, with brokers that
repeat what they were sent: found in no answer, no log at its loudest, no trail, no metric, no span and no file.
"""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ordo.adapters.http.exchange import HttpReply, HttpRequest
from ordo.adapters.telemetry.logs import configure_logs
from ordo.adapters.telemetry.tracing import OpenTelemetryTraces
from ordo_emulators.faults import WRITES, Fault, Operation, sensible
from ordo_emulators.hdfc import emulator as hdfc_emulator
from ordo_emulators.hdfc import login as hdfc_login
from tests.support.street import ANSWERS, Street, opened
from tests.torture.houses import ImpatientLine, fresh_key, fresh_order
from tests.unit.entrypoints.http.gateway_door import MASTER_KEY, TOKEN

API_KEY: Final = "apikey-canary-7Q2x9Zk4Lm"
OTP: Final = "otp-canary-5Tz"
ACCOUNTS: Final = {"fyers": "XE00001", "hdfc": "7000001"}
READS: Final = {
    Operation.ORDERS: "/orders",
    Operation.POSITIONS: "/positions",
    Operation.HOLDINGS: "/holdings",
    Operation.FUNDS: "/funds",
    Operation.TRADES: "/trades",
    Operation.QUOTES: "/quotes?instrument=NSE:SBIN",
}
_GRANTED: Final = ("access_token", "refresh_token", "accessToken", "requestToken", "tokenId")
_LOGIN_STEPS: Final = ("validate-authcode", "/login", "/twofa/", "/authorise", "/access-token")
_NOT_SECRET: Final = {"true", "authorization_code", "EMUSER"}


class EchoingLine(ImpatientLine):
    """A broker, or a proxy before it, that repeats in its errors and in its books all that it was sent. It remembers
    every secret that went over it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.secrets = {TOKEN, MASTER_KEY, API_KEY, OTP, hdfc_login.SECRET, hdfc_login.PASSWORD}
        self.repeated = 0
        self.crashes = False

    async def send(self, request: HttpRequest, *, total: float | None = None) -> HttpReply:
        self._remember(request)
        if self.crashes:
            raise ZeroDivisionError(f"broken at {request} {request.url} {dict(request.headers)}")
        reply = await super().send(request, total=total)
        try:
            told = json.loads(reply.body)
        except ValueError:
            return reply
        if isinstance(told, dict):
            self.secrets |= {str(told[name]) for name in _GRANTED if told.get(name)}
            self._repeat(told, request)
        return replace(reply, body=json.dumps(told).encode())

    def _remember(self, request: HttpRequest) -> None:
        given = request.headers.get("Authorization", "")
        self.secrets |= {given.rpartition(":")[2]} - {""}
        if any(step in request.place for step in _LOGIN_STEPS):
            values = [value for _, value in parse_qsl(urlsplit(request.url).query)]
            values += list(json.loads(request.body).values()) if request.body else []
            self.secrets |= set(values) - _NOT_SECRET

    def _repeat(self, told: dict[str, Any], request: HttpRequest) -> None:
        query = " ".join(value for _, value in parse_qsl(urlsplit(request.url).query))
        body = (request.body or b"").decode()
        plain = " ".join(str(value) for value in json.loads(body).values()) if body.startswith("{") else ""
        # The barest forms come first: of a long text only the beginning is shown.
        sent = f"{plain} {query} {' '.join(request.headers.values())} {request.url} {body}"
        rows = told.get("orderBook", told.get("data"))
        for row in rows if isinstance(rows, list) else ():
            for name in {"message", "status_message", "status_message_raw"} & row.keys():
                # The order system behind the door was never shown the key.
                row[name] = f"rejected, you sent {sent.replace(API_KEY, '')}"
        if told.get("s") == "ok" or told.get("status") == "success":
            return
        meta = told.get("meta")
        for place in (told, meta if isinstance(meta, dict) else {}):
            for name in {"message", "error", "statusMsg"} & place.keys():
                place[name] = f"{place[name]}: you sent {sent}"
                self.repeated += 1


@contextmanager
def all_logs() -> Iterator[io.StringIO]:
    """What stands on standard error, at the loudest, as `ordo serve` writes it."""
    root, heard = logging.getLogger(), io.StringIO()
    before, level, stderr = root.handlers, root.level, sys.stderr
    sys.stderr = heard
    try:
        configure_logs(level="DEBUG", json_lines=False)
        yield heard
    finally:
        sys.stderr = stderr
        root.handlers, root.level = before, level


class Walk:
    """Goes everywhere with everything, and keeps what came back."""

    def __init__(self, street: Street, line: EchoingLine, broker: str) -> None:
        self.street = street
        self.line = line
        self.broker = broker
        self.place = f"{broker}/{ACCOUNTS[broker]}"
        self.emulator = street.fyers if broker == "fyers" else street.hdfc
        self.answers: list[httpx2.Response] = []

    async def ask(self, method: str, path: str, body: object = None) -> httpx2.Response:
        headers = {"Idempotency-Key": fresh_key()}
        answer = await self.street.http.request(method, path, json=body, headers=headers)
        self.answers.append(answer)
        return answer

    async def log_in(self, **changed: str) -> None:
        session = f"/api/v1/sessions/{self.place}"
        answer = await self.ask("POST", f"{session}/login")
        while answer.status_code in (200, 202):
            challenge = answer.json()
            said: dict[str, Any] = {"challenge_id": challenge["challenge_id"]}
            if challenge["kind"] == "redirect":
                back = await self.street.sent_back(challenge)
                self.line.secrets.add(dict(parse_qsl(urlsplit(back).query))["auth_code"])
                said["redirect_url"] = f"http://127.0.0.1:8000{back}"
            else:
                said["answers"] = {name: (ANSWERS | changed)[name] for name in challenge["fields"]}
                self.line.secrets |= set(changed.values())
            answer = await self.ask("POST", f"{session}/login/answer", said)

    async def do(self, operation: Operation) -> None:
        accounts = f"/api/v1/accounts/{self.place}"
        if operation is Operation.LOGIN:
            await self.log_in()
        elif operation in READS:
            await self.ask("GET", accounts + READS[operation])
        elif operation is Operation.PLACE:
            await self.ask("POST", f"{accounts}/orders", fresh_order())
        else:
            order = next(one for one in self.open_orders if one)
            body = {"quantity": 2} if operation is Operation.MODIFY else None
            await self.ask("PATCH" if body else "DELETE", f"{accounts}/orders/{order}", body)

    @property
    def open_orders(self) -> list[str]:
        placed = (answer for answer in self.answers if answer.request.url.path.endswith("/orders"))
        return [one.json()["order_id"] for one in placed if one.status_code == 201][::-1]

    async def suffer(self, operation: Operation, fault: Fault) -> None:
        """One fault at one operation, from a good session on."""
        await self.street.clock.advance(5)
        if (await self.street.states()).get(self.place) != "ACTIVE":
            await self.log_in()
        if operation in (Operation.MODIFY, Operation.CANCEL):
            await self.do(Operation.PLACE)
        self.emulator.faults.arm(operation, fault)
        if "timeout" in fault:
            self.line.hurries = frozenset(
                {"POST", "PATCH", "PUT", "DELETE"} if operation in WRITES else {"GET", "POST"}
            )
        await self.do(operation)
        self.line.hurries = frozenset()
        self.emulator.faults.clear()


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> EchoingLine:
    # The emulated key and code are too short and too plain to be searched for.
    monkeypatch.setattr(hdfc_emulator, "API_KEY", API_KEY)
    monkeypatch.setattr(hdfc_login, "OTP", OTP)
    monkeypatch.setitem(ANSWERS, "otp", OTP)
    return EchoingLine()


def spans(exporter: InMemorySpanExporter) -> str:
    return " ".join(
        f"{span.name} {dict(span.attributes or {})} {span.events}" for span in exporter.get_finished_spans()
    )


def showing(street: Street, broker: str) -> str:
    """The live objects as a debugger, an error or a careless log line would show them."""
    container = street.container
    (found,) = (one for one in container.brokers().lines if one.adapter_id == broker)
    parts: list[object] = [found, found.broker, found.login, container.settings(), container.sealer()]
    for one in (found.broker, found.login):
        parts += [vars(one)]
        parts += [vars(inner) for inner in vars(one).values() if hasattr(inner, "__dict__")]
    return "\n".join(f"{part!r} {part}" for part in parts)


@pytest.mark.parametrize("broker", ACCOUNTS)
async def test_no_secret_is_repeated(tmp_path: Path, line: EchoingLine, broker: str) -> None:
    settings = {
        "ORDO_BROKERS__HDFC__API_KEY": API_KEY,
        "ORDO_BROKERS__HDFC__API_SECRET": hdfc_login.SECRET,
        "ORDO_BROKERS__HDFC__QUOTE_PAUSE_MS": "0",
        "ORDO_RESILIENCE__CIRCUIT_FAILURES": "100",
    }
    exporter = InMemorySpanExporter()
    traces = OpenTelemetryTraces("http://127.0.0.1:9", exporter=exporter)
    with all_logs() as heard:
        async with opened(tmp_path, settings, line=line, keeps_trail=True, traces=traces) as street:
            walk = Walk(street, line, broker)
            await walk.log_in()
            for operation in Operation:
                for fault in sorted(sensible(operation)):
                    await walk.suffer(operation, fault)
            await everywhere(walk)
            await wrong_logins(walk)
            await crashes(walk)
            shown = showing(street, broker)
            sessions = await street.container.session_store().all()
            shown += repr(sessions) + str(sessions)
        traces.close()
    assert line.repeated > 20, "a broker that repeats nothing proves nothing"
    assert len(line.secrets) > 12, "and so does a login that met no secret"
    told = {
        "answers": "\n".join(f"{one.text} {one.headers}" for one in walk.answers if not is_login_page(one)),
        "logs": heard.getvalue(),
        "spans": spans(exporter),
        "objects": shown,
    }
    told |= files(tmp_path)
    assert any(name.endswith("ordo.db") for name in told)
    assert any("order.placed" in text for name, text in told.items() if "audit" in name)
    assert "you sent" in told["answers"], "the broker's words are shown, without what they repeat"
    assert told["logs"].count("ZeroDivisionError: broken at") > 1
    assert "Traceback" in told["logs"]
    assert len(told["spans"]) > 1000
    found = [(name, secret) for secret in line.secrets for name, text in told.items() if secret in text]
    assert found == []


def files(folder: Path) -> dict[str, str]:
    return {str(path): path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()}


def is_login_page(answer: httpx2.Response) -> bool:
    """HDFC's own page is opened with the app's key in its address: there it must be shown."""
    return bool(answer.status_code in (200, 202) and '"login_url":"http' in answer.text and API_KEY in answer.text)


async def everywhere(walk: Walk) -> None:
    """Every operation of the contract, with a broker that is well, refuses, and asks for a new login."""
    places = {
        "adapter_id": walk.broker,
        "account_id": ACCOUNTS[walk.broker],
        "order_id": walk.open_orders[0],
        "key": "NSE:SBIN",
    }
    document = (await walk.street.http.get("/schema/openapi.json")).json()
    query = f"account={walk.place}&instrument=NSE:SBIN&query=SBIN&state=x"
    for end in ("as it is", "expired"):
        for path, methods in document["paths"].items():
            for method in methods:
                body = BODIES.get(methods[method]["operationId"]) if method in ("post", "put", "patch") else None
                await walk.ask(method.upper(), f"{path.format(**places)}?{query}", body)
                await walk.street.clock.advance(1)
        if end == "as it is":
            await walk.log_in()
            walk.emulator.expire_sessions()
    assert len(document["paths"]) > 20
    metrics = await walk.ask("GET", "/metrics")
    assert f'account="{walk.place}"' in metrics.text


ORDER: Final = {"instrument": "NSE:SBIN", "side": "BUY", "quantity": 1, "order_type": "MARKET", "product": "CNC"}
BODIES: Final[dict[str, Any]] = {
    "placeOrder": ORDER | {"quantity": 900_000},
    "previewOrder": ORDER,
    "modifyOrder": {"quantity": 3},
    "resolveOrder": {"outcome": "NOT_PLACED", "reason": "a drill"},
    "setKillSwitch": {"state": "ACTIVE", "reason": "a drill"},
    "answerLogin": {"challenge_id": "none", "answers": {"otp": OTP, "password": hdfc_login.PASSWORD}},
    "placeBasket": {"mode": "AT_ONCE", "legs": []},
}


async def crashes(walk: Walk) -> None:
    """What nobody foresaw, with a text that holds all of a request, is logged with its traceback."""
    await walk.log_in()
    walk.line.crashes = True
    for operation in (Operation.PLACE, *READS, Operation.LOGIN):
        await walk.do(operation)
        assert walk.answers[-1].status_code in (202, 500)
    walk.line.crashes = False


async def wrong_logins(walk: Walk) -> None:
    """What was typed wrongly is a secret too: it is nearly right, or right elsewhere."""
    if walk.broker == "hdfc":
        await walk.log_in(password="nearly-canary-emu-pass")
        await walk.log_in(otp="nearly-canary-otp")
    challenge = await walk.street.begun(walk.place)
    walk.line.secrets.add("forged-canary-code")
    back = "s=error&message=forged-canary-code&auth_code=forged-canary-code&request_token=forged-canary-code"
    login = dict(parse_qsl(urlsplit(challenge.get("login_url") or "").query))
    for state in (login.get("state", "none"), "none"):
        said = {
            "challenge_id": challenge["challenge_id"],
            "redirect_url": f"http://127.0.0.1:8000/callback/x?{back}&state={state}",
        }
        await walk.ask("POST", f"/api/v1/sessions/{walk.place}/login/answer", said)
        await walk.ask("GET", f"/callback/{walk.broker}?{back}&state={state}")
