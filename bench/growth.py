"""What grows must not slow an order down: accounts, the book, unknown orders, kept keys, instruments, the trail."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import house
from bench.house import House
from bench.load import driven
from bench.processes import Server, other_cores
from bench.rows import Effort, Row, Target, measured

EMPTY, FULL = "place, an empty store", "place, 100,000 keys and 10,000 unknown"
AFTER = "place, after 100,000 orders"
MASTER = "place, a master of 200,000"
_KEPT, _UNKNOWN, _LINES = 100_000, 10_000, 1_000_000


def growth(effort: Effort) -> list[Row]:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with house.broker(folder) as double, other_cores():
            rows += _stores(folder, double, effort)
            rows += _accounts(folder, double, effort)
            rows += _books(folder, double, effort)
            rows += _masters(folder, double, effort)
    return rows


def endurance(effort: Effort) -> list[Row]:
    """The same gateway before its first order and after 100,000."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with house.broker(folder) as double, house.ordo(folder, double, name="long") as gateway, other_cores():
            before = _row(EMPTY, gateway, effort, section="endurance")
            _say("100,000 orders")
            driven(gateway.server.port, gateway.place, connections=32, requests=_KEPT)
            return [*before, *_row(AFTER, gateway, effort, section="endurance")]


def _stores(folder: Path, double: Server, effort: Effort) -> list[Row]:
    """Both gateways in turn. The full store is a copy of one order, with other names."""
    with house.ordo(folder, double, name="full") as first:
        first.placed(1)
    _fill(folder / "full" / "ordo.db")
    with (
        house.ordo(folder, double, name="empty") as empty,
        house.ordo(folder, double, name="full", log_in=False) as full,
    ):
        return _rows([(EMPTY, empty), (FULL, full)], effort)


def _accounts(folder: Path, double: Server, effort: Effort) -> list[Row]:
    rows: list[Row] = []
    for number in (1, 100, 1_000):
        accounts = [f"XE{one:05d}" for one in range(1, number + 1)]
        with house.ordo(folder, double, name=f"accounts-{number}", accounts=accounts) as gateway:
            rows += _row(f"place, {number} accounts", gateway, effort)
    return rows


def _books(folder: Path, double: Server, effort: Effort) -> list[Row]:
    """A bound on open orders makes every order read the book."""
    bound = {"ORDO_LIMITS__MAX_OPEN_ORDERS": "1000000"}
    rows: list[Row] = []
    for number in (10, 1_000, 10_000):
        house.called(double.port, "PUT", f"/bench/book/{number}")
        with house.ordo(folder, double, name=f"book-{number}", settings=bound) as gateway:
            rows += _row(f"place, {number} open orders, all read", gateway, effort)
    house.called(double.port, "PUT", "/bench/book/0")
    return rows


def _masters(folder: Path, double: Server, effort: Effort) -> list[Row]:
    """The second start finds the master loaded. The trail of the first is made long before it."""
    with house.ordo(folder, double, name="master", instruments=200_000):
        pass
    _lengthen(folder / "master" / "audit" / "audit.jsonl")
    with house.ordo(folder, double, name="master", instruments=200_000, log_in=False) as gateway:
        return _row(MASTER, gateway, effort)


def _row(name: str, gateway: House, effort: Effort, *, section: str = "growth") -> list[Row]:
    return _rows([(name, gateway)], effort, section=section)


def _rows(gateways: list[tuple[str, House]], effort: Effort, *, section: str = "growth") -> list[Row]:
    _say(", ".join(name for name, _ in gateways))
    targets = [Target(name=name, server=gateway.server, request=gateway.place) for name, gateway in gateways]
    return measured(section, targets, 8, effort)


def _fill(path: Path) -> None:
    with _opened(path) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(idempotency_record)")]
        taken = dict(
            zip(columns, database.execute("SELECT * FROM idempotency_record").fetchone(), strict=True),
        )
        made = (_copy(taken, number, unknown=number < _UNKNOWN) for number in range(_KEPT + _UNKNOWN))
        holes = ", ".join("?" * len(columns))
        database.executemany(f"INSERT INTO idempotency_record VALUES ({holes})", map(tuple, made))  # noqa: S608


def _copy(taken: dict[str, object], number: int, *, unknown: bool) -> list[object]:
    order_id = str(373_100_000_000_000 + number)
    told = json.loads(str(taken["order_json"])) | {"order_id": order_id}
    if unknown:
        told |= {"status": "UNKNOWN", "broker_order_id": None, "matched_by": None}
    text = json.dumps(told)
    row = taken | {
        "key": f"{taken['key']}-{number}", "order_id": order_id, "likeness": f"{number:064x}", "order_json": text,
        "response_snapshot_json": None if unknown else text, "state": "UNKNOWN" if unknown else "DONE",
    }  # fmt: skip
    return list(row.values())


def _lengthen(path: Path) -> None:
    """A trail as long as a busy year's, whose last line is the true one."""
    line = path.read_bytes()
    filler = path.with_suffix(".filler")
    with filler.open("wb") as file:
        file.truncate(_LINES)
    with filler.open("ab") as file:
        file.write(b"\n" + line)
    shutil.move(filler, path)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(path)
    try:
        with database:
            yield database
    finally:
        database.close()


def _say(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr)
