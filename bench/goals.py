"""The goals, and where the figures stand. A goal is told where its figures were measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench import growth, place, start
from bench.rows import Goal, Row, the

_FEW, _SOME, _MANY = 1, 8, 32


def goals(rows: Sequence[Row]) -> list[Goal]:
    makers: tuple[Callable[[Sequence[Row]], list[Goal]], ...] = (_placing, _calls, _growth, _endurance, _start)
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
    bare, memory = the(placing, place.BARE, _MANY), the(placing, place.MEMORY, _MANY)
    slow, alone = the(placing, place.SLOW, _MANY), the(placing, place.DIRECT, _FEW)
    return [
        Goal(what="CPU an order, 32 connections", seen=many.cpu_us, bound=250, unit="us"),
        Goal(what="CPU an order : pass-through, 32", seen=many.cpu_us / bare.cpu_us, bound=2, unit="x"),
        Goal(what="CPU an order : memory store, 32", seen=many.cpu_us / memory.cpu_us, bound=2, unit="x"),
        Goal(what="p50, 1 connection", seen=few.p50_us / 1000, bound=1.2, unit="ms"),
        Goal(what="p50 above the broker's own, 1", seen=(few.p50_us - alone.p50_us) / 1000, bound=1.2, unit="ms"),
        Goal(what="orders a second, 32 connections", seen=many.per_second, bound=3_500, unit="/s", at_least=True),
        Goal(what="orders a second, broker of 50 ms, 32", seen=slow.per_second, bound=600, unit="/s", at_least=True),
        Goal(what="p99 : p50, 8 connections", seen=some.p99_us / some.p50_us, bound=3, unit="x"),
    ]


def _calls(rows: Sequence[Row]) -> list[Goal]:
    calls = [row for row in rows if row.section == "calls"]
    placed = the(calls, place.ORDO, _MANY).per_second
    replayed = the(calls, place.REPLAY, _MANY).per_second
    found = [Goal(what="replays : placing, 32", seen=replayed / placed, bound=2, unit="x", at_least=True)]
    for name in place.READS:
        rate = the(calls, name, _MANY).per_second
        found.append(Goal(what=f"{name} a second, 32", seen=rate, bound=1_500, unit="/s", at_least=True))
        found.append(Goal(what=f"{name} : placing, 32", seen=rate / placed, bound=2, unit="x", at_least=True))
    return found


def _growth(rows: Sequence[Row]) -> list[Goal]:
    empty, full = the(rows, growth.EMPTY, _SOME), the(rows, growth.FULL, _SOME)
    ratio = full.p50_us / empty.p50_us
    return [Goal(what="p50 of a full store : an empty one", seen=ratio, bound=1.1, unit="x")]


def _endurance(rows: Sequence[Row]) -> list[Goal]:
    long = [row for row in rows if row.section == "endurance"]
    before, after = the(long, growth.EMPTY, _SOME), the(long, growth.AFTER, _SOME)
    ratio = after.resident_mb / before.resident_mb
    return [Goal(what="memory after 100,000 orders : before", seen=ratio, bound=1.1, unit="x")]


def _start(rows: Sequence[Row]) -> list[Goal]:
    idle, loaded = the(rows, start.IDLE, 0), the(rows, start.LOADED, 0)
    return [
        Goal(what="idle memory", seen=idle.resident_mb, bound=120, unit="MB"),
        Goal(what="start to ready, master loaded", seen=loaded.start_seconds, bound=1.5, unit="s"),
    ]
