from __future__ import annotations

import json
import multiprocessing
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ordo.adapters.telemetry.archive import verify
from ordo.adapters.telemetry.audit import FileAuditLog
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditEvent, AuditKind
from ordo.domain.errors import ErrorCode, Unavailable

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def event(**facts: str) -> AuditEvent:
    return AuditEvent(
        kind=AuditKind.ORDER_PLACED,
        at=AT,
        actor="owner",
        correlation_id="c-1",
        account=Account.parse("paper/DEMO"),
        order_id="373000000000001",
        facts=facts,
    )


def opened(path: Path) -> FileAuditLog:
    log = FileAuditLog(path)
    log.open()
    return log


def test_an_event_is_one_json_line_in_indian_time(tmp_path: Path) -> None:
    log = opened(tmp_path / "audit")
    log.append(event(instrument="NSE:SBIN"))
    log.close()
    line = json.loads(log.path.read_text())
    assert line.pop("seq") == 1
    assert line.pop("prev") == "0" * 64
    assert len(line.pop("hash")) == 64
    assert line == {
        "event": "order.placed",
        "at": "2026-11-23T09:30:00+05:30",
        "actor": "owner",
        "correlation_id": "c-1",
        "account": "paper/DEMO",
        "order_id": "373000000000001",
        "facts": {"instrument": "NSE:SBIN"},
    }


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    log = opened(tmp_path / "audit")
    assert log.path.stat().st_mode & 0o777 == 0o600
    assert log.path.parent.stat().st_mode & 0o777 == 0o700
    log.close()


def test_reopening_appends(tmp_path: Path) -> None:
    for number in range(3):
        log = opened(tmp_path)
        log.append(event(number=str(number)))
        log.close()
    lines = (tmp_path / "audit.jsonl").read_text().splitlines()
    assert [json.loads(line)["facts"]["number"] for line in lines] == ["0", "1", "2"]


def test_secrets_are_redacted(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append(event(password="canary-1", message="login with otp=canary-2 failed"))
    log.close()
    assert "canary" not in log.path.read_text()


def _append_many(path: Path, writer: int) -> None:
    log = opened(path)
    for number in range(200):
        log.append(event(writer=str(writer), number=str(number), filler="x" * 2000))
    log.close()


def test_several_processes_write_a_chain_each(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_append_many, args=(tmp_path, number)) for number in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    reports = verify(tmp_path)
    assert [report.fault for report in reports] == [None] * len(reports)
    assert sum(report.lines for report in reports) == 600
    lines = [json.loads(line) for path in tmp_path.glob("*.jsonl") for line in path.read_text().splitlines()]
    for number in range(3):
        mine = [int(line["facts"]["number"]) for line in lines if line["facts"]["writer"] == str(number)]
        assert mine == list(range(200))


def test_a_closed_trail_refuses(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as failure:
        FileAuditLog(tmp_path).append(event())
    assert failure.value.code is ErrorCode.STORE_UNAVAILABLE


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="can't be written"):
        FileAuditLog(tmp_path / "file").open()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")  # noqa: PTH110
def test_a_full_disk_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").symlink_to("/dev/full")
    log = opened(tmp_path)
    with pytest.raises(Unavailable, match="No space left"):
        log.append(event())
    log.close()
