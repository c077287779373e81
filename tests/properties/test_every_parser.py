"""Every place where text or bytes from outside become a value: garbage, and good input that was changed, give a value
or the one error that the place declares. No other exception, and no end of time.

A parser is a row of `_rows`. Models of pydantic need no row: those that read what comes from outside are found by
themselves, and one that is neither read from outside nor named as shown only fails the last test.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import pkgutil
import string
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

import ordo
from ordo.adapters import documents
from ordo.adapters.brokers.fyers import wire as fyers_wire
from ordo.adapters.brokers.fyers.errors import words
from ordo.adapters.brokers.fyers.login import _expiry, _query
from ordo.adapters.brokers.fyers.mapping.codes import tag_of as fyers_tag
from ordo.adapters.brokers.fyers.wire.envelope import Wire as FyersWire
from ordo.adapters.brokers.hdfc import wire as hdfc_wire
from ordo.adapters.brokers.hdfc.errors import Said
from ordo.adapters.brokers.hdfc.login import _claims
from ordo.adapters.brokers.hdfc.mapping.books import tag_of as hdfc_tag
from ordo.adapters.brokers.hdfc.symbols import day_of
from ordo.adapters.calendar.document import read_document
from ordo.adapters.masters.fyers import FyersMaster
from ordo.adapters.masters.hdfc import HdfcMaster
from ordo.adapters.masters.hdfc_rows import HEADER
from ordo.adapters.paper import events
from ordo.adapters.redis.idempotency import _intent, _row
from ordo.adapters.redis.sealed import _Row as SealedRow
from ordo.adapters.redis.server import RedisServer
from ordo.adapters.redis.sessions import RedisSessionStore
from ordo.adapters.sealing import Sealer, generate_master_key, key_id_of
from ordo.adapters.telemetry.chain import GENESIS, Head, facts_of, linked, read_link
from ordo.application.aliases import resolve
from ordo.client import announcement
from ordo.client.conversation import _object, _order
from ordo.container.support import sealer
from ordo.container.trails import verify
from ordo.domain.accounts import Account
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import Invalid, Unavailable, Unreadable
from ordo.domain.instruments import InstrumentKey
from ordo.domain.master_rows import MasterRefused
from ordo.domain.packing import pack, unpack
from ordo.domain.secrecy import redact_text
from ordo.domain.sessions import Secret, Session, ends_at, state_in
from ordo.domain.tokens import adapter_of
from ordo.entrypoints.cli.admission import _id, _moment
from ordo.entrypoints.cli.outcome import InputError
from ordo.entrypoints.http import reading
from ordo.entrypoints.http.auth import _bearer
from ordo.entrypoints.http.correlation import wanted
from ordo.entrypoints.http.heads import Heads
from ordo.schemas.config.settings import ConfigurationError, Settings, load_settings
from ordo.schemas.v1.base import Asked, View
from tests.contract.values import ACCOUNT, NOW, intent, order
from tests.support.clock import VirtualClock
from tests.support.hdfc import INSTRUMENTS
from tests.support.masters import fyers_csv, fyers_json, hdfc_row, market
from tests.unit.entrypoints.http.gateway_door import MASTER_KEY

EXAMPLES: Final = os.environ.get("ORDO_TEST_EXAMPLES")
"""How many inputs each parser is given; unset: few, and the same each time."""

LISTED: Final = InstrumentDirectory(INSTRUMENTS)
SEALER: Final = Sealer((Secret(MASTER_KEY),))
SEALED: Final = SEALER.seal(Secret("a token"), place="here")
JWT: Final = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3MDAwMDAxIiwiZXhwIjoxODAwMDAwMDAwfQ.c2ln"
_LINE: Final = linked({"event": "order.placed", "facts": {"a": "b"}}, GENESIS)[0]
_SHARES: Final = [one for one in market(40, strikes=1) if one.venue == "NSE"][:3]


@dataclass(frozen=True, slots=True)
class Parser:
    """What is read, the errors it declares, and input that is good. `name` is told when it fails."""

    name: str
    read: Callable[[Any], object]
    errors: tuple[type[Exception], ...]
    good: tuple[str | bytes, ...]

    def of(self, value: str | bytes) -> str | bytes:
        if isinstance(self.good[0], bytes):
            return value.encode(errors="surrogatepass") if isinstance(value, str) else value
        return value.decode("latin-1") if isinstance(value, bytes) else value


def _in_file(folder: Path, name: str, read: Callable[[Path], object], value: bytes) -> object:
    path = folder / name
    path.write_bytes(value)
    return read(path)


async def _all(source: FyersMaster | HdfcMaster) -> list[object]:
    return [batch async for batch in source.rows()]


def _header(name: bytes, read: Callable[[Any], object], value: bytes) -> object:
    return read(Heads([(name, value)]))


def _asked_key(heads: Heads) -> str:
    return reading.key(cast("reading.Call", type("Asking", (), {"scope": {"state": {"heads": heads}}})()))


def _session_text() -> str:
    document = {"account": "paper/DEMO", "access_token_encrypted": SEALED, "refresh_token_encrypted": None}
    return json.dumps(document | {"issued": 1, "expires": 2, "suspect": False, "metadata": "{}"})


def _session_of(text: str) -> object:
    return RedisSessionStore(cast("RedisServer", None), SEALER)._session(text)


def _intent_of(text: str) -> object:
    return _intent(text.split("\x1e"))


def _stored_intent() -> str:
    kept = {name: value for name, value in _row(intent()).items() if value is not None}
    return "\x1e".join(str(part) for pair in kept.items() for part in pair)


def _ended_session(token: str) -> object:
    return ends_at(Session(account=ACCOUNT, access_token=Secret(token), issued_at=NOW, expires_at=NOW))


def _rows(folder: Path) -> Iterable[Parser]:
    in_file = partial(_in_file, folder)
    yield Parser("instrument key", InstrumentKey.parse, (Invalid,), ("NSE:M&M", "NFO:NIFTY:20261201:26000:CE"))
    yield Parser("account", Account.parse, (Invalid,), ("paper/DEMO",))
    yield Parser("account of a token", adapter_of, (Invalid,), ("paper/*",))
    yield Parser(
        "spelling of an instrument",
        lambda text: resolve(LISTED, text, brokers=("fyers", "hdfc")),
        (Invalid,),
        ("NSE:SBIN-EQ", "NIFTY26DEC26000CE", "NSE:NIFTY2612026000CE"),
    )
    yield Parser("packed instrument", unpack, (ValueError,), tuple(pack(one) for one in INSTRUMENTS[:3]))
    yield Parser("state of a redirect", state_in, (), ("http://127.0.0.1/callback/x?state=a&auth_code=b",))
    yield Parser("FYERS' redirect", _query, (), ("http://127.0.0.1/x?s=ok&auth_code=b&state=c",))
    yield Parser("FYERS' token", lambda text: _expiry(ACCOUNT, text, NOW), (Unavailable,), (JWT,))
    yield Parser("FYERS' tag", fyers_tag, (), ("1:373000000000001", "Untagged"))
    yield Parser("FYERS' words", lambda text: words(-99, text, "XE00001"), (), ("RED:Margin Shortfall for XE00001",))
    yield Parser("FYERS' JSON", fyers_wire.loaded, (ValueError,), (b'{"s": "ok", "code": 1101, "id": "1"}',))
    yield Parser("HDFC's token", lambda text: _claims(Secret(text)), (), (JWT,))
    yield Parser("HDFC's tag", hdfc_tag, (), ("373000000000001",))
    yield Parser("HDFC's day", day_of, (Unreadable, ValueError), ("24 NOV 2026", "27-JUN-24"))
    yield Parser("HDFC's JSON", hdfc_wire.decoded, (ValueError,), (b'{"status": "success", "data": []}',))
    yield Parser(
        "HDFC's answer", partial(Said.of, 422), (), (b'{"status": "error", "message": "x", "meta": {"statusMsg": 1}}',)
    )
    yield Parser("token's own end", _ended_session, (), (JWT,))
    yield Parser(
        "FYERS' master, JSON",
        partial(in_file, "NSE_CM_sym_master.json", lambda _: _run(FyersMaster(str(folder), segments=("NSE_CM",)))),
        (MasterRefused, Unavailable),
        (json.dumps({one["symTicker"]: one for one in map(fyers_json, _SHARES)}).encode(),),
    )
    yield Parser(
        "FYERS' master, CSV",
        partial(in_file, "NSE_FO.csv", lambda _: _run(FyersMaster(str(folder), segments=("NSE_FO",)))),
        (MasterRefused, Unavailable),
        ("\n".join(",".join(fyers_csv(one)) for one in _SHARES).encode(),),
    )
    yield Parser(
        "HDFC's master",
        partial(in_file, "master.csv", lambda path: _run(HdfcMaster(str(path), VirtualClock()))),
        (MasterRefused, Unavailable),
        ("\n".join(",".join(row) for row in (HEADER, *map(hdfc_row, _SHARES))).encode(),),
    )
    yield Parser("calendar", read_document, (ValueError, RecursionError), (CALENDAR,))
    yield Parser(
        "settings file",
        partial(in_file, "ordo.toml", lambda path: load_settings({"ORDO_CONFIG": str(path)})),
        (ConfigurationError,),
        (b'token = "x"\n[http]\nmax_connections = 50\n[brokers.fyers]\nclient_id = "A-100"\nsecret_key = "x"\n',),
    )
    for name, good in SETTINGS.items():
        yield Parser(name, partial(_configured, folder, name), (ConfigurationError,), (good,))
    yield Parser("master keys", lambda text: Sealer((Secret(text),)), (Invalid,), (MASTER_KEY,))
    yield Parser(
        "file of master keys",
        partial(in_file, "keys.db.key", lambda path: sealer(_beside(path))),
        (ConfigurationError, Invalid),
        (generate_master_key().reveal().encode(),),
    )
    yield Parser("sealed text", lambda text: SEALER.open(text, place="here"), (Unavailable,), (SEALED,))
    yield Parser("key id of a sealed text", key_id_of, (), (SEALED,))
    for name in ("ORDER", "CHANGE", "FAILURE", "METADATA"):
        document = getattr(documents, name)
        yield Parser(f"stored {name}", document.load, (Unavailable,), (documents.ORDER.dump(order()), '{"a": "b"}'))
    yield Parser("session in Redis", _session_of, (Unavailable,), (_session_text(),))
    yield Parser("sealed row in Redis", SealedRow, (Unavailable,), (_session_text(),))
    yield Parser("intent in Redis", _intent_of, (Unavailable,), (_stored_intent(),))
    yield Parser("event of the paper broker", events.decode, (ValueError,), ('{"event": "opened", "cash": "1"}',))
    yield Parser("line of the trail", read_link, (), (_LINE[:-1],))
    yield Parser("facts of a line", facts_of, (), (_LINE[:-1],))
    yield Parser("head of a trail", Head.of, (), (Head(last=GENESIS).to_bytes(),))
    yield Parser("trail", partial(in_file, "trail/audit.jsonl", lambda path: verify(path.parent)), (), (_LINE,))
    yield Parser(
        "announcement", partial(in_file, "a.json", announcement.read), (), (b'{"url": "u", "pid": 1, "token": null}',)
    )
    yield Parser("end of a token, typed", _moment, (InputError,), ("30d", "12h", "2027-03-31", "9999-12-31", "never"))
    yield Parser("id of a token, typed", _id, (InputError,), (f"ordo_live_0123456789ab_{'x' * 43}",))
    yield Parser("bearer header", partial(_header, b"authorization", _bearer), (), (b"Bearer abc",))
    yield Parser("correlation header", partial(_header, b"x-correlation-id", wanted), (), (b"run-7",))
    yield Parser("idempotency header", partial(_header, b"idempotency-key", _asked_key), (Invalid,), (b"key-1",))
    yield Parser("text to mask", redact_text, (), ("Bearer abc token=x ordo_live_0123456789ab_x eyJ.a.b",))
    yield Parser(
        "order in an answer, for the client", lambda text: _order(_json(text)), (), (documents.ORDER.dump(order()),)
    )
    yield Parser("answer, for the client", _answered, (), (b'{"error_code": "X"}',))


def _run(source: FyersMaster | HdfcMaster) -> list[object]:
    return asyncio.run(_all(source))


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _answered(body: bytes) -> object:
    return _object(cast("Any", type("Answer", (), {"body": body})()))


def _beside(path: Path) -> Settings:
    return Settings.model_validate({"database_url": f"sqlite:///{path.with_suffix('')}"})


def _configured(folder: Path, name: str, value: str) -> Settings:
    return load_settings({"ORDO_CONFIG": str(folder / "empty.toml"), name: value})


CALENDAR: Final = 'calendars = []\n[[groups]]\nname = "x"\n'
SETTINGS: Final = {
    "ORDO_DATABASE_URL": "postgresql+asyncpg://a:b@127.0.0.1/x",
    "ORDO_REDIS_URL": "redis://127.0.0.1/0",
    "ORDO_HTTP__CORS_ORIGINS": "https://desk.example",
    "ORDO_HTTP__HEAD_SECONDS": "0.5",
    "ORDO_LIMITS__MAX_ORDER_VALUE": "1000.50",
    "ORDO_LIMITS__ACCOUNTS__PAPER": "{}",
    "ORDO_INSTRUMENTS__SYNC_AT": "08:30",
    "ORDO_BROKERS__FYERS__BASE_URL": "https://api-t1.fyers.in/api/v3",
    "ORDO_BROKERS__HDFC__MASTER_URL": "https://a.example/x",
    "ORDO_BROKERS__PAPER__OPENING_CASH": "1000.00",
    "ORDO_BROKERS": "{}",
    "ORDO_TOKEN_FILE": "/nowhere",
    "ORDO_TOKEN": "x",
}
_DEEP: Final = ("[" * 20_000, '{"a":' * 4_000, "a." * 9_000, "((" * 9_000, "9" * 20_000, "a = " + "[" * 9_000)
_PIECES: Final = st.one_of(
    st.text(max_size=6),
    st.text(string.punctuation + string.whitespace, max_size=4),
    st.sampled_from(
        [
            *'"{}[]:,./%&=\\\x00\n\x1e',
            "null",
            "NaN",
            "Infinity",
            "-0",
            "1e999",
            "9" * 30,
            "٣",
            "\ud800",
            "\ufeff",
            "%zz",
        ]
    ),
)


_BETWEEN: Final = tuple(",:;=&?|/.- \"'\n\t\x1e\x1f")


@st.composite
def inputs(draw: st.DrawFn, parser: Parser) -> str | bytes:
    """Good input with a few changes; or garbage."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return parser.of(draw(st.one_of(st.text(max_size=40), st.binary(max_size=40))))
    if kind == 1:
        return parser.of(draw(st.sampled_from(_DEEP)))
    good = draw(st.sampled_from(parser.good))
    text = good.decode("latin-1") if isinstance(good, bytes) else good
    if kind in (2, 3, 4):
        between = draw(st.sampled_from([one for one in _BETWEEN if one in text] or [" "]))
        parts = text.split(between)
        part = draw(st.integers(0, len(parts) - 1))
        parts[part : part + 1] = draw(st.lists(_PIECES, max_size=2))
        return parser.of(between.join(parts))
    for _ in range(draw(st.integers(0, 3))):
        start, length = draw(st.integers(0, len(text))), draw(st.integers(0, 12))
        text = text[:start] + draw(_PIECES) + text[start + length :]
    if draw(st.integers(0, 4)) == 0:
        text = text[: draw(st.integers(0, len(text)))]
    return parser.of(text)


