from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from ordo.adapters.memory.meter import MemoryMeter
from ordo.adapters.telemetry.metered import MeteredBroker
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.tokens import Scope
from tests.unit.entrypoints.http.gateway_door import BUY, ORDERS, RESTING, Door, open_door

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def samples(door: Door, **headers: str) -> Samples:
    answer = await door.http.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def labelled(**labels: str) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


async def test_requests_orders_and_the_state_of_things_are_told(door: Door) -> None:
    await door.place()
    await door.place()
    await door.http.get("/nonsense")
    door.broker.loses_replies = door.broker.hides_book = True
    assert (await door.place(RESTING, key="lost")).status_code == 202
    await door.clock.advance(90)
    found = await samples(door)
    for name, labels, value in (
        ("ordo_request_seconds_count", {"operation": "placeOrder", "status": "201"}, 2),
        ("ordo_request_seconds_count", {"operation": "placeOrder", "status": "202"}, 1),
        ("ordo_request_seconds_count", {"operation": "none", "status": "404"}, 1),
        ("ordo_orders_total", {"adapter": "paper", "outcome": "placed"}, 1),
        ("ordo_orders_total", {"adapter": "paper", "outcome": "replayed"}, 1),
        ("ordo_orders_total", {"adapter": "paper", "outcome": "unknown"}, 1),
        ("ordo_unknown_orders", {"adapter": "paper"}, 1),
        ("ordo_unknown_order_age_seconds", {"adapter": "paper"}, 90),
        ("ordo_store_up", {"store": "database"}, 1),
        ("ordo_store_up", {"store": "audit"}, 1),
        ("ordo_kill_switch", {"state": "ACTIVE"}, 1),
        ("ordo_kill_switch", {"state": "HALTED"}, 0),
        ("ordo_audit_unwritten_events", {}, 0),
    ):
        assert found[name, labelled(**labels)] == value, name
    assert found["ordo_session_seconds_left", labelled(account="paper/DEMO")] > 0
    assert found["ordo_audit_write_seconds_count", frozenset()] >= 6


async def test_circuits_and_budgets_are_told_and_budgets_only_of_the_tokens_own_accounts(tmp_path: Path) -> None:
    async with open_door(tmp_path, limits={"orders_per_minute": 50}) as door:
        await door.place()
        door.broker.refusal = Unavailable(ErrorCode.BROKER_UNAVAILABLE, "502")
        door.broker.hides_book = True
        for number in range(9):
            await door.place(RESTING, key=f"k{number}")
        found = await samples(door)
        assert found["ordo_circuit_open", labelled(adapter="paper", kind="ORDER")] == 1
        assert found["ordo_orders_last_minute", labelled(account="paper/DEMO")] > 1
        assert found["ordo_budget_stopped", labelled(account="paper/DEMO")] == 0
        tokens = door.container.tokens()
        _, text = await tokens.make(scopes=frozenset({Scope.READ}), accounts=("asks/ONE",))
        others = await samples(door, Authorization=f"Bearer {text.reveal()}")
        assert not [name for name, _ in others if name in ("ordo_orders_last_minute", "ordo_budget_stopped")]
        seen = await door.http.get("/api/v1/status", headers={"Authorization": f"Bearer {text.reveal()}"})
        assert seen.json()["budgets"] == []
        owners = (await door.http.get("/api/v1/status")).json()["budgets"]
        assert [budget["account"] for budget in owners] == ["paper/DEMO"]


async def test_they_need_a_token_and_tell_it_only_of_its_own_accounts(door: Door) -> None:
    await door.place()
    assert (await door.http.get("/metrics", headers={"Authorization": "Bearer wrong"})).status_code == 401
    tokens = door.container.tokens()
    _, text = await tokens.make(scopes=frozenset({Scope.READ}), accounts=("asks/ONE",))
    door.broker.loses_replies = door.broker.hides_book = True
    assert (await door.place(RESTING, key="lost")).status_code == 202
    found = await samples(door, Authorization=f"Bearer {text.reveal()}")
    hidden = ("ordo_session_seconds_left", "ordo_unknown_orders", "ordo_unknown_order_age_seconds")
    assert not [name for name, _ in found if name in hidden]
    _, text = await tokens.make(scopes=frozenset({Scope.TRADE}), accounts=("asks/ONE",))
    refused = await door.http.get("/metrics", headers={"Authorization": f"Bearer {text.reveal()}"})
    assert refused.status_code == 403


async def test_no_label_is_made_of_what_a_stranger_sends(door: Door) -> None:
    for number in range(5):
        await door.http.get(f"/nonsense-{number}")
        await door.http.request(f"BREW{number}", "/health")
        await door.http.get(f"{ORDERS}/{number}")
    found = await samples(door)
    operations = {dict(labels)["operation"] for name, labels in found if name == "ordo_request_seconds_count"}
    assert operations <= {"none", "getOrder", "getHealth", "getMetrics"}


async def test_calls_to_brokers_are_timed_by_kind_and_result(door: Door) -> None:
    meter = MemoryMeter()
    broker = MeteredBroker("paper", door.broker, meter)
    await door.place(BUY)
    session = await door.container.session_store().get(next(iter(await door.container.session_store().all())).account)
    assert session is not None
    assert broker.capabilities == door.broker.capabilities
    for read in (broker.orders, broker.trades, broker.funds, broker.positions, broker.holdings):
        await read(session)
    assert meter.calls == {("paper", call, "ok"): 1 for call in ("orders", "trades", "funds", "positions", "holdings")}


async def test_the_configured_brokers_are_timed(door: Door) -> None:
    door.container.brokers.reset_override()
    assert [type(line.broker) for line in door.container.brokers().lines] == [MeteredBroker]
