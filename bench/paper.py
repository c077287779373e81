"""At the paper broker, as `ordo serve` runs it: alone, beside the bare handler, and beside a broker that hangs."""

from __future__ import annotations

import os
import tempfile
from itertools import count
from pathlib import Path

from bench.hanging import callers
from bench.house import BODY, ROOT, TOKEN
from bench.load import post
from bench.processes import other_cores, serving
from bench.rows import Effort, Row, Target, measured

ORDO = "from ordo.entrypoints.cli import main; main()"
ENVIRONMENT = {"ORDO_TOKEN": TOKEN, "ORDO_BROKERS__PAPER__OPENING_CASH": "999999999999", "PYTHONPATH": str(ROOT)}
_KEYS = count()


def order(_: int) -> bytes:
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": f"bench-{os.getpid()}-{next(_KEYS)}"}
    return post("/api/v1/accounts/paper/DEMO/orders", BODY, headers)


def paper(effort: Effort) -> list[Row]:
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(["-c", ORDO, "serve"], folder=Path(folder), environment=ENVIRONMENT) as server,
        other_cores(),
    ):
        target = Target(name="place at the paper broker", server=server, request=order)
        return [row for connections in (1, 8) for row in measured("paper", [target], connections, effort)]


def beside_a_hanging_broker(effort: Effort) -> list[Row]:
    """Placing orders at one broker, alone and while many callers wait for another that never answers: its p99 may
    double.
    """
    environment = ENVIRONMENT | {"ORDO_IDEMPOTENCY__PURSUE_SECONDS": "0"}
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(["-m", "bench.hanging"], folder=Path(folder), environment=environment) as server,
        other_cores(),
    ):
        alone = Target(name="place, the other broker at rest", server=server, request=order)
        rows = measured("hanging", [alone], 8, effort)
        with callers(server.port, TOKEN, BODY):
            beside = Target(name="place, the other broker hangs", server=server, request=order)
            return rows + measured("hanging", [beside], 8, effort)
