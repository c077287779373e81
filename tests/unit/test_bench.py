"""What `make bench` makes of its figures, and that a part that breaks costs no other its rows."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import disk, growth, parts, place, tables
from bench.filling import lengthen
from bench.goals import goals
from bench.load import Load
from bench.ratios import ratios, shares
from bench.rows import Effort, Row, summed
from ordo.adapters.telemetry.audit import FileAuditLog
from ordo.container.trails import verify
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditEvent, AuditKind
from tests.support.clock import MONDAY_MORNING


def row(name: str, connections: int, *, section: str = "place", p50: float = 1_000, cpu: float = 100) -> Row:
    return Row(
        section=section,
        name=name,
        connections=connections,
        p50_us=p50,
        p95_us=p50,
        p99_us=2 * p50,
        per_second=1_000,
        cpu_us=cpu,
    )


def placing(*, cpu: float) -> list[Row]:
    names = (place.DIRECT, place.BARE, place.MEMORY, place.ORDO)
    rows = [row(name, connections) for name in names[:-1] for connections in place.CONNECTIONS]
    rows += [row(place.ORDO, connections, p50=1_500, cpu=cpu) for connections in place.CONNECTIONS]
    return [*rows, row(place.SLOW, 32), row(disk.SYNC, 1, p50=400, cpu=0)]


def test_a_goal_is_met_or_missed_by_what_was_measured() -> None:
    met, missed = (
        {goal.what: goal.is_met for goal in goals(placing(cpu=cpu)) if goal.what.startswith("CPU an order")}
        for cpu in (200, 251)
    )
    assert met == {"CPU an order, 32 connections": True, "CPU an order : pass-through, 32": True}
    assert missed == {"CPU an order, 32 connections": False, "CPU an order : pass-through, 32": False}


def test_every_verdict_is_printed() -> None:
    table = tables.goals_table(goals(placing(cpu=300)))
    assert "MISSED" in table
    assert "met" in table


def test_goals_of_what_was_not_measured_are_not_told() -> None:
    assert goals([]) == []


def test_the_three_ratios_stand_at_every_number_of_connections() -> None:
    found = {(ratio.what, ratio.connections): ratio for ratio in ratios(placing(cpu=300))}
    assert set(found) == {
        (f"{place.ORDO} : {base}", connections)
        for base in (place.DIRECT, place.BARE, place.MEMORY)
        for connections in (1, 8, 32)
    }
    one = found[f"{place.ORDO} : {place.BARE}", 8]
    assert (one.p50, one.cpu) == (1.5, 3)


def test_what_the_disk_takes_is_told_apart() -> None:
    (share,) = shares(placing(cpu=300))
    assert (share.p50_us, share.sync_p50_us, share.rest_us) == (1_500, 400, 1_100)


def test_growth_is_judged_by_its_ends() -> None:
    rows = [row(name, 8, section="growth", p50=p50) for name, p50 in ((growth.FULL, 1_200), (growth.EMPTY, 1_000))]
    (goal,) = goals(rows)
    assert (goal.seen, goal.is_met) == (1.2, False)


def test_a_row_is_the_median_of_its_rounds_and_tells_their_range() -> None:
    loads = [Load(latencies=[seconds], seconds=1) for seconds in (0.001, 0.002, 0.004)]
    one = summed(loads, section="place", name="a", connections=1)
    assert (one.p50_us, one.p50_spread, one.rate_spread) == (2_000, 1.5, 0)


def test_a_part_that_breaks_costs_no_other_its_rows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(_: Effort) -> list[Row]:
        raise RuntimeError("no such server")

    def works(_: Effort) -> list[Row]:
        return [row(place.ORDO, 8)]

    told = tmp_path / "bench.json"
    monkeypatch.setattr(bench, "_SECTIONS", {"growth": (breaks, works)})
    monkeypatch.setattr(sys, "argv", ["bench", "--only", "growth", "--json", str(told)])
    with pytest.raises(SystemExit) as end:
        bench.main()
    assert end.value.code == 1
    assert "BROKEN, growth: breaks: RuntimeError: no such server" in capsys.readouterr().out
    found = json.loads(told.read_text(encoding="utf-8"))
    assert [one["name"] for one in found["rows"]] == [place.ORDO]
    assert found["broken"] == {"growth: breaks": "RuntimeError: no such server"}
    assert found["machine"].keys() >= {"python", "cores", "pinned", "load before", "load after"}


def test_goals_that_are_missed_are_no_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = tmp_path / "bench.json"
    monkeypatch.setattr(bench, "_SECTIONS", {"place": (lambda _: placing(cpu=1_000),)})
    monkeypatch.setattr(sys, "argv", ["bench", "--only", "place", "--json", str(told)])
    with pytest.raises(SystemExit) as end:
        bench.main()
    assert end.value.code == 0
    assert not all(goal["met"] for goal in json.loads(told.read_text(encoding="utf-8"))["goals"])


def test_a_long_trail_goes_on_with_the_chain_of_the_first_order(tmp_path: Path) -> None:
    trail = FileAuditLog(tmp_path)
    trail.open()
    trail.append(
        AuditEvent(
            kind=AuditKind.ORDER_PLACED,
            at=MONDAY_MORNING,
            actor="owner",
            correlation_id="0" * 32,
            account=Account.parse("fyers/XE00001"),
            order_id="373000000000001",
            facts={"instrument": "NSE:SBIN", "price": "800.00"},
        )
    )
    trail.close()
    lengthen(tmp_path, 1)
    (report,) = verify(tmp_path)
    assert report.fault is None
    assert sum(path.stat().st_size for path in tmp_path.glob("audit*.jsonl")) >= 1 << 20


def test_the_parts_of_an_order_add_up_to_it_and_built_in_work_counts_with_its_caller() -> None:
    trail, domain = ("/x/src/ordo/application/trail.py", 1, "write"), ("/x/src/ordo/domain/orders.py", 1, "moved")
    write = ("~", 0, "<built-in method posix.write>")
    stats: parts.Stats = {
        trail: (2_000, 2_000, 1.0, 2.0, {}),
        domain: (4_000, 4_000, 1.0, 1.0, {}),
        write: (2_000, 2_000, 2.0, 2.0, {trail: (2_000, 2_000, 2.0, 2.0)}),
    }
    found = {row.part.partition(":")[0]: row for row in parts._shared(stats, 400.0)}
    assert {name: row.cpu_us for name, row in found.items()} == {
        "the trail": 300,
        "the order's values, their copies and the clock": 100,
    }
    assert sum(row.calls for row in found.values()) == 4
    assert "together" in parts.table(list(found.values()))
