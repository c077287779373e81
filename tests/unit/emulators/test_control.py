import json
from datetime import datetime, timedelta

import httpx2
import pytest

from ordo_emulators.control import Refused, changed
from ordo_emulators.fyers.settings import Rejections, Settings
from tests.unit.emulators.wire import RESTING, Clock, Fyers


async def refused(answer: httpx2.Response) -> str:
    assert answer.status_code == 400
    reason: str = answer.json()["error"]
    return reason


async def test_faults_are_armed_shown_and_cleared(fyers: Fyers) -> None:
    answer = await fyers.control("POST", "/faults", {"operation": "place", "fault": "unknown_code", "times": 3})
    armed = [{"operation": "place", "fault": "unknown_code", "times": 3}]
    assert (answer.status_code, answer.json()) == (200, {"faults": armed})
    assert (await fyers.control("GET", "/faults")).json() == {"faults": armed}
    assert (await fyers.control("DELETE", "/faults")).json() == {"faults": []}
    assert (await fyers.place())["code"] == 1101


async def test_a_fault_strikes_once_unless_told_otherwise(fyers: Fyers) -> None:
    await fyers.control("POST", "/faults", {"operation": "funds", "fault": "unknown_code"})
    codes = [(await fyers.api("GET", "/funds")).json()["code"] for _ in range(2)]
    assert codes == [-7077, 200]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"operation": "buy", "fault": "unknown_code"}, "unknown operation 'buy'"),
        ({"operation": "place", "fault": "meteor"}, "unknown fault 'meteor'"),
        ({"operation": "holdings", "fault": "late_in_book"}, "makes no sense on holdings"),
        ({"operation": "place", "fault": "unknown_code", "times": 0}, "at least 1"),
        ({"operation": "place", "fault": "unknown_code", "times": True}, "whole number"),
        ({"operation": "place", "fault": "unknown_code", "time": 1}, "unknown field 'time'"),
        ({"operation": "place"}, "both needed"),
        (["place"], "JSON object"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_reason(fyers: Fyers, body: object, reason: str) -> None:
    assert reason in await refused(await fyers.control("POST", "/faults", body))
    assert (await fyers.control("GET", "/faults")).json() == {"faults": []}


async def test_a_body_that_is_not_json_is_refused(fyers: Fyers) -> None:
    answer = await fyers.http.post(f"{fyers.origin}/_emulator/faults", content=b"{")
    assert "not JSON" in await refused(answer)


async def test_accepted_orders_are_listed_as_they_came(fyers: Fyers, clock: Clock) -> None:
    first = await fyers.place(orderTag="alpha7", qty=3)
    clock.forward(1)
    second = await fyers.place(**RESTING)
    await fyers.place(qty=0)
    rows = await fyers.arrived()
    assert [(row["id"], row["tag"], row["status"]) for row in rows] == [
        (first["id"], "alpha7", "FILLED"),
        (second["id"], "", "OPEN"),
    ]
    assert rows[0]["request"]["orderTag"] == "alpha7"
    assert rows[0]["request"]["qty"] == 3
    assert [row["received_at"] for row in rows] == ["2026-11-23T10:00:00+05:30", "2026-11-23T10:00:01+05:30"]
    assert rows[0].keys() == {"id", "tag", "received_at", "request", "status"}


async def test_the_control_plane_needs_no_token_and_is_not_limited(fyers: Fyers) -> None:
    await fyers.set(rate_limits=True)
    fyers.authorization = ""
    statuses = {(await fyers.control("GET", "/orders")).status_code for _ in range(30)}
    assert statuses == {200}


async def test_a_reset_forgets_orders_faults_and_prices_but_no_session_and_no_setting(fyers: Fyers) -> None:
    before = (await fyers.data("/quotes", symbols="NSE:SBIN-EQ")).json()
    await fyers.price("NSE:SBIN-EQ", "950.00")
    await fyers.place()
    await fyers.arm("place", "unknown_code", 5)
    assert (await fyers.control("POST", "/reset")).status_code == 200
    assert await fyers.arrived() == []
    assert await fyers.book() == []
    assert await fyers.positions() == []
    assert (await fyers.data("/quotes", symbols="NSE:SBIN-EQ")).json() == before
    assert (await fyers.place())["code"] == 1101
    assert (await fyers.control("GET", "/settings")).json()["rate_limits"] is False


async def test_a_reset_ends_a_block(fyers: Fyers) -> None:
    await fyers.set(rate_limits=True)
    statuses = [(await fyers.api("GET", "/profile")).status_code for _ in range(11)]
    await fyers.control("POST", "/reset")
    assert (statuses[-1], (await fyers.api("GET", "/profile")).status_code) == (429, 200)


@pytest.mark.parametrize("key", ["NSE:SBIN-EQ", "NSE:SBIN", "NSE:SBIN:EQ"])
async def test_prices_move_by_the_ticker_or_by_a_neutral_key(fyers: Fyers, key: str) -> None:
    order = await fyers.place(**RESTING)
    await fyers.price(key, "899.95")
    assert (await fyers.order(order["id"]))["status"] == 2
    quote = (await fyers.data("/quotes", symbols="NSE:SBIN-EQ")).json()["d"][0]
    assert quote["v"]["lp"] == 899.95


async def test_prices_of_derivatives_move_by_neutral_keys(fyers: Fyers) -> None:
    keys = {"NFO:NIFTY:20261229:FUT": 26100, "NFO:NIFTY:20261201:26000:CE": "210.05"}
    assert (await fyers.control("POST", "/prices", keys)).status_code == 200
    quotes = (await fyers.data("/quotes", symbols="NSE:NIFTY26DECFUT,NSE:NIFTY26D0126000CE")).json()["d"]
    assert [quote["v"]["lp"] for quote in quotes] == [26100, 210.05]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"NSE:SBIN-EQ": "900", "NSE:NOPE": "1"}, "unknown instrument 'NSE:NOPE'"),
        ({"NSE:SBIN-EQ": "0"}, "above 0"),
        ({"NSE:SBIN-EQ": "NaN"}, "above 0"),
        ({"NSE:SBIN-EQ": "dear"}, "not a number"),
        ({"NSE:SBIN-EQ": None}, "must be a number"),
    ],
)
async def test_a_wrong_price_changes_nothing(fyers: Fyers, body: object, reason: str) -> None:
    before = (await fyers.data("/quotes", symbols="NSE:SBIN-EQ")).json()
    assert reason in await refused(await fyers.control("POST", "/prices", body))
    assert (await fyers.data("/quotes", symbols="NSE:SBIN-EQ")).json() == before


