"""`make load`: a mixed load for as long as you like. At its end memory and file descriptors must be what they were
after the warm-up, and every order that was answered must stand in the verified trail.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx2

from bench.processes import Server, other_cores, serving

TOKEN = "torture-token-of-no-value"  # noqa: S105  (a server on loopback that lives for minutes)
ORDO = "from ordo.entrypoints.cli import main; main()"
ACCOUNT = "/api/v1/accounts/paper/DEMO"
ORDER = {"instrument": "NSE:SBIN", "side": "BUY", "quantity": 1, "order_type": "LIMIT", "product": "MIS"}
_PAUSE_SECONDS = 0.01
_GROWTH = 1.05
_MORE_DESCRIPTORS = 4


@dataclass
class Seen:
    """What came back: how often which status, and the orders that were answered as placed."""

    statuses: Counter[str] = field(default_factory=Counter)
    placed: list[str] = field(default_factory=list)
    samples: list[tuple[float, float, int]] = field(default_factory=list)


def descriptors(server: Server) -> int:
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


async def torment(server: Server, seconds: float, seen: Seen, place_every: float) -> None:
    until = time.monotonic() + seconds
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False, timeout=30) as client:
        await asyncio.gather(
            *(_walk(client, Random(number), until, seen) for number in range(4)),
            _place(client, until, seen, place_every),
            _sample(server, until, seen),
        )


async def _walk(client: httpx2.AsyncClient, random: Random, until: float, seen: Seen) -> None:
    """Everything but new orders: reads, checks, replays, cancellations, strangers and nonsense."""
    good = {"Authorization": f"Bearer {TOKEN}"}
    while time.monotonic() < until:
        order = random.choice(seen.placed[-20:]) if seen.placed else "373000000000001"
        key = {"Idempotency-Key": f"torture-{random.randrange(max(1, len(seen.placed)))}"}
        orders, price = f"{ACCOUNT}/orders", {"price": "700.00"}
        stranger = {"Authorization": f"Bearer guess-{random.random()}"}
        name, method, path, headers, body = random.choice(
            (
                ("portfolio", "GET", f"{ACCOUNT}/portfolio", good, b""),
                ("order", "GET", f"{orders}/{order}", good, b""),
                ("preview", "POST", f"{orders}/preview", good, json.dumps(ORDER | price).encode()),
                ("replay", "POST", orders, good | key, json.dumps(ORDER | price).encode()),
                ("cancel", "DELETE", f"{orders}/{order}", good | key, b""),
                ("stranger", "GET", "/api/v1/status", stranger, b""),
                ("nonsense", "POST", orders, good | key, b"[" * 2000),
                ("metrics", "GET", "/metrics", good, b""),
            )
        )
        told = headers | ({"Content-Type": "application/json"} if body else {})
        answer = await client.request(method, path, headers=told, content=body)
        seen.statuses[f"{name} {answer.status_code}"] += 1
        await asyncio.sleep(_PAUSE_SECONDS)


async def _place(client: httpx2.AsyncClient, until: float, seen: Seen, every: float) -> None:
    while time.monotonic() < until:
        headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": f"place-{len(seen.placed)}-{os.getpid()}"}
        answer = await client.post(f"{ACCOUNT}/orders", json={**ORDER, "price": "700.00"}, headers=headers)
        seen.statuses[f"place {answer.status_code}"] += 1
        if answer.is_success:
            seen.placed.append(answer.json()["order_id"])
        await asyncio.sleep(every)


async def _sample(server: Server, until: float, seen: Seen) -> None:
    began = time.monotonic()
    while time.monotonic() < until:
        seen.samples.append((time.monotonic() - began, server.resident_mb(), descriptors(server)))
        await asyncio.sleep(1)


def verdict(seen: Seen, folder: Path) -> dict[str, object]:
    """What holds: after the first fifth, which warms up, nothing grows; and no line of an answered order is missing."""
    from ordo.container.trails import verify

    steady = seen.samples[len(seen.samples) // 5 :]
    third = max(1, len(steady) // 3)
    first, last = steady[:third], steady[-third:]
    memory = [sum(sample[1] for sample in part) / len(part) for part in (first, last)]
    files = [max(sample[2] for sample in part) for part in (first, last)]
    reports = verify(folder / "audit")
    lines = [
        json.loads(line)
        for path in (folder / "audit").glob("*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    told = {line["order_id"] for line in lines if line["event"] == "order.placed"}
    failures = {status: count for status, count in seen.statuses.items() if status.endswith(" 500")}
    return {
        "requests": seen.statuses.total(),
        "orders": len(seen.placed),
        "memory_mb": [round(value, 1) for value in memory],
        "descriptors": files,
        "audit_lines": sum(report.lines for report in reports),
        "statuses": dict(sorted(seen.statuses.items())),
        "holds": {
            "memory is flat within 5 %": memory[1] <= memory[0] * _GROWTH,
            "descriptors don't grow": files[1] <= files[0] + _MORE_DESCRIPTORS,
            "the chain holds": all(report.fault is None for report in reports),
            "no order is missing from the trail": set(seen.placed) <= told,
            "nothing was unforeseen": not failures,
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--place-every", type=float, default=1, help="seconds between new orders")
    options = parser.parse_args()
    environment = {
        "ORDO_TOKEN": TOKEN,
        "ORDO_BROKERS__PAPER__OPENING_CASH": "999999999999",
        "ORDO_HTTP__FAILURES_PER_MINUTE": "100000",
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }
    seen = Seen()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(["-c", ORDO, "serve"], folder=folder, environment=environment) as server, other_cores():
            asyncio.run(torment(server, options.minutes * 60, seen, options.place_every))
        told = verdict(seen, folder)
    print(json.dumps(told, indent=2))
    holds = told["holds"]
    sys.exit(0 if isinstance(holds, dict) and all(holds.values()) else 1)


if __name__ == "__main__":
    main()
