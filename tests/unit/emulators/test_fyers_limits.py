from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest

from ordo_emulators.fyers.emulator import FyersEmulator
from ordo_emulators.fyers.limits import PER_DAY, Limiter
from tests.unit.emulators.wire import MONDAY, ORDER, Clock, Fyers


def admitted(limiter: Limiter, seconds: Iterator[float]) -> list[bool]:
    return [limiter.admit(MONDAY + timedelta(seconds=s)) == 0 for s in seconds]


def break_a_minute(limiter: Limiter, start: float) -> None:
    """Two hundred requests and one more, spread so that no second is broken."""
    assert admitted(limiter, (start + n * 0.125 for n in range(201))) == [True] * 200 + [False]


def test_ten_a_second_and_the_eleventh_when_the_first_is_a_second_old() -> None:
    limiter = Limiter()
    assert admitted(limiter, iter([0.0] * 11)) == [True] * 10 + [False]
    assert limiter.admit(MONDAY + timedelta(seconds=0.25)) == 750
    assert limiter.admit(MONDAY + timedelta(seconds=1)) == 0


def test_a_weight_is_admitted_whole_or_not_at_all() -> None:
    limiter = Limiter()
    assert limiter.admit(MONDAY, 8) == 0
    assert limiter.admit(MONDAY + timedelta(seconds=0.5), 3) == 500
    assert limiter.admit(MONDAY + timedelta(seconds=0.5), 2) == 0


def test_two_hundred_a_minute() -> None:
    limiter = Limiter()
    break_a_minute(limiter, 0)
    assert limiter.admit(MONDAY + timedelta(seconds=26)) == 34_000
    assert limiter.admit(MONDAY + timedelta(seconds=60)) == 0


def test_the_fourth_broken_minute_blocks_until_midnight() -> None:
    limiter = Limiter()
    for minute in range(4):
        break_a_minute(limiter, 90.0 * minute)
    late = MONDAY.replace(hour=23, minute=59, second=59)
    assert limiter.admit(late) == 1000
    assert limiter.admit(late + timedelta(seconds=1)) == 0


def test_three_broken_minutes_are_forgiven() -> None:
    limiter = Limiter()
    for minute in range(3):
        break_a_minute(limiter, 90.0 * minute)
    assert limiter.admit(MONDAY + timedelta(seconds=300)) == 0


def test_hammering_at_a_broken_minute_breaks_it_only_once() -> None:
    limiter = Limiter()
    break_a_minute(limiter, 0)
    assert not any(admitted(limiter, (26 + n * 0.5 for n in range(60))))
    assert limiter.admit(MONDAY + timedelta(seconds=61)) == 0


def test_the_day_has_a_limit_of_its_own() -> None:
    limiter = Limiter()
    limiter.count(MONDAY, PER_DAY - 1)
    assert limiter.admit(MONDAY + timedelta(hours=6)) == 0
    assert limiter.admit(MONDAY + timedelta(hours=6, minutes=2)) == 28_680_000


@pytest.fixture
async def limited(fyers: Fyers) -> Fyers:
    await fyers.control("POST", "/reset")
    await fyers.set(rate_limits=True)
    return fyers


def test_limits_are_on_by_default(clock: Clock) -> None:
    assert FyersEmulator(clock=clock).settings()["rate_limits"] is True


async def spend(fyers: Fyers, count: int) -> None:
    for _ in range(count):
        assert (await fyers.api("GET", "/profile")).status_code == 200


def said(answer: httpx2.Response) -> tuple[int, int, str | None, str | None]:
    headers = answer.headers
    return answer.status_code, answer.json()["code"], headers.get("retry-after"), headers.get("x-retry-after-ms")


async def test_an_order_over_the_limit_is_not_accepted_and_told_when_to_come_back(limited: Fyers, clock: Clock) -> None:
    await spend(limited, 10)
    clock.forward(0.4)
    assert said(await limited.api("POST", "/orders/sync", ORDER)) == (429, -429, "1", "600")
    assert await limited.arrived() == []
    clock.forward(0.6)
    assert (await limited.place())["code"] == 1101


async def test_a_read_over_the_limit_is_not_told(limited: Fyers) -> None:
    await spend(limited, 10)
    assert said(await limited.api("GET", "/orders")) == (429, -429, None, None)


async def test_every_endpoint_counts_but_the_masters_and_the_login(limited: Fyers) -> None:
    for _ in range(12):
        assert (await limited.request("GET", "/sym_details/MCX_COM.csv")).status_code == 200
    await limited.login()
    await spend(limited, 5)
    statuses = [(await limited.data("/marketStatus")).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]


async def test_a_dead_token_is_told_so_and_counts_for_nobody(limited: Fyers) -> None:
    alive, limited.authorization = limited.authorization, "EMULATED-100:dead"
    assert {(await limited.api("GET", "/funds")).status_code for _ in range(15)} == {401}
    limited.authorization = alive
    await spend(limited, 10)


async def test_a_basket_counts_its_orders(limited: Fyers) -> None:
    await spend(limited, 1)
    assert (await limited.api("POST", "/multi-order/sync", [ORDER] * 10)).status_code == 429
    assert await limited.arrived() == []
    assert (await limited.api("POST", "/multi-order/sync", [ORDER] * 9)).status_code == 200
    assert (await limited.api("GET", "/profile")).status_code == 429


async def test_slices_count_too(limited: Fyers) -> None:
    future = {"symbol": "NSE:NIFTY26DECFUT", "qty": 1755 * 10, "productType": "MARGIN", "isSliceOrder": True}
    assert len((await limited.place(**future))["data"]) == 10
    assert (await limited.api("GET", "/profile")).status_code == 429


async def test_three_broken_minutes_are_forgiven_the_fourth_blocks_the_day(limited: Fyers, clock: Clock) -> None:
    for _ in range(4):
        statuses = []
        for _ in range(201):
            clock.forward(0.125)
            statuses.append((await limited.api("GET", "/profile")).status_code)
        assert statuses == [200] * 200 + [429]
        clock.forward(120)
    assert (await limited.api("GET", "/profile")).status_code == 429
    clock.now = MONDAY.replace(hour=0) + timedelta(days=1, minutes=1)
    await limited.login()
    assert (await limited.api("GET", "/profile")).status_code == 200


async def test_the_edge_may_answer_in_html(limited: Fyers) -> None:
    await limited.set(html_429=True)
    await spend(limited, 10)
    answer = await limited.api("POST", "/orders/sync", ORDER)
    assert (answer.status_code, answer.headers["content-type"]) == (429, "text/html; charset=UTF-8")