async def test_expired_sessions_are_dead_everywhere(fyers: Fyers) -> None:
    await fyers.login()
    assert (await fyers.control("POST", "/expire-sessions")).json() == {"expired": 2}
    answers = [
        await fyers.api("GET", "/funds"),
        await fyers.data("/quotes", symbols="NSE:SBIN-EQ"),
        await fyers.api("POST", "/logout"),
        await fyers.request("POST", "/api/v2/span_margin", body={"data": []}),
    ]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(401, -16), (401, -15), (401, -16), (401, -17)]


async def test_an_unknown_path_is_a_404(fyers: Fyers) -> None:
    assert (await fyers.control("PUT", "/orders")).status_code == 404


async def test_settings_are_shown_and_changed_all_or_none(fyers: Fyers) -> None:
    shown = (await fyers.control("POST", "/settings", {"late_seconds": 1, "rejections": "book"})).json()
    assert (shown["late_seconds"], shown["rejections"]) == (1.0, "book")
    answer = await fyers.control("POST", "/settings", {"late_seconds": 2, "speed": 1})
    assert "unknown setting 'speed'" in await refused(answer)
    assert (await fyers.control("GET", "/settings")).json()["late_seconds"] == 1.0


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"rate_limits": 1}, "rate_limits must be of the kind bool"),
        ({"liquidity": True}, "liquidity must be of the kind int"),
        ({"late_seconds": -1}, "must not be below 0"),
        ({"rejections": "never"}, "one of answer, book"),
    ],
)
def test_a_setting_of_another_kind_is_refused(values: dict[str, object], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        changed(Settings(), values)


def test_changed_settings_are_a_copy() -> None:
    first = Settings()
    second = changed(first, json.loads('{"rejections": "book", "transit_seconds": 2}'))
    assert (first.rejections, second.rejections) == (Rejections.ANSWER, Rejections.BOOK)
    assert second.transit_seconds == 2.0


async def test_every_request_is_listed_with_its_moment_and_forgotten_by_a_reset(fyers: Fyers, clock: Clock) -> None:
    await fyers.place()
    clock.forward(1)
    await fyers.api("GET", "/orders")
    first, second = (await fyers.control("GET", "/requests")).json()[-2:]
    assert (first["method"], first["path"]) == ("POST", "/api/v3/orders/sync")
    assert (second["method"], second["path"]) == ("GET", "/api/v3/orders")
    moments = [datetime.fromisoformat(row["received_at"]) for row in (first, second)]
    assert moments[1] - moments[0] == timedelta(seconds=1)
    await fyers.control("POST", "/reset")
    assert (await fyers.control("GET", "/requests")).json() == []
