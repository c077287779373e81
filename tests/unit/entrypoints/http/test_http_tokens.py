"""What a token opens, and what it does not: every operation, scope and account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from ordo.domain.tokens import ApiToken, Realm, Scope
from ordo.entrypoints.http import auth
from ordo.entrypoints.http.auth import right_for
from tests.unit.entrypoints.http.gateway_door import BUY, ORDERS, RESTING, TOKEN, Door

NEEDS = {
    "getStatus": "read", "listBrokers": "read", "getKillSwitch": "read", "setKillSwitch": "admin",
    "listSessions": "read", "getSession": "read", "beginLogin": "admin", "answerLogin": "admin", "endSession": "admin",
    "getPortfolio": "read", "getFunds": "read", "listPositions": "read", "listHoldings": "read", "listTrades": "read",
    "listQuotes": "read", "listOrders": "read", "getOrder": "read", "placeOrder": "trade", "previewOrder": "read",
    "modifyOrder": "trade", "cancelOrder": "cancel", "searchInstruments": "read", "getInstrument": "read",
    "syncInstruments": "admin", "placeBasket": "trade", "resolveOrder": "admin", "listPortfolios": "read",
}  # fmt: skip


async def made(door: Door, *scopes: str, accounts: tuple[str, ...] = ("paper/DEMO",), **more: Any) -> str:  # noqa: ANN401
    _, text = await door.container.tokens().make(
        scopes=frozenset(Scope(scope) for scope in scopes), accounts=accounts, **more
    )
    return text.reveal()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def asked(door: Door, token: str, method: str, path: str, **more: Any) -> httpx2.Response:  # noqa: ANN401
    headers = bearer(token) | {"Idempotency-Key": "k"}
    return await door.http.request(method, path, headers=headers, **more)


async def test_every_operation_asks_for_its_scope_and_for_no_other(door: Door) -> None:
    document = (await door.http.get("/schema/openapi.json")).json()
    found = {
        operation["operationId"]: (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation.get("security") != []
    }
    assert {name: right_for(name, method) for name, (method, _) in found.items()} == NEEDS
    for scope in Scope:
        token = await made(door, *(other for other in Scope if other is not scope), accounts=("paper/*", "asks/*"))
        for name, (method, path) in found.items():
            place = path.format(adapter_id="paper", account_id="DEMO", order_id="373000000000001", key="NSE:SBIN")
            answer = await asked(door, token, method, place)
            lacks = right_for(name, method) is scope
            assert (answer.status_code == 403) is lacks, (name, scope, answer.text)
            if lacks:
                assert answer.json()["error_code"] == "PERMISSION_DENIED"


async def test_a_token_trades_and_is_named_in_trail_and_keys(door: Door) -> None:
    token = await made(door, "trade", "read", "cancel")
    placed = await asked(door, token, "POST", ORDERS, json=dict(RESTING))
    assert placed.status_code == 201
    again = await asked(door, token, "POST", ORDERS, json=dict(RESTING))
    assert again.headers["Idempotency-Replayed"] == "true"
    # The key of one token is not the key of another.
    owners = await door.place(RESTING)
    assert owners.json()["order_id"] != placed.json()["order_id"]
    cancelled = await asked(door, token, "DELETE", f"{ORDERS}/{placed.json()['order_id']}")
    assert cancelled.status_code == 200
    actors = {event.actor for event in door.audit.events if event.order_id == placed.json()["order_id"]}
    (token_id,) = (one.token_id for one in await door.container.tokens().all())
    assert actors == {f"token:{token_id}"}


async def test_another_account_is_closed_whether_or_not_it_is_there(door: Door) -> None:
    order = (await door.place(RESTING)).json()["order_id"]
    token = await made(door, *Scope, accounts=("asks/ONE",))
    answers = [
        await asked(door, token, method, f"/api/v1/{group}/{account}{rest}", **more)
        for account in ("paper/DEMO", "paper/NOBODY", "nobroker/X", "asks/TWO")
        for method, group, rest, more in (
            ("GET", "accounts", "/portfolio", {}),
            ("GET", "accounts", "/orders", {}),
            ("GET", "accounts", f"/orders/{order}", {}),
            ("DELETE", "accounts", f"/orders/{order}", {}),
            ("POST", "accounts", "/orders", {"json": dict(BUY)}),
            ("POST", "accounts", "/orders/preview", {"json": dict(BUY)}),
            ("GET", "sessions", "", {}),
            ("POST", "sessions", "/login", {}),
            ("DELETE", "sessions", "", {}),
        )
    ]
    assert {(answer.status_code, answer.json()["error_code"]) for answer in answers} == {(403, "PERMISSION_DENIED")}
    mine = await asked(door, token, "GET", f"/api/v1/accounts/asks/ONE/orders/{order}")
    assert mine.status_code in (401, 404)
    assert order not in str(mine.json()["details"].get("order"))
    assert (await asked(door, token, "GET", "/api/v1/sessions")).json() == []
    status = (await asked(door, token, "GET", "/api/v1/status")).json()
    assert (status["sessions"], status["unknown_orders"]) == ([], [])


@pytest.mark.parametrize(
    "path",
    [
        "//api/v1/accounts/paper/DEMO/orders",
        "/api/v1//accounts/paper//DEMO/orders",
        "/api/v1/accounts/paper%2fDEMO/orders",
        "/api/v1/accounts/paper/%44EMO/orders",
        "/api/v1/accounts/paper/DEMO/orders/",
        "/api/v1/accounts/asks%2fONE/../../paper/DEMO/orders",
    ],
)
async def test_however_an_account_is_spelt_it_is_the_same_account(door: Door, path: str) -> None:
    """Slashes may be doubled or encoded: what a token opens is asked of the account that was read."""
    token = await made(door, *Scope, accounts=("asks/ONE",))
    answer = await door.http.request(
        "GET", httpx2.URL("http://gateway").copy_with(raw_path=path.encode()), headers=bearer(token)
    )
    assert answer.status_code in (403, 404)


async def test_a_live_token_does_not_open_a_paper_account_that_it_names(door: Door) -> None:
    text = await made(door, *Scope)
    (kept,) = await door.container.token_store().all()
    store = door.container.token_store()
    live = ApiToken(
        **{name: getattr(kept, name) for name in ApiToken.__slots__}
        | {"token_id": "e" * 12, "realm": Realm.LIVE, "digest": kept.digest}
    )
    await store.add(live)
    forged = text.replace(kept.token_id, "e" * 12).replace("ordo_paper_", "ordo_live_")
    assert (await asked(door, forged, "GET", ORDERS)).status_code == 401
    assert (await asked(door, text.replace("ordo_paper_", "ordo_live_"), "GET", ORDERS)).status_code == 401
    assert (await asked(door, text, "GET", ORDERS)).status_code == 200


async def test_a_revoked_token_is_out_with_the_next_request(door: Door) -> None:
    token = await made(door, "read")
    assert (await asked(door, token, "GET", ORDERS)).status_code == 200
    await door.container.tokens().revoke(token.split("_")[2])
    answer = await asked(door, token, "GET", ORDERS)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")
    assert "revoked" in answer.json()["message"]


async def test_an_expired_token_is_out(door: Door) -> None:
    token = await made(door, "read", expires_at=door.clock.now() + timedelta(hours=1))
    await door.clock.advance(3600)
    assert (await asked(door, token, "GET", ORDERS)).status_code == 401


async def test_guesses_are_slowed_down_and_told_to_the_auditor(door: Door) -> None:
    answers = [await asked(door, f"guess-{number}", "GET", ORDERS) for number in range(140)]
    assert [answer.status_code for answer in answers] == [401] * 120 + [429] * 20
    assert answers[-1].json()["error_code"] == "TOO_MANY_REQUESTS"
    assert int(answers[-1].headers["Retry-After"]) >= 1
    told = [event for event in door.audit.events if event.kind == "token.refused"]
    assert len(told) == 20
    assert "guess" not in repr(told)
    assert told[0].facts["source"] == "127.0.0.1"
    # A token that nobody has used from there must wait as well.
    token = await made(door, "read")
    assert (await asked(door, token, "GET", ORDERS)).status_code == 429
    await door.clock.advance(2)
    assert (await asked(door, token, "GET", ORDERS)).status_code == 200


async def test_guesses_keep_nobody_out_who_was_in(door: Door) -> None:
    token = await made(door, "read")
    assert (await asked(door, token, "GET", ORDERS)).status_code == 200
    for number in range(121):
        await asked(door, f"guess-{number}", "GET", ORDERS)
    assert (await asked(door, token, "GET", ORDERS)).status_code == 200
    assert (await door.http.get(ORDERS)).status_code == 429


async def test_only_so_many_of_those_who_were_in_are_remembered(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "_MOST_KNOWN", 1)
    first, second = await made(door, "read"), await made(door, "read")
    for token in (first, second, first):
        assert (await asked(door, token, "GET", ORDERS)).status_code == 200


async def test_a_token_has_a_rate_which_cancellations_do_not_count_towards(door: Door) -> None:
    token = await made(door, *Scope)
    answers = [await asked(door, token, "GET", "/api/v1/brokers") for _ in range(101)]
    assert [answer.status_code for answer in answers] == [200] * 100 + [429]
    assert answers[-1].headers["Retry-After"] == "1"
    gone = await asked(door, token, "DELETE", f"{ORDERS}/373000000000001")
    assert gone.json()["error_code"] == "ORDER_NOT_FOUND"
    other = await made(door, "read")
    assert (await asked(door, other, "GET", "/api/v1/brokers")).status_code == 200
    assert (await door.http.get("/api/v1/brokers")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "Bearer")],
        [("Authorization", f"Basic {TOKEN}")],
        [("Authorization", TOKEN)],
        [("Authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer other")],
        [("X-Api-Key", TOKEN)],
        [("Cookie", f"token={TOKEN}")],
        [("Authorization", f"Bearer {TOKEN}\x00")],
        [("Authorization", f"Bearer {TOKEN} extra")],
    ],
)
async def test_a_token_in_another_form_or_place_opens_nothing(door: Door, headers: list[tuple[str, str]]) -> None:
    async with httpx2.AsyncClient(transport=door.http._transport, base_url="http://gateway") as stranger:
        answer = await stranger.get("/api/v1/status", headers=headers)
        assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")
        in_query = await stranger.get(f"/api/v1/status?token={TOKEN}&access_token={TOKEN}")
        assert in_query.status_code == 401
        assert TOKEN not in in_query.text


async def test_a_store_that_does_not_serve_lets_nobody_in_but_the_owner(door: Door) -> None:
    token = await made(door, "read")
    await door.container.database().close()
    assert (await asked(door, token, "GET", "/api/v1/brokers")).status_code == 503
    assert (await door.http.get("/api/v1/brokers")).status_code == 200


def test_an_operation_that_nobody_knows_is_for_administrators() -> None:
    assert right_for("somethingNew", "POST") is Scope.ADMIN
    assert right_for(None, "DELETE") is Scope.ADMIN
    assert right_for("somethingNew", "GET") is Scope.READ


async def test_a_basket_with_a_leg_for_another_account_is_refused_as_a_whole(door: Door) -> None:
    token = await made(door, "trade", accounts=("paper/DEMO",))
    legs = [{"account": account, **BUY} for account in ("paper/DEMO", "asks/ONE")]
    refused = await asked(door, token, "POST", "/api/v1/baskets", json={"mode": "AT_ONCE", "legs": legs})
    assert (refused.status_code, refused.json()["error_code"]) == (403, "PERMISSION_DENIED")
    assert await door.intents() == ()
    mine = await asked(door, token, "POST", "/api/v1/baskets", json={"mode": "AT_ONCE", "legs": legs[:1]})
    assert mine.status_code == 200


async def test_portfolios_that_hold_another_account_are_refused_as_a_whole(door: Door) -> None:
    token = await made(door, "read", accounts=("paper/DEMO",))
    answers = [
        await asked(door, token, "GET", "/api/v1/portfolios", params={"account": accounts})
        for accounts in (["paper/DEMO", "asks/ONE"], ["nobroker/X"], ["paper/DEMO"])
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 200]


async def test_the_switch_of_another_account_is_neither_read_nor_set_nor_listed(door: Door) -> None:
    other = {"state": "HALTED", "reason": "drill", "account": "paper/DEMO"}
    assert (await door.http.put("/api/v1/kill-switch", json=other)).status_code == 200
    token = await made(door, "read", "admin", accounts=("asks/ONE",))
    read = await asked(door, token, "GET", "/api/v1/kill-switch", params={"account": "paper/DEMO"})
    lifted = await asked(door, token, "PUT", "/api/v1/kill-switch", json=other | {"state": "ACTIVE"})
    assert {read.status_code, lifted.status_code} == {403}
    seen = (await asked(door, token, "GET", "/api/v1/status")).json()
    assert seen["account_switches"] == []
    owners = (await door.http.get("/api/v1/status")).json()
    assert [switch["state"] for switch in owners["account_switches"]] == ["HALTED"]


async def test_what_concerns_the_whole_gateway_is_closed_to_a_token_for_some_accounts(door: Door) -> None:
    halt = {"state": "HALTED", "reason": "drill"}
    for accounts in (("paper/DEMO",), ("paper/*",), ("paper/*", "asks/ONE")):
        token = await made(door, *Scope, accounts=accounts)
        for method, path, more in (
            ("PUT", "/api/v1/kill-switch", {"json": halt}),
            ("PUT", "/api/v1/kill-switch", {"json": halt | {"account": None}}),
            ("POST", "/api/v1/instruments/sync", {}),
        ):
            refused = await asked(door, token, method, path, **more)
            assert (refused.status_code, refused.json()["error_code"]) == (403, "PERMISSION_DENIED"), accounts
    assert (await door.http.get("/api/v1/kill-switch")).json()["state"] == "ACTIVE"
    # Its own account it may stop, and whoever is let in for every account the gateway.
    own = halt | {"account": "paper/DEMO"}
    token = await made(door, "admin", accounts=("paper/DEMO",))
    assert (await asked(door, token, "PUT", "/api/v1/kill-switch", json=own)).status_code == 200
    token = await made(door, "admin", accounts=("paper/*", "asks/*"))
    assert (await asked(door, token, "PUT", "/api/v1/kill-switch", json=halt)).status_code == 200
