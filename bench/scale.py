"""From one process to several: the same order through every kind of store, as a ratio to one worker in memory.

All servers and the load share this machine's cores, so more workers than cores gain nothing here; and the paper broker
keeps its book in the same database, one order after the other, as no real broker does.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.house import MASTER_KEYS
from bench.paper import ENVIRONMENT, ORDO, order
from bench.processes import serving
from bench.rows import Effort, Row, Target, measured
from bench.stores import servers

_CONNECTIONS = 16
_WORKERS = (1, 2, 4)
_ALONE = ("paper, memory, 1 worker", "paper, SQLite, 1 worker")
_PASSING = tuple(f"paper, PostgreSQL, the rest in Redis, {workers} workers" for workers in _WORKERS)
_LASTING = tuple(f"paper, PostgreSQL, intents and sessions in Redis, {workers} workers" for workers in _WORKERS)
NAMES = (*_ALONE, *_PASSING, *_LASTING)
Settings = Callable[[], dict[str, str]]


def scale(effort: Effort) -> list[Row]:
    serve, memory = ["-c", ORDO, "serve"], ["-m", "bench.gateway"]
    with servers() as kept:
        plans: list[tuple[str, list[str], Settings]] = [
            (_ALONE[0], memory, dict),
            (_ALONE[1], serve, dict),
            *(
                (name, [*serve, *_more(workers)], kept.passing)
                for name, workers in zip(_PASSING, _WORKERS, strict=True)
            ),
            *(
                (name, [*serve, *_more(workers)], kept.lasting)
                for name, workers in zip(_LASTING, _WORKERS, strict=True)
            ),
        ]
        rows = []
        for name, arguments, given in plans:
            print(f"measuring: {name}", file=sys.stderr)
            told = ENVIRONMENT | {"ORDO_MASTER_KEYS": MASTER_KEYS} | given()
            with (
                tempfile.TemporaryDirectory() as folder,
                serving(arguments, folder=Path(folder), environment=told, pinned=False) as server,
            ):
                rows += measured("scale", [Target(name=name, server=server, request=order)], _CONNECTIONS, effort)
    return rows


def _more(workers: int) -> list[str]:
    return ["--workers", str(workers)] if workers > 1 else []