def _parsers(folder: Path) -> dict[str, Parser]:
    (folder / "trail").mkdir(exist_ok=True)
    (folder / "empty.toml").touch()
    return {one.name: one for one in (*_rows(folder), *_models())}


def _modules() -> None:
    for found in pkgutil.walk_packages(ordo.__path__, "ordo."):
        if "migrations" not in found.name:
            importlib.import_module(found.name)


def _below(*kinds: type[BaseModel]) -> set[type[BaseModel]]:
    found = {below for kind in kinds for below in kind.__subclasses__()}
    return found | (_below(*found) if found else set())


def _models() -> Iterable[Parser]:
    """One row for each model that is read from outside, by each of the ways in which such are read."""
    _modules()
    for model in sorted(_below(Asked, FyersWire, hdfc_wire.Wire), key=lambda one: f"{one.__module__}.{one.__name__}"):
        yield Parser(
            f"model {model.__module__}.{model.__name__}", partial(_validated, model), (ValueError,), _samples(model)
        )


def _validated(model: type[BaseModel], text: bytes) -> object:
    if issubclass(model, Asked):
        return model.model_validate_json(text)
    read = fyers_wire.loaded if issubclass(model, FyersWire) else hdfc_wire.decoded
    return model.model_validate(read(text))


def _samples(model: type[BaseModel]) -> tuple[bytes, ...]:
    """Objects that have the fields of a model, in three kinds of values."""
    names = [field.alias or name for name, field in model.model_fields.items()]
    return tuple(
        json.dumps(dict.fromkeys(names, value)).encode() for value in ("1", 1.5, None, ["1"], {"a": 1}, "NSE:SBIN")
    )


