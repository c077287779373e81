"""A gateway before the double of a broker, logged in, with what to ask of it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count, cycle
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench.load import driven, post, request
from bench.processes import Server, serving
from ordo.domain.calendar import IST
from tests.support.masters import market, write_fyers

TOKEN = "bench-token-of-no-value"  # noqa: S105  (a server on loopback that lives for seconds)
MASTER_KEYS = "dGhlIG1hc3RlciBrZXkgb2YgdGhlIHRlc3Qgc3VpdGU"
ACCOUNT = "XE00001"
ROOT = Path(__file__).parent.parent
ORDER = {
    "instrument": "NSE:SBIN",
    "side": "BUY",
    "quantity": 1,
    "order_type": "LIMIT",
    "product": "MIS",
    "price": "800.00",
    "allow_duplicate": True,
}
BODY = json.dumps(ORDER).encode()
WIRE_BODY = json.dumps(
    {"symbol": "NSE:SBIN-EQ", "qty": 1, "type": 1, "side": 1, "productType": "INTRADAY", "limitPrice": 800.0,
     "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": False, "orderTag": "373000000000001"}
).encode()  # fmt: skip
_KEYS = count()
_LOAD_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    server: Server
    token: str = TOKEN
    accounts: Sequence[str] = (ACCOUNT,)
    _turn: Iterator[str] = field(init=False, default_factory=lambda: iter(()))

    def __post_init__(self) -> None:
        object.__setattr__(self, "_turn", cycle(self.accounts))

    def place(self, _: int) -> bytes:
        return post(f"{_account(next(self._turn))}/orders", BODY, self._keyed())

    def replayed(self, _: int) -> bytes:
        """The same order under the same key, again and again."""
        return post(f"{_account(ACCOUNT)}/orders", BODY, self._told() | {"Idempotency-Key": "bench-replayed"})

    def get(self, path: str) -> Callable[[int], bytes]:
        asked = request("GET", f"{_account(ACCOUNT)}{path}", self._told())
        return lambda _: asked

    def cancel(self, orders: Sequence[str]) -> Callable[[int], bytes]:
        """Cancel one order after the other, each again under a new key when all had their turn."""
        turn = cycle(orders)
        return lambda _: request("DELETE", f"{_account(ACCOUNT)}/orders/{next(turn)}", self._keyed())

    def placed(self, number: int) -> list[str]:
        """Place so many orders: their ids."""
        load = driven(self.server.port, self.place, connections=8, requests=number, keep=True)
        return [json.loads(body)["order_id"] for body in load.bodies]

    def call(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Any:  # noqa: ANN401  (JSON)
        return called(self.server.port, method, f"/api/v1{path}", body, self._told() | (headers or {}))

    def log_in(self) -> None:
        for account in self.accounts:
            session = f"/sessions/fyers/{account}/login"
            challenge = self.call("POST", session)
            state = parse_qs(urlsplit(challenge["login_url"]).query)["state"][0]
            redirect = f"http://127.0.0.1:8000/callback/fyers?s=ok&auth_code={account}&state={state}"
            answer = {"challenge_id": challenge["challenge_id"], "redirect_url": redirect}
            self.call("POST", f"{session}/answer", answer)

    def wait_for_masters(self) -> None:
        """Until every master is loaded, which is tidied up in the background; raises `RuntimeError` where it is not."""
        deadline = time.monotonic() + _LOAD_SECONDS
        while lacking := [one for one in self.call("GET", "/status")["masters"] if one["state"] != "CURRENT"]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"these masters were not loaded: {lacking}")
            time.sleep(0.2)

    def _told(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _keyed(self) -> dict[str, str]:
        return self._told() | {"Idempotency-Key": f"bench-{os.getpid()}-{next(_KEYS)}"}


def called(port: int, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Any:  # noqa: ANN401
    """One call, and its answer's JSON."""
    data = None if body is None else json.dumps(body).encode()
    told = (headers or {}) | ({} if data is None else {"Content-Type": "application/json"})
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, headers=told, method=method)
    with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310  (loopback)
        return json.loads(answer.read() or b"null")


def direct(_: int) -> bytes:
    """The order as the broker takes it."""
    return request("POST", "/api/v3/orders/sync", {"Authorization": "bench:token"}, WIRE_BODY)


