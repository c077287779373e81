from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ordo.container import checkup
from ordo.container.root import container_for
from ordo.schemas.config.settings import load_settings
from tests.contract.values import intent
from tests.unit.entrypoints.cli.shell import Here


def named(document: Any, name: str) -> dict[str, Any]:  # noqa: ANN401  (whatever JSON it is)
    (found,) = [check for check in document["checks"] if check["name"] == name]
    return dict(found)


def test_an_empty_folder_is_well_and_stays_empty(ordo: Here, tmp_path: Path) -> None:
    looked = ordo("doctor", "--json")
    assert looked.code == 0
    assert looked.document["ok"] is True
    assert "ordo serve" in named(looked.document, "database")["says"]
    assert list(tmp_path.iterdir()) == []


def test_a_used_gateway_is_looked_at_part_by_part(ordo: Here) -> None:
    assert ordo("buy", "NSE:SBIN", "1", "--limit", "700.00").code == 0
    looked = ordo("doctor", "--json")
    assert looked.code == 0, looked
    names = {check["name"] for check in looked.document["checks"]}
    assert {"token", "database", "room", "keys", "audit", "clock", "session paper/DEMO"} <= names
    people = ordo("doctor")
    assert "unbroken" in people.out


def test_each_thing_that_is_wrong_says_what_to_do(ordo: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ordo("buy", "NSE:SBIN", "1", "--limit", "700.00").code == 0
    (tmp_path / "ordo.db.key").chmod(0o644)
    trail = tmp_path / "audit" / "audit.jsonl"
    trail.write_bytes(trail.read_bytes().replace(b"700", b"900"))
    monkeypatch.setenv("ORDO_TOKEN", "short")
    looked = ordo("doctor", "--json")
    assert looked.code == 5
    for name, do in (("keys", "chmod 600"), ("audit", "ordo audit verify"), ("token", "openssl")):
        assert do in named(looked.document, name)["do"]
    assert "LOOK" in ordo("doctor").out


def test_an_order_that_nobody_knows_of_and_hours_that_do_not_hold_are_findings(
    ordo: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ordo("status").code == 0

    async def lose() -> None:
        container = container_for(load_settings({"ORDO_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'ordo.db'}"}))
        await container.database().open()
        store, reserved = container.idempotency_store(), intent()
        await store.reserve(reserved, now=reserved.created_at)
        await container.database().close()

    asyncio.run(lose())
    monkeypatch.setenv("ORDO_CALENDAR__OVERRIDE", str(tmp_path / "nothing.toml"))
    looked = ordo("doctor", "--json")
    assert looked.code == 5
    assert "ordo resolve" in named(looked.document, f"order {intent().order_id}")["do"]
    assert named(looked.document, "calendar")["ok"] is False


def test_a_key_that_is_missing_is_a_finding(ordo: Here, tmp_path: Path) -> None:
    assert ordo("portfolio", "paper/DEMO").code == 0
    (tmp_path / "ordo.db.key").unlink()
    looked = ordo("doctor", "--json")
    assert looked.code == 5
    assert "--forget-lost" in named(looked.document, "keys")["says"]


def answering(head: bytes) -> int:
    """A host that answers one connection so."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(head)

    threading.Thread(target=serve, daemon=True).start()
    return int(listener.getsockname()[1])


def test_a_host_is_reached_and_its_clock_compared() -> None:
    port = answering(b"HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2001 00:00:00 GMT\r\n\r\n")
    skewed = checkup._host("fyers base_url", f"http://127.0.0.1:{port}")
    assert "2001" in skewed.says
    assert "NTP" in skewed.do
    assert checkup._host("x", f"http://127.0.0.1:{answering(b'HTTP/1.1 200 OK')}").ok
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    gone = checkup._host("x", f"https://127.0.0.1:{port}")
    assert "can't be reached" in gone.says
    assert not gone.ok


@pytest.mark.parametrize(
    ("address", "well"),
    [
        ("http://127.0.0.1:8000/callback/fyers", True),
        ("https://desk.example/callback/fyers", True),
        ("http://desk.example/callback/fyers", False),
        ("https://desk.example/elsewhere", False),
    ],
)
def test_the_redirect_address_leads_to_the_callback(address: str, *, well: bool) -> None:
    settings: Any = SimpleNamespace(brokers={"fyers": SimpleNamespace(enabled=True, redirect_uri=address)})
    (check,) = checkup._redirects(settings)
    assert check.ok is well
