from __future__ import annotations

import pytest

from tests.unit.entrypoints.cli.shell import Here


def test_the_key_is_changed_and_the_old_one_may_go(ordo: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = (ordo("keys", "new", "--json").document["master_key"] for _ in range(2))
    monkeypatch.setenv("ORDO_MASTER_KEYS", old)
    assert ordo("portfolio", "paper/DEMO").code == 0
    # A gateway that has lost its key does not start, and logs nobody out.
    monkeypatch.setenv("ORDO_MASTER_KEYS", new)
    for command in (("portfolio", "paper/DEMO"), ("keys", "rotate")):
        refused = ordo(*command)
        assert refused.code == 5
        assert "--forget-lost" in refused.err
        assert old not in refused.err + refused.out
    monkeypatch.setenv("ORDO_MASTER_KEYS", f"{new},{old}")
    done = ordo("keys", "rotate", "--json").document
    assert done["resealed"] == 1
    assert done["rows"] == {done["sealing"]: 1}
    assert len(done["retired"]) == 1
    people = ordo("keys", "rotate")
    assert "take it out" in people.out
    assert "rows" in people.err
    monkeypatch.setenv("ORDO_MASTER_KEYS", new)
    assert ordo("portfolio", "paper/DEMO").code == 0


def test_a_session_whose_key_is_lost_can_be_given_up(ordo: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        made = ordo("keys", "new")
        assert "ORDO_MASTER_KEYS" in made.err
        monkeypatch.setenv("ORDO_MASTER_KEYS", made.out.strip())
        assert ordo("keys", "rotate", "--forget-lost", "--json").document["rows"] == {}
        assert ordo("portfolio", "paper/DEMO").code == 0


def test_a_key_that_is_kept_beside_the_database_is_changed_by_the_setting(ordo: Here) -> None:
    refused = ordo("keys", "rotate")
    assert refused.code == 4
    assert "ordo.db.key" in refused.err


def test_a_key_that_is_none_is_refused_without_being_shown(ordo: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDO_MASTER_KEYS", "too-short-to-be-a-key")
    refused = ordo("status")
    assert refused.code == 4
    assert "too-short" not in refused.err
