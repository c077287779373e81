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
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random

import httpx2

from bench.processes import Server, other_cores, serving

TOKEN = "torture-token-of-no-value"  # noqa: S105  (a server on loopback that lives for minutes)
ORDO = "from ordo.entrypoints.cli import main; main()"
ACCOUNT = "/api/v1/accounts/paper/DEMO"
ORDER = {
    "instrument": "NSE:SBIN",
    "side": "BUY",
    "quantity": 1,
    "order_type": "LIMIT",
    "product": "MIS",
    "allow_duplicate": True,
}
_PAUSE_SECONDS = 0.01
_GROWTH = 1.05
_MORE_DESCRIPTORS = 4


@dataclass
class Seen:
    """What came back: how often which status, and the orders that were answered as placed."""

    statuses: Counter[str] = field(default_factory=Counter)
    placed: list[str] = field(default_factory=list)
    in_baskets: list[str] = field(default_factory=list)
    price: int = 0
    samples: list[tuple[float, float, int]] = field(default_factory=list)


def descriptors(server: Server) -> int:
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


async def torment(server: Server, seconds: float, seen: Seen, place_every: float) -> None:
    until = time.monotonic() + seconds
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False, timeout=30) as client:
        seen.price = await _resting(client)
        await asyncio.gather(
            *(_walk(client, Random(number), until, seen) for number in range(4)),
            _place(client, until, seen, place_every),
            _sample(server, until, seen),
        )


async def _resting(client: httpx2.AsyncClient) -> int:
    """Whole rupees that a buyer may offer today, and at which nobody sells."""
    quotes = f"{ACCOUNT}/quotes?instrument=NSE:SBIN"
    (quote,) = (await client.get(quotes, headers={"Authorization": f"Bearer {TOKEN}"})).raise_for_status().json()
    return int(Decimal(quote["last_price"]) * Decimal("0.96"))


async def _walk(client: httpx2.AsyncClient, random: Random, until: float, seen: Seen) -> None:
    """Everything but new orders: reads, checks, changes, replays, cancellations, strangers, and what fails."""
    while time.monotonic() < until:
        name, method, path, headers, body = random.choice(_requests(random, seen))
        told = headers | ({"Content-Type": "application/json"} if body else {})
        answer = await client.request(method, path, headers=told, content=body)
        seen.statuses[f"{name} {answer.status_code}"] += 1
        await asyncio.sleep(_PAUSE_SECONDS)


def _requests(random: Random, seen: Seen) -> tuple[tuple[str, str, str, dict[str, str], bytes], ...]:
    """By name, method, path, headers and body. Keys repeat, so that most writes of an order are replays of one."""
    number = random.randrange(max(1, len(seen.placed)))
    # What is changed is newer than what is cancelled, so that both find open orders.
    order, older = (random.choice(part or ["373000000000001"]) for part in (seen.placed[-5:], seen.placed[-20:-5]))
    orders, price = f"{ACCOUNT}/orders", f"{seen.price + random.randrange(5)}.00"
    good = {"Authorization": f"Bearer {TOKEN}"}

    def keyed(key: str) -> dict[str, str]:
        return good | {"Idempotency-Key": key}

    def json_of(**changed: object) -> bytes:
        return json.dumps({**ORDER, "price": f"{seen.price}.00", **changed}).encode()

    stranger = {"Authorization": f"Bearer guess-{random.random()}"}
    both = "account=paper/DEMO&account=paper/RICH"
    return (
        ("portfolio", "GET", f"{ACCOUNT}/portfolio", good, b""),
        ("fan-out", "GET", f"/api/v1/portfolios?{both}", good, b""),
        ("fan-out with one that fails", "GET", f"/api/v1/portfolios?{both}&account=paper/NOBODY", good, b""),
        ("funds", "GET", f"{ACCOUNT}/funds", good, b""),
        ("trades", "GET", f"{ACCOUNT}/trades", good, b""),
        ("quotes", "GET", f"{ACCOUNT}/quotes?instrument=NSE:SBIN&instrument=NSE:TCS", good, b""),
        ("quote of nothing", "GET", f"{ACCOUNT}/quotes?instrument=NSE:NOSUCHTHING", good, b""),
        ("order", "GET", f"{orders}/{order}", good, b""),
        ("orders", "GET", orders, good, b""),
        ("no such order", "GET", f"{orders}/373000000000002", good, b""),
        ("preview", "POST", f"{orders}/preview", good, json_of()),
        ("replay", "POST", orders, keyed(_key(number)), json_of()),
        ("key of another order", "POST", orders, keyed(_key(number)), json_of(quantity=2)),
        ("refused order", "POST", orders, keyed(f"refused-{number}"), json_of(instrument="NSE:NOSUCHTHING")),
        ("order without key", "POST", orders, good, json_of()),
        (
            "modify",
            "PATCH",
            f"{orders}/{order}",
            keyed(f"modify-{order}-{price}"),
            json.dumps({"price": price}).encode(),
        ),
        ("cancel", "DELETE", f"{orders}/{older}", keyed(f"cancel-{older}"), b""),
        ("search", "GET", "/api/v1/instruments?query=SB", good, b""),
        ("status", "GET", "/api/v1/status", good, b""),
        ("stranger", "GET", "/api/v1/status", stranger, b""),
        ("callback", "GET", f"/callback/paper?state={random.random()}", {}, b""),
        ("nonsense", "POST", orders, keyed("nonsense"), b"[" * 2000),
        ("metrics", "GET", "/metrics", good, b""),
    )


def _key(number: int) -> str:
    """Under which the order of this number was placed."""
    return f"place-{number}-{os.getpid()}"


async def _place(client: httpx2.AsyncClient, until: float, seen: Seen, every: float) -> None:
    """New orders, each tenth time as a basket of two accounts."""
    good, body = {"Authorization": f"Bearer {TOKEN}"}, {**ORDER, "price": f"{seen.price}.00"}
    for number in count():
        if time.monotonic() >= until:
            return
        if number % 10 == 9:
            legs = [{"account": f"paper/{name}", **body} for name in ("DEMO", "RICH")]
            headers = good | {"Idempotency-Key": f"basket-{number}-{os.getpid()}"}
            answer = await client.post("/api/v1/baskets", json={"mode": "AT_ONCE", "legs": legs}, headers=headers)
            seen.statuses[f"basket {answer.status_code}"] += 1
            seen.in_baskets += [leg["order"]["order_id"] for leg in answer.json()["legs"] if leg["outcome"] == "PLACED"]
        else:
            headers = good | {"Idempotency-Key": _key(len(seen.placed))}
            answer = await client.post(f"{ACCOUNT}/orders", json=body, headers=headers)
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
    failures = {status: count for status, count in seen.statuses.items() if status[-3] == "5"}
    return {
        "requests": seen.statuses.total(),
        "orders": len(seen.placed) + len(seen.in_baskets),
        "memory_mb": [round(value, 1) for value in memory],
        "descriptors": files,
        "audit_lines": sum(report.lines for report in reports),
        "statuses": dict(sorted(seen.statuses.items())),
        "holds": {
            "memory is flat within 5 %": memory[1] <= memory[0] * _GROWTH,
            "descriptors don't grow": files[1] <= files[0] + _MORE_DESCRIPTORS,
            "the chain holds": all(report.fault is None for report in reports),
            "every new order was taken": not any(status in ("place 422", "basket 207") for status in seen.statuses),
            "no order is missing from the trail": {*seen.placed, *seen.in_baskets} <= told,
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
        "ORDO_BROKERS__PAPER__ACCOUNTS": "DEMO,RICH",
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
