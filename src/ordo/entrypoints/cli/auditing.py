"""`ordo audit`: whether the trail is as it was written, and what it says."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic_core import to_json
from rich.console import Group, RenderableType
from rich.text import Text

from ordo.container.trails import ChainReport, said, verify
from ordo.entrypoints.cli import pages
from ordo.entrypoints.cli.outcome import ExitCode, InputError, end
from ordo.schemas.config.settings import load_settings

_SHOWN = ("at", "event", "account", "order_id", "actor", "correlation_id", "facts")


def check(path: Path | None, *, as_json: bool) -> ExitCode:
    """Go along every chain; `BROKEN_PROMISE` where one is not as it was written."""
    try:
        reports = _reports(path)
    except Exception as error:  # noqa: BLE001  (what is none of Ordo's own is raised again)
        return end(error, as_json=as_json)
    holds = all(report.fault is None for report in reports)
    if as_json:
        _write({"ok": holds, "chains": [_document(report) for report in reports]})
    else:
        pages.show(Group(*(_line(report) for report in reports)))
    return ExitCode.OK if holds else ExitCode.BROKEN_PROMISE


def show(order_id: str | None, correlation_id: str | None, *, as_json: bool) -> ExitCode:
    """Print every line about an order, a request, or both, by time."""
    try:
        lines = _said(order_id, correlation_id)
    except Exception as error:  # noqa: BLE001  (likewise)
        return end(error, as_json=as_json)
    if as_json:
        _write(lines)
    else:
        pages.show(pages.trail(_SHOWN, lines))
    return ExitCode.OK


def _reports(path: Path | None) -> tuple[ChainReport, ...]:
    place = load_settings().audit.dir if path is None else path
    try:
        reports = verify(place)
    except OSError as error:
        raise InputError(f"There is no audit trail that can be read in {place}: {error.strerror}.") from None
    if not reports:
        raise InputError(f"There is no audit trail in {place}. If a gateway wrote one there, it was removed.")
    return reports


def _said(order_id: str | None, correlation_id: str | None) -> list[dict[str, object]]:
    if order_id is None and correlation_id is None:
        raise InputError("Say what to show: --order ID, --correlation ID, or both.")
    place = load_settings().audit.dir
    try:
        return said(place, order_id=order_id, correlation_id=correlation_id)
    except OSError as error:
        raise InputError(f"There is no audit trail that can be read in {place}: {error.strerror}.") from None


def _document(report: ChainReport) -> dict[str, object]:
    fault = report.fault
    return {
        "chain": report.name,
        "ok": fault is None,
        "lines": report.lines,
        "last": {"seq": report.last.seq, "hash": report.last.digest},
        "anchored": report.anchored,
        "broken": None if fault is None else {"file": str(fault.path), "line": fault.line, "why": fault.why},
    }


def _line(report: ChainReport) -> RenderableType:
    fault = report.fault
    if fault is not None:
        where = f"{report.name}: {fault.path}, line {fault.line}: {fault.why}"
        return Text.assemble(("BROKEN  ", "bold red"), where)
    until = "" if report.anchored else "; its head is not there, so a cut end would not show"
    text = f"{report.name}: {report.lines} lines, each after the other, up to {report.last.seq}"
    return Text.assemble(("ok      ", "green"), f"{text} ({report.last.digest}){until}")


def _write(document: object) -> None:
    sys.stdout.write(to_json(document).decode() + "\n")