def bare(_: int) -> bytes:
    """The order as the pass-through takes it: it passes on what it is given."""
    return post("/orders", WIRE_BODY, {})


@contextlib.contextmanager
def broker(folder: Path) -> Iterator[Server]:
    """The double, on the core of the load."""
    with serving(["-m", "bench.double"], folder=_made(folder / "broker"), environment=_PATH, core=1) as double:
        yield double


@contextlib.contextmanager
def passthrough(folder: Path, double: Server) -> Iterator[Server]:
    told = _PATH | {"BENCH_BROKER": f"http://127.0.0.1:{double.port}/api/v3"}
    with serving(["-m", "bench.passthrough"], folder=_made(folder / "passthrough"), environment=told) as server:
        yield server


@contextlib.contextmanager
def ordo(  # noqa: PLR0913  (what a row may ask for)
    folder: Path,
    double: Server,
    *,
    name: str = "ordo",
    memory: bool = False,
    instruments: int = 0,
    settings: dict[str, str] | None = None,
    accounts: Sequence[str] = (ACCOUNT,),
    log_in: bool = True,
    profile: Path | None = None,
) -> Iterator[House]:
    """A gateway with everything on, logged in. A folder that was used before keeps its database. Where a `profile` is
    wanted, signals begin and end it (`bench.profiled`).
    """
    masters = folder / f"masters-{instruments}"
    if not masters.exists():
        write_fyers(market(instruments or 1, strikes=2 if instruments == 0 else 40), masters, day=_today())
    told = _PATH | environment(double.port, masters) | (settings or {})
    arguments = ["-m", "bench.gateway"] if memory else ["-c", _ORDO, "serve"]
    if profile is not None:
        arguments = ["-m", "bench.profiled", str(profile), "serve"]
    with serving(arguments, folder=_made(folder / name), environment=told) as server:
        house = House(server=server, accounts=accounts)
        house.wait_for_masters()
        if log_in:
            house.log_in()
        yield house


def made_token(folder: Path) -> str:
    """A token of the gateway in this folder that `ordo tokens new` has made, for orders and reads."""
    asked = ["tokens", "new", "--scope", "trade", "--scope", "read", "--account", "fyers/*", "--json"]
    told = os.environ | _PATH | {"ORDO_TOKEN": TOKEN, "ORDO_MASTER_KEYS": MASTER_KEYS} | _BROKER_ENV
    done = subprocess.run(  # noqa: S603  (our own interpreter and module)
        [sys.executable, "-c", _ORDO, *asked], cwd=folder, env=told, check=True, capture_output=True, text=True
    )
    return str(json.loads(done.stdout)["token"])


def environment(port: int, masters: Path) -> dict[str, str]:
    """The settings of a gateway before the double at this port."""
    return {
        "ORDO_TOKEN": TOKEN,
        "ORDO_MASTER_KEYS": MASTER_KEYS,
        "ORDO_BROKERS__FYERS__BASE_URL": f"http://127.0.0.1:{port}/api/v3",
        "ORDO_BROKERS__FYERS__MASTER_URL": str(masters),
        "ORDO_BROKERS__FYERS__CALLS_PER_SECOND": "1000000",
        "ORDO_BROKERS__FYERS__CALLS_PER_MINUTE": "1000000",
        "ORDO_BROKERS__FYERS__CALLS_PER_DAY": "1000000000",
        "ORDO_LIMITS__ORDERS_PER_SECOND": "10000000",
        "ORDO_LIMITS__ORDER_MAX_WAIT_MS": "2000",
        "ORDO_RESILIENCE__READS_AT_ONCE": "256",
        "ORDO_HTTP__REQUESTS_PER_SECOND": "100000",
        "ORDO_LOG__LEVEL": "WARNING",
    }


def _today() -> date:
    """In India, as the masters tell it."""
    return datetime.now(IST).date()


def _account(account: str) -> str:
    return f"/api/v1/accounts/fyers/{account}"


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


_PATH = {"PYTHONPATH": str(ROOT)}
_ORDO = "from ordo.entrypoints.cli import main; main()"
# The command looks at the kinds of the brokers alone, and speaks to none.
_BROKER_ENV = {"ORDO_BROKERS__FYERS__BASE_URL": "http://127.0.0.1:9/api/v3"}
