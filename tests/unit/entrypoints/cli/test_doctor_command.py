"""`ordo doctor`: ten ways in which a first run goes wrong, each made for real, and what is said of it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ordo.container.root import container_for
from ordo.domain.calendar import trading_day
from ordo.schemas.config.settings import load_settings
from tests.contract.values import intent
from tests.support.masters import market, write_fyers
from tests.support.postgres import the_server
from tests.support.redis import the_redis
from tests.unit.entrypoints.cli.login_desk import free_port
from tests.unit.entrypoints.cli.shell import Ended, Here, Shell
from tests.unit.entrypoints.cli.test_login_at_emulators import (
    FYERS,
    HDFC,
    HDFC_LINES,
    OTP,
    PASSWORD,
    Granting,
    browser,
    emulated,
    settings_of,
)
from tests.unit.entrypoints.cli.test_login_command import Typing, typing

__all__ = ["browser", "typing"]

KEY, OTHER_KEY = "dGhlIG1hc3RlciBrZXkgb2YgdGhlIHRlc3Qgc3VpdGU", "YW5vdGhlciBtYXN0ZXIga2V5IG9mIHRoZSB0ZXN0cyE"
Configure = Callable[..., None]


@pytest.fixture
def configure(ordo: Here, monkeypatch: pytest.MonkeyPatch) -> Configure:  # noqa: ARG001  (which clears the environment)
    def set_all(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

    return set_all


@pytest.fixture
def doctor(ordo: Here) -> Callable[..., Ended]:
    """The doctor, for a gateway at a port that nobody has."""

    def look(*arguments: str) -> Ended:
        given = arguments if "--port" in arguments else (*arguments, "--port", str(free_port()))
        return ordo("doctor", "--json", *given)

    return look


Doctor = Callable[..., Ended]


def named(ended: Ended, name: str) -> dict[str, Any]:
    (found,) = [check for check in ended.document["checks"] if check["name"] == name]
    return dict(found)


def fault(ended: Ended, name: str) -> dict[str, Any]:
    """What was found wrong: it says what it means and what to do, and the command ends so that a script sees it."""
    found = named(ended, name)
    assert (ended.code, ended.document["ok"], found["ok"]) == (5, False, False), ended
    assert found["means"], found
    assert found["do"], found
    return found


def faults(ended: Ended) -> set[str]:
    return {check["name"] for check in ended.document["checks"] if not check["ok"]}


@contextmanager
def host(status: int = 401, body: str = '{"s":"error"}', *, ahead: timedelta = timedelta()) -> Iterator[str]:
    """A host that answers everything so, with a clock that is `ahead`."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(status)
            self.send_header("Date", format_datetime(datetime.now(UTC) + ahead, usegmt=True))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def fyers_at(url: str, **more: str) -> dict[str, str]:
    port = free_port()
    given = {"BASE_URL": url, "REDIRECT_URI": f"http://127.0.0.1:{port}/callback/fyers", **more}
    return {f"ORDO_BROKERS__FYERS__{name}": value for name, value in given.items()}


@pytest.fixture(scope="module")
def fyers() -> Iterator[dict[str, Any]]:
    with emulated("fyers") as urls:
        yield urls


@pytest.fixture(scope="module")
def hdfc() -> Iterator[dict[str, Any]]:
    with emulated("hdfc") as urls:
        yield urls


def control(urls: dict[str, Any], path: str, **body: object) -> None:
    origin = "/".join(urls["base_url"].split("/")[:3])
    httpx2.post(f"{origin}/_emulator/{path}", json=body, trust_env=False).raise_for_status()


def test_an_empty_folder_is_well_and_stays_empty(doctor: Doctor, tmp_path: Path) -> None:
    looked = doctor()
    assert (looked.code, looked.document["ok"]) == (0, True)
    assert "ordo serve" in named(looked, "database")["says"]
    assert list(tmp_path.iterdir()) == []


def test_a_used_gateway_is_looked_at_part_by_part(ordo: Here, doctor: Doctor) -> None:
    assert ordo("buy", "NSE:SBIN", "1", "--limit", "700.00").code == 0
    looked = doctor()
    assert looked.code == 0, looked
    names = {check["name"] for check in looked.document["checks"]}
    assert {"token", "secrets", "database", "room", "keys", "audit", "clock", "session paper/DEMO"} <= names
    people = ordo("doctor", "--port", str(free_port()))
    assert "unbroken" in people.out
    assert "Everything is well." in people.out


