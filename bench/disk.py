"""What the disk itself takes to keep a small append, in the folder of the databases."""

from __future__ import annotations

import os
import time
from pathlib import Path

from bench.load import Load
from bench.rows import Effort, Row, summed

SYNC = "the disk: append 4 KiB, fdatasync"
_PAGE = b"\0" * 4096
_sync = getattr(os, "fdatasync", os.fsync)


def syncs(folder: Path, section: str, effort: Effort) -> Row:
    """One append and its sync after the other, as long as the rounds of the orders that wait for them."""
    with (folder / "synced").open("wb", buffering=0) as file:
        loads = [_synced(file.fileno(), effort.seconds) for _ in range(effort.rounds)]
    return summed(loads, section=section, name=SYNC, connections=1)


def _synced(descriptor: int, seconds: float) -> Load:
    latencies: list[float] = []
    started = time.perf_counter()
    while not latencies or time.perf_counter() - started < seconds:
        began = time.perf_counter()
        os.write(descriptor, _PAGE)
        _sync(descriptor)
        latencies.append(time.perf_counter() - began)
    return Load(latencies=latencies, seconds=time.perf_counter() - started)
