"""How long a full-size instrument master takes to load, how much memory it needs, and how fast one look-up is.

A process of its own, so that what is resident is the load's alone: `python -m bench.masters {fyers,hdfc}` prints one
line of JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from bench.rows import Effort
from ordo.adapters.masters.fyers import FyersMaster
from ordo.adapters.masters.hdfc import HdfcMaster
from ordo.adapters.memory.audit import MemoryAuditLog
from ordo.adapters.memory.instruments import MemoryInstruments
from ordo.application.master_sync import MasterSync
from ordo.application.trail import Trail
from ordo.domain.calendar import IST
from ordo.ports.masters import MasterSource
from tests.support.clock import MONDAY_MORNING, VirtualClock
from tests.support.masters import TODAY, market, write_fyers, write_hdfc

ROWS = 200_000
LOOKED_UP = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterRow:
    """One load: `lookup_us` is the median of look-ups by key that no cache has seen."""

    name: str
    rows: int
    seconds: float
    cpu_seconds: float
    rows_per_second: float
    bytes_per_instrument: float
    lookup_us: float


def loads(_: Effort) -> list[MasterRow]:
    """A load of each broker's master, which is long enough to be measured once."""
    rows = []
    for broker in ("fyers", "hdfc"):
        print(f"measuring: the master of {broker}, {ROWS:,} rows", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            _write(broker, Path(folder))
            done = subprocess.run(  # noqa: S603
                [sys.executable, "-m", "bench.masters", broker, folder], check=True, capture_output=True, text=True
            )
        rows.append(MasterRow(**json.loads(done.stdout)))
    return rows


def table(rows: Sequence[MasterRow]) -> str:
    """The rows for people."""
    head = f"{'load a master':38}{'rows':>9}{'s':>7}{'CPU s':>8}{'rows/s':>9}{'B/instr.':>10}{'look-up us':>12}"
    lines = (
        f"{row.name:38}{row.rows:>9}{row.seconds:>7.1f}{row.cpu_seconds:>8.1f}{row.rows_per_second:>9.0f}"
        f"{row.bytes_per_instrument:>10.0f}{row.lookup_us:>12.1f}"
        for row in rows
    )
    return "\n".join((head, *lines))


def _write(broker: str, folder: Path) -> None:
    if broker == "fyers":
        write_fyers(market(ROWS), folder)
        return
    write_hdfc(market(ROWS), folder / "hdfc.csv")
    moment = datetime.combine(TODAY, MONDAY_MORNING.astimezone(IST).time(), IST).timestamp()
    os.utime(folder / "hdfc.csv", (moment, moment))


async def _measured(broker: str, folder: Path) -> MasterRow:
    clock = VirtualClock()
    source: MasterSource = (
        FyersMaster(str(folder)) if broker == "fyers" else HdfcMaster(str(folder / "hdfc.csv"), clock)
    )
    store = MemoryInstruments()
    sync = MasterSync(store, (source,), clock, Trail(MemoryAuditLog(), clock), at=clock.now().time())
    gc.collect()
    before, wall, cpu = _resident(), time.perf_counter(), time.process_time()
    await sync.sync()
    seconds, cpu = time.perf_counter() - wall, time.process_time() - cpu
    gc.collect()
    held = _resident() - before
    directory = store.directory()
    keys = [one.key for one in directory]
    random.Random(0).shuffle(keys)
    taken = []
    for key in keys[:LOOKED_UP]:
        start = time.perf_counter_ns()
        directory.get(key)
        taken.append(time.perf_counter_ns() - start)
    return MasterRow(
        name=f"{broker}, {len(directory)} instruments",
        rows=ROWS,
        seconds=seconds,
        cpu_seconds=cpu,
        rows_per_second=ROWS / seconds,
        bytes_per_instrument=held / len(directory),
        lookup_us=statistics.median(taken) / 1000,
    )


def _resident() -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise OSError("this system does not tell what is resident")


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_measured(sys.argv[1], Path(sys.argv[2]))))))
