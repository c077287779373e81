from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.entrypoints.cli.shell import Here


@pytest.fixture
def order(ordo: Here) -> str:
    """An order of a gateway that has ended."""
    placed = ordo("buy", "NSE:SBIN", "1", "--limit", "700.00", "--json")
    assert placed.code == 0
    return str(placed.document["order_id"])


def test_a_trail_that_holds_is_verified_with_its_end(ordo: Here, order: str) -> None:
    assert order
    shown = ordo("audit", "verify", "--json")
    assert shown.code == 0
    (chain,) = shown.document["chains"]
    assert (shown.document["ok"], chain["chain"], chain["anchored"], chain["broken"]) == (True, "audit", True, None)
    assert chain["lines"] == chain["last"]["seq"] > 4
    people = ordo("audit", "verify", "audit")
    assert people.code == 0
    assert chain["last"]["hash"] in people.out


def test_a_trail_that_was_edited_ends_with_1_and_the_place(ordo: Here, order: str, tmp_path: Path) -> None:
    file = tmp_path / "audit" / "audit.jsonl"
    lines = file.read_text("utf-8").splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if order in line)
    file.write_text("".join(lines[:place]) + "".join(lines[place:]).replace("700", "900"), "utf-8")
    shown = ordo("audit", "verify", "--json")
    assert shown.code == 1
    assert shown.document["chains"][0]["broken"]["line"] == place + 1
    people = ordo("audit", "verify", "audit/audit.jsonl")
    assert people.code == 1
    assert f"line {place + 1}" in people.out


def test_what_the_trail_says_of_an_order_and_of_a_request(
    ordo: Here, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    lines = ordo("audit", "show", "--order", order, "--json").document
    assert [line["event"] for line in lines] == ["order.received", "order.submitted", "order.placed"]
    request = lines[0]["correlation_id"]
    by_request = ordo("audit", "show", "--correlation", request, "--json").document
    assert {line["order_id"] for line in by_request} >= {order}
    people = ordo("audit", "show", "--order", order)
    assert "order.placed" in people.out
    assert ordo("audit", "show", "--order", "1", "--json").document == []


def test_without_a_trail_or_a_question_it_is_said_what_is_missing(ordo: Here) -> None:
    for arguments in (("verify",), ("show", "--order", "1")):
        refused = ordo("audit", *arguments)
        assert refused.code == 4
        assert "no audit trail" in refused.err
    Path("empty").mkdir()
    assert ordo("audit", "verify", "empty").code == 4
    assert "--order" in ordo("audit", "show").err
