"""From the start of the process to its first answer, and what it holds then."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from bench import house
from bench.processes import Server
from bench.rows import Effort, Row, spread

IDLE, LOADED = "idle, a small master", "idle, a master of 200,000"


def starts(effort: Effort) -> list[Row]:
    """Each start but the first finds its master in the database."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name, house.broker(Path(name)) as double:
        for told, instruments in ((IDLE, 0), (LOADED, 200_000)):
            print(f"measuring: start, {told}", file=sys.stderr)
            seen: list[Server] = []
            resident: list[float] = []
            cpu: list[float] = []
            for _ in range(effort.rounds + 1):
                folder = f"start-{instruments}"
                with house.ordo(Path(name), double, name=folder, instruments=instruments, log_in=False) as gateway:
                    seen.append(gateway.server)
                    resident.append(gateway.server.resident_mb())
                    cpu.append(gateway.server.cpu_seconds())
            seconds = [server.start_seconds for server in seen[1:]]
            rows.append(
                Row(
                    section="start",
                    name=told,
                    cpu_us=statistics.median(cpu[1:]) * 1e6,
                    cpu_spread=spread(cpu[1:]),
                    resident_mb=statistics.median(resident[1:]),
                    start_seconds=statistics.median(seconds),
                    start_spread=spread(seconds),
                )
            )
    return rows
