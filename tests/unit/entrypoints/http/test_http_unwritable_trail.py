"""A trail that can't be written: what brings new risk stops, what makes it smaller passes, and everybody is told."""

from __future__ import annotations

from typing import NoReturn

import pytest

from ordo.domain.audit import AuditEvent
from tests.support.stores import outage
from tests.unit.entrypoints.http.gateway_door import BUY, ORDERS, RESTING, Door


async def test_new_risk_stops_and_cancellations_and_the_switch_pass(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    resting = (await door.place(RESTING)).json()["order_id"]

    def full(_: AuditEvent | None = None) -> NoReturn:
        raise outage()

    with monkeypatch.context() as broken:
        broken.setattr(door.audit, "append", full)
        broken.setattr(door.audit, "check", full)
        placed = await door.place(BUY, key="new")
        assert (placed.status_code, placed.json()["error_code"]) == (503, "STORE_UNAVAILABLE")
        assert placed.json()["details"]["outcome"] == "not_sent"
        modified = await door.http.patch(
            f"{ORDERS}/{resting}", json={"price": "701.00"}, headers={"Idempotency-Key": "m"}
        )
        assert modified.status_code == 503
        cancelled = await door.http.delete(f"{ORDERS}/{resting}", headers={"Idempotency-Key": "c"})
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "CANCELLED")
        halted = await door.http.put("/api/v1/kill-switch", json={"state": "HALTED", "reason": "disk"})
        assert halted.status_code == 200
        ready = await door.http.get("/ready")
        assert (ready.status_code, ready.json()["details"]["fields"][0]["field"]) == (503, "audit")
        metrics = (await door.http.get("/metrics")).text
        assert 'ordo_store_up{store="audit"} 0.0' in metrics
        assert "ordo_audit_unwritten_events 0.0" not in metrics
    active = await door.http.put("/api/v1/kill-switch", json={"state": "ACTIVE", "reason": "mended"})
    assert active.status_code == 200
    assert (await door.http.get("/ready")).status_code == 200
    assert (await door.place(BUY, key="new")).status_code == 201
    (resumed,) = [event for event in door.audit.events if event.kind == "audit.resumed"]
    assert int(resumed.facts["unwritten"]) >= 3