@pytest.mark.parametrize(("hours", "side"), [(1, "behind it"), (-1, "ahead of it")])
def test_a_clock_that_is_wrong_by_a_brokers_host(doctor: Doctor, configure: Configure, hours: int, side: str) -> None:
    with host(ahead=timedelta(hours=hours)) as url:
        configure(**fyers_at(url))
        found = fault(doctor(), "clock by 127.0.0.1")
    assert side in found["says"]
    assert "NTP" in found["do"]


def test_a_clock_that_is_right_by_a_brokers_host(doctor: Doctor, configure: Configure, fyers: dict[str, Any]) -> None:
    configure(**settings_of("fyers", fyers))
    assert not [name for name in faults(doctor()) if name.startswith("clock")]


def test_a_key_that_is_missing(ordo: Here, doctor: Doctor, tmp_path: Path) -> None:
    assert ordo("portfolio", "paper/DEMO").code == 0
    (tmp_path / "ordo.db.key").unlink()
    assert "--forget-lost" in fault(doctor(), "keys")["do"]
    assert not (tmp_path / "ordo.db.key").exists(), "looking must not make another key"


def test_a_key_that_is_another(ordo: Here, doctor: Doctor, configure: Configure) -> None:
    configure(ORDO_MASTER_KEYS=KEY)
    assert ordo("portfolio", "paper/DEMO").code == 0
    configure(ORDO_MASTER_KEYS=OTHER_KEY)
    assert "ORDO_MASTER_KEYS" in fault(doctor(), "keys")["do"]
    configure(ORDO_MASTER_KEYS="too-short")
    wrong = doctor()
    assert "ORDO_MASTER_KEYS" in fault(wrong, "keys")["says"]
    assert "too-short" not in wrong.out + wrong.err


def test_a_key_that_others_can_read(ordo: Here, doctor: Doctor, tmp_path: Path) -> None:
    assert ordo("init", "--json").code == 0
    for name in ("ordo.keys", "ordo.token"):
        (tmp_path / name).chmod(0o644)
    assert "chmod 600" in fault(doctor(), "secrets")["do"]
    for name in ("ordo.keys", "ordo.token"):
        (tmp_path / name).chmod(0o600)
    assert faults(doctor()) == set()
    (tmp_path / "ordo.toml").write_text('token = "0123456789abcdef"\n', encoding="utf-8")
    (tmp_path / "ordo.toml").chmod(0o644)
    assert "ordo.toml" in fault(doctor(), "secrets")["says"]


def test_a_key_beside_the_database_that_others_can_read(ordo: Here, doctor: Doctor, tmp_path: Path) -> None:
    assert ordo("status").code == 0
    (tmp_path / "ordo.db.key").chmod(0o644)
    assert "chmod 600" in fault(doctor(), "keys")["do"]


