"""The guard rails through the HTTP door."""

from __future__ import annotations

from ordo.domain.errors import ErrorCode, Unavailable
from tests.unit.entrypoints.http.gateway_door import BUY, ORDERS, RESTING, Door

SWITCH = "/api/v1/kill-switch"


async def test_reduce_only_lets_through_what_only_closes_a_position(door: Door) -> None:
    bought = await door.place({**BUY, "product": "MIS"}, key="bought")
    assert bought.json()["status"] == "FILLED"
    assert (await door.http.put(SWITCH, json={"state": "REDUCE_ONLY", "reason": "r"})).status_code == 200
    sale = {**BUY, "side": "SELL", "product": "MIS", "price": "779.95"}
    for wrong in ({**BUY, "product": "MIS"}, {**sale, "quantity": 11}, {**sale, "product": "CNC"}):
        refused = await door.place(wrong, key="wrong")
        assert (refused.status_code, refused.json()["error_code"]) == (403, "KILL_SWITCH_ACTIVE")
        assert refused.json()["details"]["outcome"] == "not_sent"
    sold = await door.place(sale, key="sold")
    assert (sold.status_code, sold.json()["status"]) == (201, "FILLED")


async def test_the_switch_of_one_account(door: Door) -> None:
    body = {"state": "HALTED", "reason": "r", "account": "paper/DEMO"}
    assert (await door.http.put(SWITCH, json=body)).json()["account"] == "paper/DEMO"
    assert (await door.http.get(SWITCH)).json()["state"] == "ACTIVE"
    for account, state in (("paper/DEMO", "HALTED"), ("paper/OTHER", "ACTIVE")):
        assert (await door.http.get(SWITCH, params={"account": account})).json()["state"] == state
    assert (await door.http.get(SWITCH, params={"account": "nobody/X"})).status_code == 404
    assert (await door.place()).status_code == 403
    status = (await door.http.get("/api/v1/status")).json()
    assert [one["account"] for one in status["account_switches"]] == ["paper/DEMO"]


async def test_a_protective_exit_is_cancelled_by_force_only_while_trading_is_halted(door: Door) -> None:
    await door.place({**BUY, "product": "MIS"}, key="bought")
    stop = {key: value for key, value in BUY.items() if key != "price"}
    stop |= {"side": "SELL", "product": "MIS", "order_type": "SL-M", "trigger_price": "700.00"}
    order = f"{ORDERS}/{(await door.place(stop, key='stop')).json()['order_id']}"
    await door.http.put(SWITCH, json={"state": "HALTED", "reason": "r"})
    refused = await door.http.delete(order, headers={"Idempotency-Key": "c1"})
    assert (refused.status_code, refused.json()["error_code"]) == (403, "KILL_SWITCH_ACTIVE")
    wrong = await door.http.delete(order, headers={"Idempotency-Key": "c1"}, params={"force": "yes"})
    assert (wrong.status_code, wrong.json()["details"]["fields"][0]["field"]) == (400, "force")
    forced = await door.http.delete(order, headers={"Idempotency-Key": "c1"}, params={"force": "true"})
    assert (forced.status_code, forced.json()["status"]) == (200, "CANCELLED")


async def test_several_portfolios_each_tell_their_own(door: Door) -> None:
    one, other = "paper/DEMO", "asks/NOBODY"
    good = await door.http.get("/api/v1/portfolios", params={"account": [one]})
    assert good.status_code == 200
    assert [leg["account"] for leg in good.json()] == [one]
    some = await door.http.get("/api/v1/portfolios", params={"account": [other, one]})
    assert some.status_code == 207
    failed, served = some.json()
    assert (failed["account"], failed["portfolio"], failed["error"]["error_code"]) == (other, None, "INVALID_SESSION")
    assert failed["error"]["correlation_id"] == some.headers["X-Correlation-ID"]
    assert (served["account"], served["error"]) == (one, None)
    assert served["portfolio"]["cash_balance"] == "1000000.00"


async def test_which_portfolios_must_be_said_once_each(door: Door) -> None:
    for query in ("", "?account=paper/DEMO&account=paper/DEMO", "?accounts=paper/DEMO"):
        refused = await door.http.get(f"/api/v1/portfolios{query}")
        assert (refused.status_code, refused.json()["error_code"]) == (400, "VALIDATION_ERROR"), query
    assert (await door.http.get("/api/v1/portfolios?account=DEMO")).status_code == 404


async def test_a_portfolio_tells_its_age(door: Door) -> None:
    answer = await door.http.get("/api/v1/accounts/paper/DEMO/portfolio")
    assert answer.headers["Age"] == "0"


async def test_circuits_and_budgets_are_in_the_status(door: Door) -> None:
    door.broker.refusal = Unavailable(ErrorCode.BROKER_UNAVAILABLE, "502")
    door.broker.hides_book = True
    for number in range(9):
        await door.place(RESTING, key=f"k{number}")
    status = (await door.http.get("/api/v1/status")).json()
    circuits = {one["kind"]: one for one in status["circuits"]}
    assert circuits["ORDER"]["state"] == "OPEN"
    assert circuits["ORDER"]["adapter_id"] == "paper"
    refused = await door.place(RESTING, key="later")
    assert (refused.status_code, refused.json()["error_code"]) == (503, "CIRCUIT_OPEN")
    assert refused.json()["details"]["outcome"] == "not_sent"
    assert int(refused.headers["Retry-After"]) >= 1
    assert status["budgets"] == []
