"""`ordo init`: what it writes works at once, and nothing that was there is touched."""

from __future__ import annotations

import json
import signal
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ordo.schemas.config.settings import load_settings
from tests.unit.entrypoints.cli.login_desk import free_port
from tests.unit.entrypoints.cli.shell import Here, Shell
from tests.unit.entrypoints.cli.test_login_as_a_person import terminal

FILES = ("ordo.keys", "ordo.token", "ordo.toml")


def test_what_it_writes_is_for_its_owner_and_works_at_once(ordo: Here, shell: Shell, tmp_path: Path) -> None:
    begun = ordo("init", "--broker", "fyers", "--broker", "hdfc", "--json")
    assert begun.code == 0
    told = begun.document
    assert (told["brokers"], told["to_fill"]) == (["paper", "fyers", "hdfc"], ["fyers", "hdfc"])
    assert "ordo serve" in told["next"]
    token = (tmp_path / "ordo.token").read_text("utf-8").strip()
    for name in FILES:
        path = tmp_path / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert name == "ordo.token" or token not in path.read_text("utf-8")
    assert token not in begun.out + begun.err
    with shell.serving("--json") as serving:
        assert json.loads(serving.said)["token"] is None
        assert ordo("buy", "NSE:SBIN", "1", "--json").document["status"] == "FILLED"
        assert ordo("status", "--token", "another", "--json").document["error_code"] == "UNAUTHENTICATED"
        assert serving.end(signal.SIGTERM).code == 0
    assert ordo("doctor", "--port", str(free_port()), "--json").code == 0
    assert not (tmp_path / "ordo.db.key").exists()


@pytest.mark.parametrize("there", FILES)
def test_nothing_is_overwritten(ordo: Here, tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine", encoding="utf-8")
    refused = ordo("init", "--json")
    assert (refused.code, refused.document["error_code"]) == (4, "VALIDATION_ERROR")
    assert there in refused.document["message"]
    assert [(path.name, path.read_text("utf-8")) for path in tmp_path.iterdir()] == [(there, "mine")]


def test_what_can_not_be_is_refused_before_anything_is_written(
    ordo: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = ordo("init", "--broker", "zerodha", "--json")
    assert (strange.code, "zerodha" in strange.document["message"]) == (4, True)
    monkeypatch.setenv("ORDO_CONFIG", "no/such/folder/ordo.toml")
    nowhere = ordo("init", "--json")
    assert (nowhere.code, "can't be written" in nowhere.document["message"]) == (4, True)
    assert list(tmp_path.iterdir()) == []


def test_the_place_of_the_settings_is_chosen(ordo: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc").mkdir()
    monkeypatch.setenv("ORDO_CONFIG", "etc/mine.toml")
    assert "Wrote etc/mine.toml" in ordo("init", "--broker", "paper").out
    assert sorted(path.name for path in (tmp_path / "etc").iterdir()) == ["mine.toml", "ordo.keys", "ordo.token"]
    assert ordo("portfolio", "paper/DEMO").code == 0


def test_sessions_of_before_still_open(ordo: Here, tmp_path: Path) -> None:
    assert ordo("portfolio", "paper/DEMO").code == 0
    kept = (tmp_path / "ordo.db.key").read_text("ascii").strip()
    assert "ordo.db.key" in ordo("init").out
    assert (tmp_path / "ordo.keys").read_text("ascii").strip().endswith(f",{kept}")
    assert ordo("portfolio", "paper/DEMO").code == 0
    assert len(ordo("keys", "rotate", "--json").document["retired"]) == 1


def test_a_person_is_asked(shell: Shell) -> None:
    with terminal(shell, "init") as there:
        there.type("fyers, hdfc", after="or Enter for none: ")
        there.type("AB12CD34EF-100", after="Enter to fill it in later): ")
        there.type('a "quoted" \\ secret', after="(not shown): ")
        there.type("", after="Enter to fill it in later): ")
        assert there.ended() == 0, there.shown
    assert "quoted" not in there.shown
    assert "ordo login fyers ACCOUNT_ID" in there.shown
    brokers: dict[str, Any] = tomllib.loads((shell.place / "ordo.toml").read_text("utf-8"))["brokers"]
    assert brokers["fyers"]["secret_key"] == 'a "quoted" \\ secret'
    assert brokers["fyers"] | {"enabled": True, "client_id": "AB12CD34EF-100"} == brokers["fyers"]
    assert brokers["hdfc"] == {"enabled": False}


def test_what_is_filled_in_later_is_taken(ordo: Here, tmp_path: Path) -> None:
    assert ordo("init", "--broker", "hdfc,fyers").code == 0
    path = tmp_path / "ordo.toml"
    text = path.read_text("utf-8").replace("enabled = false", "enabled = true")
    # Of an emulator nothing but its address is needed.
    path.write_text(text.replace("# base_url", "base_url"), encoding="utf-8")
    brokers = load_settings({"ORDO_CONFIG": str(path)}).brokers
    assert sorted(name for name, one in brokers.items() if one.enabled) == ["fyers", "hdfc", "paper"]
    path.write_text(text.replace('# api_key = ""', 'api_key = "k"').replace('# api_secret = ""', 'api_secret = "s"'))
    told = ordo("status", "--json").document["message"]
    assert "client_id and secret_key must be set" in told
    assert "HDFC" not in told
