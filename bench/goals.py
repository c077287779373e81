"""The goals, and where the figures stand. A goal is told where its figures were measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench import growth, place, start
from bench.rows import Row, the

_FEW, _SOME, _MANY = 1, 8, 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a figure shall be at most, or at least."""

    what: str
    seen: float
    bound: float
    unit: str
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        return self.seen >= self.bound if self.at_least else self.seen <= self.bound


def goals(rows: Sequence[Row]) -> list[Goal]:
    makers: tuple[Callable[[Sequence[Row]], list[Goal]], ...] = (
        _placing, _calls, _start, _endurance, *(_growing(*pair) for pair in growth.PAIRS)
    )  # fmt: skip
    found: list[Goal] = []
    for make in makers:
        try:
            found += make(rows)
        except LookupError:  # Its section was not measured.
            continue
    return found


def _placing(rows: Sequence[Row]) -> list[Goal]:
    placing = [row for row in rows if row.section == "place"]
    few, some, many = (the(placing, place.ORDO, connections) for connections in (_FEW, _SOME, _MANY))
    bare, slow = the(placing, place.BARE, _MANY), the(placing, place.SLOW, _MANY)
    return [
        Goal(what="CPU an order, 32 connections", seen=many.cpu_us, bound=250, unit="us"),
        Goal(what="CPU an order : pass-through, 32", seen=many.cpu_us / bare.cpu_us, bound=2, unit="x"),
        Goal(what="p50, 1 connection, with the disk's sync", seen=few.p50_us / 1000, bound=1.2, unit="ms"),
        Goal(what="orders a second, 32 connections", seen=many.per_second, bound=3_500, unit="/s", at_least=True),
        Goal(what="orders a second, broker of 50 ms, 32 (of 640)", seen=slow.per_second, bound=600, unit="/s",
             at_least=True),
        Goal(what="p99 : p50, 8 connections", seen=some.p99_us / some.p50_us, bound=3, unit="x"),
    ]  # fmt: skip


def _calls(rows: Sequence[Row]) -> list[Goal]:
    calls = [row for row in rows if row.section == "calls"]
    placed = the(calls, place.ORDO, _MANY).per_second
    found = []
    for name in (place.REPLAY, *place.READS):
        rate = the(calls, name, _MANY).per_second
        found.append(Goal(what=f"{name} a second, 32", seen=rate, bound=1_500, unit="/s", at_least=True))
        found.append(Goal(what=f"{name} : placing, 32", seen=rate / placed, bound=2, unit="x", at_least=True))
    return found


def _start(rows: Sequence[Row]) -> list[Goal]:
    idle, loaded = the(rows, start.IDLE, 0), the(rows, start.LOADED, 0)
    return [
        Goal(what="idle memory", seen=idle.resident_mb, bound=120, unit="MB"),
        Goal(what="start to ready, master of 200,000 loaded", seen=loaded.start_seconds, bound=1.5, unit="s"),
    ]


def _endurance(rows: Sequence[Row]) -> list[Goal]:
    long = [row for row in rows if row.section == "endurance"]
    after = the(long, growth.AFTER, _SOME).resident_mb
    idle, warm = the(long, growth.IDLE, 0).resident_mb, the(long, growth.WARM, _SOME).resident_mb
    return [
        Goal(what="memory after 100,000 orders : idle", seen=after / idle, bound=1.1, unit="x"),
        Goal(what="memory after 100,000 orders : after the first few", seen=after / warm, bound=1.1, unit="x"),
    ]


def _growing(most: str, least: str) -> Callable[[Sequence[Row]], list[Goal]]:
    def make(rows: Sequence[Row]) -> list[Goal]:
        much, little = the(rows, most, _SOME), the(rows, least, _SOME)
        return [Goal(what=f"p50 of {most} : {least}", seen=much.p50_us / little.p50_us, bound=1.1, unit="x")]

    return make
