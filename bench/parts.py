"""Where the microseconds of one order go, part by part, adding up to the total.

The total is measured without a profile: the processor time of each thread, per order, at 32 connections. A profile of
the main thread then says which part of that time each module takes, and how many function calls. It makes small
functions look dearer than they are, so a part of many small calls is told somewhat too high.
"""

from __future__ import annotations

import os
import pstats
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import house
from bench.load import driven
from bench.processes import other_cores
from bench.rows import Effort

_CONNECTIONS = 32
_PROFILED = 2_000
_NS = 1_000
_OTHER = "asyncio, the standard library, and the rest"
_PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("uvicorn: socket, parser, head of the answer", ("/uvicorn/", "ordo/entrypoints/cli/")),
    ("Litestar: the route", ("/litestar/",)),
    ("the door: headers, token, body, answer", (
        "ordo/entrypoints/http/", "ordo/schemas/", "/pydantic", "ordo/application/context", "ordo/application/tokens",
        "ordo/application/instruments", "ordo/application/aliases",
    )),
    ("the trail: three lines, chained and written", (
        "ordo/application/trail", "ordo/adapters/telemetry/audit", "ordo/adapters/telemetry/chain",
        "ordo/adapters/telemetry/redaction", "ordo/domain/secrecy", "ordo/domain/audit",
    )),
    ("metrics and traces", ("ordo/adapters/telemetry/",)),
    ("session, switches, records: reading and handing over", ("ordo/adapters/sql/", "ordo/adapters/documents")),
    ("the call to the broker: mapping, transport, answer", ("ordo/adapters/brokers/", "ordo/adapters/http/")),
    ("screening: 27 checks and what they look at", (
        "ordo/application/screening", "ordo/application/checks", "ordo/application/proposal",
        "ordo/application/order_rules", "ordo/application/account_rules", "ordo/application/sessions",
        "ordo/domain/directory", "ordo/domain/limits", "ordo/domain/capabilities", "ordo/domain/sessions",
    )),
    ("budget, gate, passage, circuit", (
        "ordo/application/pacing", "ordo/application/departure", "ordo/application/safety", "ordo/application/care",
        "ordo/application/reading", "ordo/application/brokers", "ordo/adapters/memory/", "ordo/adapters/circuits",
        "ordo/domain/budget", "ordo/domain/safety", "ordo/domain/circuits",
    )),
    ("at most once: key, prints, task, settlement", ("ordo/application/", "ordo/domain/idempotency")),
    ("the order's values, their copies and the clock", ("ordo/domain/", "<string>", "ordo/adapters/clock")),
)  # fmt: skip
# A path of the packages may hold any of these words, so only what stands behind the last of them counts.
_ROOTS = ("/site-packages", "/src/")

Function = tuple[str, int, str]
Stats = dict[Function, tuple[int, int, float, float, dict[Function, tuple[int, int, float, float]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRow:
    """One part of an order: microseconds of processor time, and function calls, those of built-in ones included."""

    part: str
    cpu_us: float
    calls: float


def parts(effort: Effort) -> list[PartRow]:
    """Every part of placing an order on SQLite, the dearest first."""
    print("measuring: the parts of an order", file=sys.stderr)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        profile = folder / "profile"
        with house.broker(folder) as double, house.ordo(folder, double, profile=profile) as gateway, other_cores():
            pid, port = gateway.server.pid, gateway.server.port
            driven(port, gateway.place, connections=_CONNECTIONS, seconds=effort.seconds / 4)
            before = _thread_ns(pid)
            load = driven(port, gateway.place, connections=_CONNECTIONS, seconds=effort.seconds)
            spent = {
                thread: (ns - before[thread]) / _NS / len(load.latencies) for thread, ns in _thread_ns(pid).items()
            }
            os.kill(pid, signal.SIGUSR1)
            driven(port, gateway.place, connections=_CONNECTIONS, requests=_PROFILED)
            os.kill(pid, signal.SIGUSR2)
            while not profile.exists():
                time.sleep(0.01)
            stats: Stats = pstats.Stats(str(profile)).stats  # type: ignore[attr-defined]  # it is documented, not typed
    main = spent.pop(pid)
    rows = _shared(stats, main)
    rows.append(PartRow(part="SQLite's writer and the other threads", cpu_us=sum(spent.values()), calls=0))
    return sorted(rows, key=lambda row: -row.cpu_us)


def table(rows: Sequence[PartRow]) -> str:
    total = sum(row.cpu_us for row in rows)
    lines = [f"{'part of an order, SQLite, 32 connections':62}{'CPU us':>9}{'share':>8}{'calls':>8}"]
    lines += [
        f"{row.part:62}{row.cpu_us:>9.1f}{row.cpu_us / total:>8.0%}{f'{row.calls:.0f}' if row.calls else '-':>8}"
        for row in rows
    ]
    lines.append(f"{'together':62}{total:>9.1f}{1:>8.0%}{sum(row.calls for row in rows):>8.0f}")
    return "\n".join(lines)


def _thread_ns(pid: int) -> dict[int, int]:
    """Nanoseconds on a processor, by thread; the main thread has the number of the process."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return {int(task.name): int((task / "schedstat").read_text(encoding="ascii").split()[0]) for task in tasks}


def _shared(stats: Stats, total: float) -> list[PartRow]:
    """The total by parts, as the profile shares its time out; what is built in counts with whoever called it."""
    found: dict[str, list[float]] = {}

    def count(function: Function, seconds: float, calls: int) -> None:
        sums = found.setdefault(_part(function), [0.0, 0.0])
        sums[0] += seconds
        sums[1] += calls

    for function, (_, calls, seconds, _, callers) in stats.items():
        if function[0] != "~":
            count(function, seconds, calls)
            continue
        for caller, (_, of_caller, by_caller, _) in callers.items():
            count(caller, by_caller, of_caller)
    seconds = sum(sums[0] for sums in found.values())
    return [
        PartRow(part=part, cpu_us=sums[0] / seconds * total, calls=sums[1] / _PROFILED) for part, sums in found.items()
    ]


def _part(function: Function) -> str:
    path = function[0]
    for root in _ROOTS:
        path = path.rpartition(root)[2] if root in path else path
    return next((part for part, marks in _PARTS if any(mark in path for mark in marks)), _OTHER)