def test_a_port_that_is_taken(doctor: Doctor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        assert "ordo serve --port" in fault(doctor("--port", port), f"port {port}")["do"]
    assert doctor("--port", port).code == 0
    beyond = doctor("--host", "192.0.2.1", "--port", port)
    assert "--host" in fault(beyond, f"port {port}")["do"]


def test_a_redirect_address_where_nothing_of_the_gateway_listens(
    shell: Shell, doctor: Doctor, configure: Configure, fyers: dict[str, Any]
) -> None:
    configure(**settings_of("fyers", fyers))
    given = {name: value for name, value in os.environ.items() if name.startswith("ORDO_")}
    with shell.serving("--json", **given) as serving:
        url = json.loads(serving.said)["url"]
        assert url in named(doctor("--port", "8000"), "port 8000")["says"]
        for address, do in (
            ("http://127.0.0.1:1/elsewhere", "/callback/fyers"),
            ("http://desk.example/callback/fyers", "https"),
            ("http://127.0.0.1:1/callback/fyers", f"{url}/callback/fyers"),
        ):
            configure(ORDO_BROKERS__FYERS__REDIRECT_URI=address)
            assert do in fault(doctor(), "fyers redirect_uri")["do"]
        configure(ORDO_BROKERS__FYERS__REDIRECT_URI=f"{url}/callback/fyers")
        assert "fyers redirect_uri" not in faults(doctor())


def test_a_redirect_address_that_another_program_would_get(
    doctor: Doctor, configure: Configure, fyers: dict[str, Any]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"http://127.0.0.1:{other.getsockname()[1]}/callback/fyers"
        configure(**settings_of("fyers", fyers, REDIRECT_URI=address))
        assert "another program" in fault(doctor(), "fyers redirect_uri")["says"]
    configure(ORDO_BROKERS__FYERS__REDIRECT_URI="https://desk.example/callback/fyers")
    assert "proxy" in named(doctor(), "fyers redirect_uri")["says"]


def test_a_redirect_address_or_an_app_that_the_brokers_page_refuses(
    doctor: Doctor, configure: Configure, fyers: dict[str, Any]
) -> None:
    configure(**settings_of("fyers", fyers))
    assert named(doctor(), "fyers login page")["ok"]
    configure(ORDO_BROKERS__FYERS__CLIENT_ID="SOMEBODY-100", ORDO_BROKERS__FYERS__SECRET_KEY="theirs")
    assert "invalid app id [-352]" in fault(doctor(), "fyers login page")["says"]
    configure(ORDO_BROKERS__FYERS__CLIENT_ID="EMULATED-100", ORDO_BROKERS__FYERS__REDIRECT_URI="app:/callback/fyers")
    refused = fault(doctor(), "fyers login page")
    assert "must be the one registered for the app" in refused["says"]
    assert "myapi.fyers.in" in refused["do"]


def test_an_address_from_which_the_broker_takes_nothing(
    ordo: Here, doctor: Doctor, configure: Configure, hdfc: dict[str, Any], typing: Typing
) -> None:
    configure(**settings_of("hdfc", hdfc))
    typing(f"{PASSWORD}\n{OTP}\n")
    assert ordo(*HDFC, *HDFC_LINES).code == 0
    assert named(doctor(), "broker hdfc/7000001")["ok"]
    with host(403, '{"message": "IP is not whitelisted for this API key"}') as url:
        configure(ORDO_BROKERS__HDFC__BASE_URL=url)
        found = fault(doctor(), "broker hdfc/7000001")
    assert "IP_NOT_ALLOWED" in found["says"]
    assert "public address" in found["do"]


def test_an_address_from_which_the_broker_takes_no_order(
    ordo: Here, doctor: Doctor, configure: Configure, browser: Granting, typing: Typing
) -> None:
    typing("")
    with emulated("fyers") as urls:
        configure(**settings_of("fyers", urls, REDIRECT_URI=f"http://127.0.0.1:{free_port()}/callback/fyers"))
        assert ordo(*FYERS).code == 0
        assert browser.last[0] == 200
        control(urls, "settings", orders_allowed=False)
        order = ("buy", "NSE:SBIN", "1", "--limit", "799.00", "--account", "fyers/XE00001")
        refused = ordo(*order, "--json")
        assert (refused.code, refused.document["error_code"]) == (2, "PERMISSION_DENIED"), refused
        found = fault(doctor(), "orders fyers/XE00001")
        assert "Algo orders are not allowed" in found["says"]
        assert "public address" in found["do"]
        control(urls, "settings", orders_allowed=True)
        assert ordo(*order, "--allow-duplicate").code == 0
        assert faults(doctor()) == set()
        # The same session, after the broker has ended it.
        control(urls, "expire-sessions")
        ended = fault(doctor(), "broker fyers/XE00001")
        assert "INVALID_SESSION" in ended["says"]
        assert ended["do"] == "ordo login fyers XE00001"
        assert ordo("portfolio", "fyers/XE00001").code == 2
        assert "log in" in fault(doctor(), "session fyers/XE00001")["do"]


def test_a_broker_where_nobody_has_logged_in(
    ordo: Here, doctor: Doctor, configure: Configure, hdfc: dict[str, Any]
) -> None:
    assert ordo("status").code == 0
    configure(**settings_of("hdfc", hdfc))
    assert "ordo login hdfc" in fault(doctor(), "session hdfc")["do"]


def test_a_master_that_is_not_there(ordo: Here, doctor: Doctor, configure: Configure, hdfc: dict[str, Any]) -> None:
    assert ordo("status").code == 0
    configure(**settings_of("hdfc", hdfc))
    assert fault(doctor(), "master hdfc")["do"] == "`ordo instruments sync`"
    assert ordo("instruments", "sync", "--json").code == 0
    assert named(doctor(), "master hdfc")["ok"]


def test_a_master_of_another_day(ordo: Here, doctor: Doctor, tmp_path: Path, configure: Configure) -> None:
    today = trading_day(datetime.now(UTC))
    listed = [one for one in market(60) if one.expiry is None or one.expiry > today]
    for day, code, state in ((today, 0, "CURRENT"), (today - timedelta(days=3), 5, "STALE")):
        configure(ORDO_INSTRUMENTS__FYERS_URL=write_fyers(listed, tmp_path / day.isoformat(), day=day))
        assert ordo("instruments", "sync").code == code
        assert state in named(doctor(), "master fyers")["says"]
    assert "today is" in fault(doctor(), "master fyers")["says"]


@pytest.mark.parametrize("revision", ["0004", "9999"])
def test_a_file_that_is_behind_or_ahead(ordo: Here, doctor: Doctor, tmp_path: Path, revision: str) -> None:
    assert ordo("status").code == 0
    with closing(sqlite3.connect(tmp_path / "ordo.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    for _ in range(2):  # Looking does not mend it.
        found = fault(doctor(), "database")
        assert revision in found["says"]
        assert "ordo db upgrade" in found["do"]


def test_a_file_that_is_none_of_ordos(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "ordo.db").write_text("a letter to my aunt", encoding="utf-8")
    fault(doctor(), "database")
    assert (tmp_path / "ordo.db").read_text("utf-8") == "a letter to my aunt"


def test_a_database_on_a_server_that_is_behind_or_away(doctor: Doctor, ordo: Here, configure: Configure) -> None:
    configure(ORDO_DATABASE_URL=the_server().empty(), ORDO_MASTER_KEYS=KEY)
    assert "ordo db upgrade" in fault(doctor(), "database")["do"]
    assert ordo("db", "upgrade").code == 0
    assert named(doctor(), "database")["ok"]
    configure(ORDO_DATABASE_URL="postgresql+asyncpg://canary:canary@127.0.0.1:1/ordo")
    away = doctor()
    assert "start the database" in fault(away, "database")["do"]
    assert "canary" not in away.out + away.err


def test_redis_that_is_away(ordo: Here, doctor: Doctor, configure: Configure) -> None:
    assert ordo("status").code == 0
    configure(ORDO_REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    away = doctor()
    assert "ORDO_REDIS_URL" in fault(away, "redis")["do"]
    configure(ORDO_REDIS_URL=the_redis().url)
    assert faults(doctor()) == set()


def test_an_address_that_is_not_the_brokers(doctor: Doctor, configure: Configure, fyers: dict[str, Any]) -> None:
    configure(**settings_of("fyers", fyers))
    assert named(doctor(), "fyers base_url")["ok"]
    for wrong in (fyers["base_url"].removesuffix("/v3"), f"http://127.0.0.1:{free_port()}"):
        configure(ORDO_BROKERS__FYERS__BASE_URL=wrong)
        assert "ORDO_BROKERS__FYERS__BASE_URL" in fault(doctor(), "fyers base_url")["do"]
    for status, body in ((200, "<html>a shop</html>"), (503, "{}")):
        with host(status, body) as url:
            configure(ORDO_BROKERS__FYERS__BASE_URL=url)
            assert "does not answer as this broker's API" in fault(doctor(), "fyers base_url")["says"]


def test_each_thing_that_is_wrong_says_what_to_do(
    ordo: Here, doctor: Doctor, tmp_path: Path, configure: Configure
) -> None:
    assert ordo("buy", "NSE:SBIN", "1", "--limit", "700.00").code == 0
    trail = tmp_path / "audit" / "audit.jsonl"
    trail.write_bytes(trail.read_bytes().replace(b"700", b"900"))
    configure(ORDO_TOKEN="short")
    looked = doctor()
    assert "ordo audit verify" in fault(looked, "audit")["do"]
    assert "openssl" in fault(looked, "token")["do"]
    people = ordo("doctor", "--port", str(free_port()))
    assert (people.code, people.out.count("FAULT"), people.out.count("It means:")) == (5, 2, 2)
    assert "2 to mend" in people.out


def test_an_order_that_nobody_knows_of_and_hours_that_do_not_hold_are_findings(
    ordo: Here, doctor: Doctor, tmp_path: Path, configure: Configure
) -> None:
    assert ordo("status").code == 0

    async def lose() -> None:
        container = container_for(load_settings({"ORDO_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'ordo.db'}"}))
        await container.database().open()
        store, reserved = container.idempotency_store(), intent()
        await store.reserve(reserved, now=reserved.created_at)
        await container.database().close()

    asyncio.run(lose())
    configure(ORDO_CALENDAR__OVERRIDE=str(tmp_path / "nothing.toml"))
    looked = doctor()
    assert "ordo resolve" in fault(looked, f"order {intent().order_id}")["do"]
    fault(looked, "calendar")
