"""What is watched exists, and what alerts says what to do."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

from ordo.adapters.telemetry import metrics
from ordo.application import measures

ROOT = Path(__file__).parents[2]
OPERATING = (ROOT / "docs/operating.md").read_text("utf-8")
ALERTS = (ROOT / "deploy/monitoring/alerts.yml").read_text("utf-8")
DASHBOARD = (ROOT / "deploy/monitoring/grafana.json").read_text("utf-8")
_NAME = re.compile(r"\bordo_[a-z_]+\b")


def plain(name: str) -> str:
    return re.sub(r"_(total|count|sum|bucket)$", "", name)


def told() -> set[str]:
    source = inspect.getsource(metrics) + inspect.getsource(measures)
    return set(re.findall(r'"(ordo_[a-z_]+)"', source))


def test_every_metric_that_is_watched_exists_and_every_one_is_documented() -> None:
    watched = {plain(name) for name in _NAME.findall(ALERTS + DASHBOARD)}
    assert watched <= told()
    assert {plain(name) for name in _NAME.findall(OPERATING)} == told()


def test_every_alert_says_what_to_do_and_nothing_else_does() -> None:
    alerts = re.findall(r"- alert: (\w+)", ALERTS)
    assert len(alerts) == len(set(alerts)) > 8
    assert sorted(alerts) == sorted(re.findall(r"^### (Ordo\w+)$", OPERATING, re.MULTILINE))
    assert ALERTS.count("summary:") == ALERTS.count("expr:") == len(alerts)


def test_the_dashboard_can_be_read() -> None:
    panels = json.loads(DASHBOARD)["panels"]
    assert all(target["expr"] for panel in panels for target in panel["targets"])
    assert len({panel["id"] for panel in panels}) == len(panels)
