"""`ordo demo`: its claims hold, and it says so when they do not."""

from __future__ import annotations

import pytest

from ordo.entrypoints.cli.lost_reply import LosingBroker
from tests.unit.entrypoints.cli.shell import Here, Shell


def test_the_story_is_told_and_leaves_nothing_behind(shell: Shell) -> None:
    ended = shell.ordo("demo", ORDO_DATABASE_URL="nonsense", ORDO_TOKEN="")
    assert (ended.code, ended.err) == (0, "")
    assert "Every claim holds." in ended.out
    assert "NO" not in ended.out.split()
    assert "\x1b" not in ended.out
    assert list(shell.place.iterdir()) == []


def test_the_facts_are_one_document(ordo: Here) -> None:
    ended = ordo("demo", "--json")
    told = ended.document
    assert (ended.code, told["ok"]) == (0, True)
    assert all(claim["holds"] for claim in told["claims"])
    assert told["order"]["matched_by"] == "tag"
    assert (told["times_sent"], told["orders_in_book"]) == (1, 1)
    assert {line["order_id"] for line in told["audit"]} == {told["order"]["order_id"]}
    assert [line["event"] for line in told["audit"]][2] == "order.unknown"


def test_a_claim_that_does_not_hold_is_admitted(ordo: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LosingBroker, "lose_next", lambda _: None)
    ended = ordo("demo", "--json")
    failed = [claim["claim"] for claim in ended.document["claims"] if not claim["holds"]]
    assert (ended.code, ended.document["ok"]) == (1, False)
    assert any("reply was lost" in claim for claim in failed)
    assert "a bug in Ordo" in ordo("demo").out
