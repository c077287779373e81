"""A database that can't be written, over HTTP: a clear 503, and nothing sent."""

from __future__ import annotations

from tests.unit.entrypoints.http.gateway_door import Door


async def _query_only(door: Door) -> None:
    database = door.container.database()
    await database.write(lambda connection: connection.exec_driver_sql("PRAGMA query_only = 1"))


async def test_a_read_only_database_is_a_503_and_no_order(door: Door) -> None:
    assert (await door.place(key="before")).status_code == 201
    door.broker.reached.clear()
    await _query_only(door)
    answer = await door.place(key="during")
    told = answer.json()
    assert (answer.status_code, told["error_code"]) == (503, "STORE_UNAVAILABLE")
    assert told["details"]["outcome"] == "not_sent"
    assert "wrote nothing" in told["message"]
    assert not door.broker.reached.is_set()