@pytest.fixture(scope="module")
def parsers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Parser]:
    return _parsers(tmp_path_factory.mktemp("parsers"))


_NAMES: Final = [one.name for one in (*_rows(Path()), *_models())]


@pytest.mark.parametrize("name", _NAMES)
def test_garbage_is_a_value_or_the_declared_error(parsers: dict[str, Parser], name: str) -> None:
    parser = parsers[name]

    @settings(
        max_examples=int(EXAMPLES or 20),
        derandomize=EXAMPLES is None,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(value=inputs(parser))
    def holds(value: str | bytes) -> None:
        with suppress(*parser.errors):
            parser.read(value)

    for value in (*_DEEP, "", "\x00", "\xff", "9999-12-31", *parser.good):
        holds.hypothesis.inner_test(parser.of(value))  # type: ignore[attr-defined]
    holds()


def test_every_model_is_read_from_outside_or_known_to_be_shown_only() -> None:
    """A model that somebody adds is tried by itself, or is named here."""
    _modules()
    ours = {one for one in _below(BaseModel) if one.__module__.startswith("ordo.")}
    tried = _below(Asked, FyersWire, hdfc_wire.Wire)
    shown = _below(View)
    configured = {one for one in ours if one.__module__.startswith(("ordo.schemas.config.", "ordo.adapters.calendar."))}
    assert {one.__name__ for one in ours - tried - shown - configured} <= {"Asked", "Wire", "View", "ApiError"}
