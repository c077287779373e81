"""`ordo db upgrade`, and what comes of a database on a server that nobody has upgraded."""

from __future__ import annotations

import pytest

from ordo.adapters.sql.schema import HEAD
from tests.support.postgres import the_server
from tests.unit.entrypoints.cli.shell import Here, Shell

KEYS = "dGhlIG1hc3RlciBrZXkgb2YgdGhlIHRlc3Qgc3VpdGU"


def test_a_server_is_served_once_its_database_is_upgraded(
    shell: Shell, ordo: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDO_DATABASE_URL", the_server().empty())
    monkeypatch.setenv("ORDO_MASTER_KEYS", KEYS)
    refused = ordo("status", "--json")
    assert refused.code == 5
    assert refused.document["error_code"] == "STORE_UNAVAILABLE"
    assert "ordo db upgrade" in refused.document["message"]

    assert ordo("db", "upgrade").out == f"The database was empty, and is now of revision {HEAD}.\n"
    assert ordo("db", "upgrade", "--json").document == {"from": HEAD, "to": HEAD}
    assert f"is up to date: revision {HEAD}" in ordo("db", "upgrade").out
    placed = ordo("buy", "NSE:SBIN", "1", "--limit", "800", "--key", "k", "--json")
    again = ordo("buy", "NSE:SBIN", "1", "--limit", "800", "--key", "k", "--json")
    assert placed.code == again.code == 0
    assert again.document["order_id"] == placed.document["order_id"]
    assert [order["order_id"] for order in ordo("orders", "paper/DEMO", "--json").document] == [
        placed.document["order_id"]
    ]
    assert list(shell.place.glob("*.key")) == []


def test_serve_refuses_a_database_that_is_behind(shell: Shell) -> None:
    url = the_server().empty()
    ended = shell.ordo("serve", "--port", "0", "--json", ORDO_DATABASE_URL=url, ORDO_MASTER_KEYS=KEYS)
    assert ended.code == 5
    assert "ordo db upgrade" in ended.document["message"]
    assert "Traceback" not in ended.err


def test_a_file_is_upgraded_too(shell: Shell, ordo: Here) -> None:
    assert ordo("db", "upgrade", "--json").document == {"from": None, "to": HEAD}
    assert (shell.place / "ordo.db").exists()


def test_a_server_needs_master_keys_that_its_machines_share(ordo: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDO_DATABASE_URL", "postgresql+asyncpg://canary:canary@127.0.0.1:1/ordo")
    refused = ordo("status", "--json")
    assert refused.code == 4
    assert "ORDO_MASTER_KEYS" in refused.document["message"]
    away = ordo("db", "upgrade", "--json")
    assert away.code == 5
    assert "can't be reached" in away.document["message"]
    assert "canary" not in refused.out + refused.err + away.out + away.err
