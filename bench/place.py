"""Orders and reads through Ordo, beside the broker itself and beside a pass-through that promises nothing."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench import house
from bench.processes import other_cores
from bench.rows import Effort, Row, Target, measured

ORDO, MEMORY, BARE, DIRECT = "place (Ordo, SQLite)", "place (Ordo, memory)", "pass-through, no promises", "broker alone"
MADE = "place (Ordo, SQLite, made token)"
SLOW = "place, broker answers after 50 ms"
REPLAY, CANCEL, PORTFOLIO, QUOTES, ONE = "replay of a known key", "cancel", "portfolio", "quotes", "one order"
READS = (PORTFOLIO, QUOTES, ONE)
_CONNECTIONS = (1, 8, 32)


def place(effort: Effort) -> list[Row]:
    """Placing, at every number of connections."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            house.broker(folder) as double,
            house.passthrough(folder, double) as bare,
            house.ordo(folder, double) as durable,
            house.ordo(folder, double, name="memory", memory=True) as memory,
            other_cores(),
        ):
            targets = [
                Target(name=DIRECT, server=double, request=house.direct),
                Target(name=BARE, server=bare, request=house.bare),
                Target(name=MEMORY, server=memory.server, request=memory.place),
                Target(name=ORDO, server=durable.server, request=durable.place),
            ]
            idle = durable.server.resident_mb()
            for connections in _CONNECTIONS:
                print(f"measuring: place, {connections} connections", file=sys.stderr)
                rows += measured("place", targets, connections, effort)
            house.called(double.port, "PUT", "/bench/delay/50")
            print("measuring: place at a slow broker", file=sys.stderr)
            slow = [Target(name=SLOW, server=durable.server, request=durable.place)]
            rows += measured("place", slow, 32, effort)
            print(f"resident before the first order: {idle:.1f} MB", file=sys.stderr)
    return rows


def calls(effort: Effort) -> list[Row]:
    """Everything else that is asked for often."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with house.broker(folder) as double, house.ordo(folder, double) as durable, other_cores():
            orders = durable.placed(200)
            made = house.House(server=durable.server, token=house.made_token(folder / "ordo"))
            server = durable.server
            targets = [
                Target(name=REPLAY, server=server, request=durable.replayed),
                Target(name=CANCEL, server=server, request=durable.cancel(orders)),
                Target(name=PORTFOLIO, server=server, request=durable.get("/portfolio")),
                Target(name=QUOTES, server=server, request=durable.get("/quotes?instrument=NSE:SBIN")),
                Target(name=ONE, server=server, request=durable.get(f"/orders/{orders[0]}")),
                Target(name=ORDO, server=server, request=durable.place),
                Target(name=MADE, server=server, request=made.place),
            ]
            for connections in _CONNECTIONS:
                print(f"measuring: calls, {connections} connections", file=sys.stderr)
                rows += measured("calls", targets, connections, effort)
    return rows
