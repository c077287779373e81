"""Orders and reads through Ordo, beside the broker itself and beside a pass-through that promises nothing."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench import disk, house
from bench.load import driven
from bench.processes import other_cores
from bench.rows import Effort, Row, Target, measured

ORDO, MEMORY, BARE, DIRECT = "place (Ordo, SQLite)", "place (Ordo, memory)", "pass-through, no promises", "broker alone"
MADE = "place (Ordo, SQLite, made token)"
SLOW = "place, broker answers after 50 ms"
REPLAY, CANCEL, PORTFOLIO, QUOTES, ONE = "replay of a known key", "cancel", "portfolio", "quotes", "one order"
READS = (PORTFOLIO, QUOTES, ONE)
_ORDERS = 200
CONNECTIONS = (1, 8, 32)


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
            print("measuring: the disk", file=sys.stderr)
            rows.append(disk.syncs(folder, "place", effort))
            for connections in CONNECTIONS:
                print(f"measuring: place, {connections} connections", file=sys.stderr)
                rows += measured("place", targets, connections, effort)
            house.called(double.port, "PUT", "/bench/delay/50")
            print("measuring: place at a slow broker", file=sys.stderr)
            slow = [Target(name=SLOW, server=durable.server, request=durable.place)]
            rows += measured("place", slow, 32, effort)
    return rows


def calls(effort: Effort) -> list[Row]:
    """Everything else that is asked for often, at a gateway that has placed 200 orders, which the broker's book shows.
    Placing beside it has a gateway of its own, so that the other's day stays as long as it is.
    """
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            house.broker(folder) as double,
            house.ordo(folder, double) as asked,
            house.ordo(folder, double, name="placing") as placing,
            other_cores(),
        ):
            orders = asked.placed(_ORDERS)
            house.called(double.port, "PUT", f"/bench/book/{_ORDERS}")
            # A key whose first answer is not there yet is no known one.
            driven(asked.server.port, asked.replayed, connections=1, requests=1)
            made = house.House(server=placing.server, token=house.made_token(folder / "placing"))
            targets = [
                Target(name=REPLAY, server=asked.server, request=asked.replayed),
                Target(name=CANCEL, server=asked.server, request=asked.cancel(orders)),
                Target(name=PORTFOLIO, server=asked.server, request=asked.get("/portfolio")),
                Target(name=QUOTES, server=asked.server, request=asked.get("/quotes?instrument=NSE:SBIN")),
                Target(name=ONE, server=asked.server, request=asked.get(f"/orders/{orders[0]}")),
                Target(name=ORDO, server=placing.server, request=placing.place),
                Target(name=MADE, server=placing.server, request=made.place),
            ]
            for connections in CONNECTIONS:
                print(f"measuring: calls, {connections} connections", file=sys.stderr)
                rows += measured("calls", targets, connections, effort)
    return rows
