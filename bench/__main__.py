"""`make bench`: placing an order through Ordo, beside the bare handler under the same server; and loading masters."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from bench import masters, scale
from bench.hanging import callers
from bench.load import drive, post
from bench.processes import Server, other_cores, serving

TOKEN = "bench-token-of-no-value"  # noqa: S105  (a server on loopback that lives for seconds)
ORDER = {
    "instrument": "NSE:SBIN",
    "side": "BUY",
    "quantity": 1,
    "order_type": "LIMIT",
    "product": "MIS",
    "price": "800.00",
    "allow_duplicate": True,
}
ORDO = "from ordo.entrypoints.cli import main; main()"
BODY = json.dumps(ORDER).encode()
_KEYS = count()
ENVIRONMENT = {
    "ORDO_TOKEN": TOKEN,
    "ORDO_BROKERS__PAPER__OPENING_CASH": "999999999999",
    "PYTHONPATH": str(Path(__file__).parent.parent),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Medians over the rounds; the spread is the range of p50 over the rounds, as a share of the median."""

    name: str
    connections: int
    p50_us: float
    p95_us: float
    p99_us: float
    per_second: float
    cpu_us: float
    resident_mb: float
    start_seconds: float
    spread: float


def order(_: int) -> bytes:
    key = f"bench-{os.getpid()}-{next(_KEYS)}"
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key}
    return post("/api/v1/accounts/paper/DEMO/orders", BODY, headers)


def bare(number: int) -> bytes:
    return post("/orders", BODY, {"X-Number": str(number)})


def measure(
    name: str,
    server: Server,
    request: Callable[[int], bytes],
    *,
    connections: int,
    requests: int,
    rounds: int,
) -> Row:
    results = []
    for _ in range(rounds + 1):  # The first warms up and does not count.
        cpu = server.cpu_seconds()
        load = asyncio.run(
            drive(server.port, request, connections=connections, requests=requests, expect=b"HTTP/1.1 201")
        )
        results.append((load, (server.cpu_seconds() - cpu) / requests * 1e6))
    counted = results[1:]
    p50s = [load.percentile(0.5) * 1e6 for load, _ in counted]
    return Row(
        name=name,
        connections=connections,
        p50_us=statistics.median(p50s),
        p95_us=statistics.median(load.percentile(0.95) * 1e6 for load, _ in counted),
        p99_us=statistics.median(load.percentile(0.99) * 1e6 for load, _ in counted),
        per_second=statistics.median(requests / load.seconds for load, _ in counted),
        cpu_us=statistics.median(cpu for _, cpu in counted),
        resident_mb=server.resident_mb(),
        start_seconds=server.start_seconds,
        spread=(max(p50s) - min(p50s)) / statistics.median(p50s),
    )


def run(requests: int, rounds: int) -> list[Row]:
    rows = []
    for name, arguments, request in (
        ("place an order (Ordo, paper, SQLite)", ["-c", ORDO, "serve"], order),
        ("bare Litestar handler", ["-m", "bench.bare"], bare),
    ):
        with (
            tempfile.TemporaryDirectory() as folder,
            serving(arguments, folder=Path(folder), environment=ENVIRONMENT) as server,
            other_cores(),
        ):
            for connections in (1, 8):
                print(f"measuring: {name}, {connections} connections", file=sys.stderr)
                rows.append(measure(name, server, request, connections=connections, requests=requests, rounds=rounds))
    return rows


def beside_a_hanging_broker(requests: int, rounds: int) -> list[Row]:
    """Placing orders at one broker, alone and while many callers wait for another that never answers."""
    rows = []
    environment = {
        "ORDO_TOKEN": TOKEN,
        "ORDO_BROKERS__PAPER__OPENING_CASH": "999999999999",
        "ORDO_IDEMPOTENCY__PURSUE_SECONDS": "0",
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(["-m", "bench.hanging"], folder=Path(folder), environment=environment) as server,
        other_cores(),
    ):
        for name, beside in (
            ("place, the other broker at rest", contextlib.nullcontext()),
            ("place, the other broker hangs", callers(server.port, TOKEN, BODY)),
        ):
            print(f"measuring: {name}", file=sys.stderr)
            with beside:
                rows.append(measure(name, server, order, connections=8, requests=requests, rounds=rounds))
    return rows


def table(rows: list[Row]) -> str:
    lines = [
        "".join(
            (
                " " * 38,
                f"{'conns':>6}{'p50 us':>9}{'p95 us':>9}{'p99 us':>9}{'per s':>8}",
                f"{'CPU us':>8}{'RSS MB':>8}",
            )
        )
        + f"{'start s':>9}{'spread':>8}"
    ]
    lines += [
        f"{row.name:38}{row.connections:>6}{row.p50_us:>9.0f}{row.p95_us:>9.0f}{row.p99_us:>9.0f}{row.per_second:>8.0f}{row.cpu_us:>8.0f}"
        f"{row.resident_mb:>8.1f}{row.start_seconds:>9.2f}{row.spread:>8.0%}"
        for row in rows
    ]
    *compared, alone, beside = rows
    half = len(compared) // 2
    for ours, theirs in zip(compared[:half], compared[half:], strict=True):
        lines.append(
            f"Ordo : bare, {ours.connections} connections: p50 {ours.p50_us / theirs.p50_us:.1f} x,"
            f" CPU {ours.cpu_us / theirs.cpu_us:.1f} x"
        )
    lines.append(f"Beside a broker that hangs : alone, p99 {beside.p99_us / alone.p99_us:.1f} x (bound: 2 x)")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000, help="requests a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count, after one to warm up")
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    options = parser.parse_args()
    rows = [*run(options.requests, options.rounds), *beside_a_hanging_broker(options.requests, options.rounds)]
    loads = masters.loads()
    scaled = scale.run(order, ORDO, ENVIRONMENT, requests=options.requests // 2, rounds=min(options.rounds, 3))
    print(table(rows), masters.table(loads), scale.table(scaled), sep="\n\n")
    if options.json is not None:
        found = [asdict(row) for row in rows] + [asdict(load) for load in loads] + [asdict(row) for row in scaled]
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
