"""A broker that obeys the market's hours, and one that trades at any hour and says so."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.unit.entrypoints.http.gateway_door import ORDERS, RESTING, Door, open_door


async def _brokers(door: Door) -> dict[str, bool]:
    brokers = (await door.http.get("/api/v1/brokers")).json()
    return {one["adapter_id"]: one["obeys_hours"] for one in brokers}


async def test_a_closed_market_is_told_before_anything_is_written_down(tmp_path: Path) -> None:
    async with open_door(tmp_path, obeys_hours=True) as door:
        assert (await _brokers(door))["paper"] is True
        assert (await door.place(RESTING, key="open")).status_code == 201
        door.clock.step(timedelta(hours=10))
        refused = await door.place(RESTING, key="closed")
        assert (refused.status_code, refused.json()["error_code"]) == (422, "MARKET_CLOSED")
        # Tuesday is Guru Nanak Jayanti.
        assert "Wed 25 Nov 2026 at 09:15 IST" in refused.json()["message"]
        preview = (await door.http.post(f"{ORDERS}/preview", json=dict(RESTING))).json()
        assert preview["would_send"] is False
        assert [one["name"] for one in preview["checks"] if not one["passed"]] == ["market_hours"]
        assert len(await door.intents()) == 1


async def test_paper_trades_at_any_hour_unless_it_is_told_otherwise(door: Door) -> None:
    assert (await _brokers(door))["paper"] is False
    door.clock.step(timedelta(hours=10))
    assert (await door.place(RESTING)).status_code == 201
