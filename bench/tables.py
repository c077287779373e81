"""The figures for people."""

from __future__ import annotations

from collections.abc import Sequence

from bench.goals import Goal
from bench.ratios import Ratio, Share
from bench.rows import Row


def rows_table(rows: Sequence[Row]) -> str:
    """What was not measured is `-`. Each ± is the range over the rounds as a share of the median before it."""
    head = (
        f"{rows[0].section if rows else '':58}{'conns':>6}{'p50 us':>9}{'±':>6}{'p95 us':>9}{'p99 us':>9}{'per s':>8}"
        f"{'±':>6}{'CPU us':>9}{'±':>6}{'RSS MB':>8}{'start s':>9}{'±':>6}"
    )
    lines = (
        f"{row.name:58}{_told(row.connections, 6)}{_told(row.p50_us, 9)}{row.p50_spread:>6.0%}{_told(row.p95_us, 9)}"
        f"{_told(row.p99_us, 9)}{_told(row.per_second, 8)}{row.rate_spread:>6.0%}{_told(row.cpu_us, 9)}"
        f"{row.cpu_spread:>6.0%}{_told(row.resident_mb, 8, 1)}{_told(row.start_seconds, 9, 2)}"
        f"{row.start_spread:>6.0%}"
        for row in rows
    )
    return "\n".join((head, *lines))


def ratios_table(ratios: Sequence[Ratio]) -> str:
    lines = [f"{'ratio':96}{'conns':>6}{'p50':>9}{'p99':>9}{'CPU':>9}{'rate':>9}"]
    lines += [
        f"{one.what:96}{one.connections:>6}{_times(one.p50)}{_times(one.p99)}{_times(one.cpu)}{_times(one.rate)}"
        for one in ratios
    ]
    return "\n".join(lines)


def shares_table(shares: Sequence[Share]) -> str:
    lines = [f"{'p50 of one order at a time':58}{'p50 us':>9}{'its sync':>9}{'without':>9}{'sync p99':>9}"]
    lines += [
        f"{one.what:58}{one.p50_us:>9.0f}{one.sync_p50_us:>9.0f}{one.rest_us:>9.0f}{one.sync_p99_us:>9.0f}"
        for one in shares
    ]
    return "\n".join(lines)


def goals_table(goals: Sequence[Goal]) -> str:
    lines = [f"{'goal':100}{'seen':>10}{'bound':>12}"]
    for goal in goals:
        sign = ">=" if goal.at_least else "<="
        verdict = "met" if goal.is_met else "MISSED"
        lines.append(f"{goal.what:100}{goal.seen:>10.2f}{sign:>4}{goal.bound:>8g} {goal.unit:8}{verdict}")
    return "\n".join(lines)


def _told(value: float, width: int, digits: int = 0) -> str:
    return f"{value:>{width}.{digits}f}" if value else f"{'-':>{width}}"


def _times(value: float | None) -> str:
    return f"{'-':>9}" if value is None else f"{value:>8.2f}x"
