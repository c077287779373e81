"""Makes a gateway's past: kept keys, unknown orders and a long trail, from what the gateway itself has written."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from ordo.adapters.telemetry.audit import FileAuditLog
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditEvent, AuditKind

_DAY_US = 86_400_000_000


def fill(folder: Path, *, kept: int = 0, today: int = 0, unknown: int = 0) -> None:
    """Give the store of a gateway that has placed one order so many copies of it, with other names: orders of the five
    days before, orders of the day, and unknown orders of the day.
    """
    with _opened(folder) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(idempotency_record)")]
        taken = dict(zip(columns, database.execute("SELECT * FROM idempotency_record").fetchone(), strict=True))
        made = (
            _copy(taken, number, unknown=number < unknown, days=number % 5 + 1 if number >= unknown + today else 0)
            for number in range(unknown + today + kept)
        )
        holes = ", ".join("?" * len(columns))
        database.executemany(f"INSERT INTO idempotency_record VALUES ({holes})", map(tuple, made))  # noqa: S608


def unknown_in(folder: Path) -> int:
    """How many orders of the store are unknown."""
    with _opened(folder) as database:
        return int(database.execute("SELECT count(*) FROM idempotency_record WHERE state = 'UNKNOWN'").fetchone()[0])


def lengthen(folder: Path, megabytes: int) -> None:
    """Go on with the trail in the folder until its files hold so much. Its own writer repeats, for ever new orders, the
    lines that stand there of one.
    """
    files = folder.glob("audit*.jsonl")
    lines = [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    orders = [line for line in lines if line["event"].startswith("order.")]
    trail = FileAuditLog(folder)
    trail.open()
    try:
        for number in count():
            if sum(path.stat().st_size for path in folder.glob("audit*.jsonl")) >= megabytes << 20:
                return
            for _ in range(100):
                for line in orders:
                    trail.append(_again(line, number))
    finally:
        trail.close()


def _again(line: dict[str, object], number: int) -> AuditEvent:
    facts = line["facts"]
    return AuditEvent(
        kind=AuditKind(str(line["event"])),
        at=datetime.now(UTC),
        actor=str(line["actor"]),
        correlation_id=f"{number:032x}",
        account=Account.parse(str(line["account"])),
        order_id=str(373_100_000_000_000 + number),
        facts=facts if isinstance(facts, dict) else {},
    )


def _copy(taken: dict[str, Any], number: int, *, unknown: bool, days: int) -> list[object]:
    order_id = str(373_100_000_000_000 + number)
    told = json.loads(str(taken["order_json"])) | {"order_id": order_id}
    if unknown:
        told |= {"status": "UNKNOWN", "broker_order_id": None, "matched_by": None}
    text = json.dumps(told)
    row = taken | {
        "key": f"{taken['key']}-{number}", "order_id": order_id, "likeness": f"{number:064x}", "order_json": text,
        "response_snapshot_json": None if unknown else text, "state": "UNKNOWN" if unknown else "DONE",
        "created_at": taken["created_at"] - days * _DAY_US, "expires_at": taken["expires_at"] - days * _DAY_US,
    }  # fmt: skip
    return list(row.values())


@contextmanager
def _opened(folder: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(folder / "ordo.db")
    try:
        with database:
            yield database
    finally:
        database.close()
