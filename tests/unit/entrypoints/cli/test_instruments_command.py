"""`ordo instruments`: loading the masters, and finding a key in them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ordo.domain.calendar import trading_day
from tests.support.masters import market, write_fyers
from tests.unit.entrypoints.cli.shell import Here


@pytest.fixture
def place(tmp_path: Path, ordo: Here, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: ARG001  (clears the settings)
    """Masters that were published today, which the settings name."""
    folder = tmp_path / "fyers"
    listed = [one for one in market(100) if one.expiry is None or one.expiry > trading_day(datetime.now(UTC))]
    monkeypatch.setenv("ORDO_INSTRUMENTS__FYERS_URL", write_fyers(listed, folder, day=trading_day(datetime.now(UTC))))
    return folder


@pytest.mark.usefixtures("place")
def test_masters_are_loaded_and_found(ordo: Here) -> None:
    loaded = ordo("instruments", "sync", "--json")
    assert (loaded.code, loaded.err) == (0, "")
    _, fyers = loaded.document
    assert (fyers["name"], fyers["stale_reason"], fyers["reading"]) == ("fyers", None, None)
    assert fyers["rows"] > 100
    found = ordo("instruments", "search", "NSE:SB", "--limit", "1", "--json")
    assert [(one["key"], one["references"]) for one in found.document] == [("NSE:SBIN", {"fyers": "NSE:SBIN-EQ"})]


@pytest.mark.usefixtures("place")
def test_the_first_command_waits_for_a_master_that_was_never_loaded(ordo: Here) -> None:
    found = ordo("instruments", "search", "NSE:SB", "--limit", "1", "--json")
    assert [one["references"] for one in found.document] == [{"fyers": "NSE:SBIN-EQ"}]


@pytest.mark.usefixtures("place")
def test_people_see_a_bar_beside_the_answer(ordo: Here) -> None:
    loaded = ordo("instruments", "sync")
    assert loaded.code == 0
    assert "fyers" in loaded.out
    assert "rows" in loaded.err
    shown = ordo("instruments", "search", "sbin")
    assert "NSE:SBIN" in shown.out
    assert shown.err == ""


def test_a_master_that_is_refused_ends_in_its_reason(ordo: Here, place: Path) -> None:
    assert ordo("instruments", "sync", "--json").code == 0
    (place / "NSE_CM_sym_master.json").write_text("<html>", "utf-8")
    refused = ordo("instruments", "sync", "--json")
    assert refused.code == 5
    assert "NSE_CM" in refused.document["message"]
    assert "NSE_CM" in refused.err
    assert ordo("instruments", "search", "NSE:SBIN", "--json").document[0]["key"] == "NSE:SBIN"
    _, fyers = ordo("status", "--json").document["masters"]
    assert (fyers["name"], fyers["state"]) == ("fyers", "STALE")


def test_without_masters_the_catalogue_is_searched_and_nothing_is_loaded(ordo: Here) -> None:
    assert "ORDO_INSTRUMENTS__FYERS_URL" not in os.environ
    refused = ordo("instruments", "sync")
    assert refused.code == 2
    assert "ORDO_INSTRUMENTS__FYERS_URL" in refused.err
    assert "no instruments" in ordo("instruments", "search", "no such thing").out
    assert ordo("instruments", "search", "x", "--limit", "0").code == 4
