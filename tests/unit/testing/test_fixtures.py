"""Every fixture of `ordo.testing`, proven as somebody who tests a bot would use it: in a project of its own."""

from __future__ import annotations

import pytest

pytest_plugins = ("pytester",)

INI = """
[pytest]
filterwarnings = error
addopts = -p no:cacheprovider
"""


@pytest.fixture(autouse=True)
def no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but pytest itself: not even what runs coroutines."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


PAPER = """
import asyncio
import os
from decimal import Decimal

import pytest
from ordo.client import OrderNotFilled, OrdoClient


def test_an_order_fills_when_the_price_comes_to_it(ordo_gateway, ordo_client, ordo_market):
    limit = ordo_market.price("NSE:SBIN") - 10
    order = ordo_client.orders.place(ordo_gateway.account, "NSE:SBIN", "BUY", 5, limit=limit)
    assert order.status == "OPEN"
    ordo_market.move("NSE:SBIN", limit + 1)
    assert ordo_client.orders.get(order.account, order.order_id).status == "OPEN"
    ordo_market.move("NSE:SBIN", limit)
    filled = ordo_client.orders.wait_until_filled(order, timeout=20)
    assert filled.average_price == limit
    ordo_market.move("NSE:SBIN", limit + 20)
    sale = ordo_client.orders.place(ordo_gateway.account, "NSE:SBIN", "SELL", 5, limit=limit + 20)
    assert sale.status == "FILLED"


def test_a_bot_finds_the_gateway_in_its_environment(ordo_gateway):
    with OrdoClient() as ordo:
        assert ordo.health().status == "ok"
        assert ordo.orders.list("paper/DEMO") == ()
    assert os.environ["ORDO_URL"] == ordo_gateway.url
    assert ordo_gateway.token not in repr(ordo_gateway)


def test_time_can_be_skipped(ordo_client, ordo_clock):
    order = ordo_client.orders.place("paper/DEMO", "NSE:SBIN", "BUY", 1, limit="700.00")
    began = ordo_clock.now()
    ordo_clock.skip(24 * 3600)
    assert (ordo_clock.now() - began).days == 1
    with pytest.raises(OrderNotFilled) as raised:
        ordo_client.orders.wait_until_filled(order, timeout=20)
    assert raised.value.order.status == "EXPIRED"


def test_the_async_client(ordo_gateway):
    async def bot():
        async with ordo_gateway.async_client() as ordo:
            return [order async for order in ordo.orders.iterate(ordo_gateway.account)]

    assert asyncio.run(bot()) == []


def test_nothing_is_left_of_another_test(ordo_client, ordo_market):
    assert ordo_client.orders.list("paper/DEMO") == ()
    with pytest.raises(LookupError, match="does not list"):
        ordo_market.move("NSE:NOTHERE", "1")


class TestSettings:
    @pytest.fixture
    def ordo_settings(self):
        return {"brokers": {"paper": {"opening_cash": "1000.00"}}}

    def test_settings_can_be_changed(self, ordo_client):
        assert ordo_client.funds("paper/DEMO").cash == Decimal(1000)
        preview = ordo_client.orders.preview("paper/DEMO", "NSE:SBIN", "BUY", 50)
        assert ordo_client.orders.list("paper/DEMO") == () and preview is not None
"""

EMULATED = """
import pytest
from ordo.client import OrdoApiError


def test_a_lost_answer_costs_no_second_order(ordo_client, fyers_emulator):
    fyers_emulator.fail("place", "drop_after_accept")
    order = ordo_client.orders.place(fyers_emulator.account, "NSE:SBIN", "BUY", 2, limit="800.00")
    assert (order.status, order.matched_by) == ("OPEN", "tag")
    assert [found["tag"] for found in fyers_emulator.orders()] == [order.order_id]


def test_two_brokers_at_once(ordo_client, fyers_emulator, hdfc_emulator):
    for emulator in (fyers_emulator, hdfc_emulator):
        assert ordo_client.sessions.get(emulator.account).state == "ACTIVE"
        emulator.move("NSE:SBIN", "800.00")
        (quote,) = ordo_client.quotes(emulator.account, "NSE:SBIN")
        assert quote.last_price == 800
    hdfc_emulator.fail("place", "rate_limited", times=2)
    hdfc_emulator.heal()
    ordo_client.orders.place(hdfc_emulator.account, "NSE:SBIN", "BUY", 1)
    assert (len(hdfc_emulator.orders()), fyers_emulator.orders()) == (1, [])
    hdfc_emulator.reset()
    assert hdfc_emulator.orders() == []
    fyers_emulator.expire_sessions()
    with pytest.raises(OrdoApiError) as raised:
        ordo_client.funds(fyers_emulator.account)
    assert raised.value.error_code == "INVALID_SESSION"
    fyers_emulator.log_in(ordo_client)
    assert ordo_client.funds(fyers_emulator.account).cash


def test_a_fault_that_makes_no_sense_is_told(fyers_emulator):
    with pytest.raises(ValueError, match="makes no sense on funds"):
        fyers_emulator.fail("funds", "drop_after_accept")
    with pytest.raises(ValueError, match="unknown instrument"):
        fyers_emulator.move("NSE:NOTHERE", "1")
"""


BROKEN = """
import pytest


@pytest.fixture
def ordo_settings():
    return {"database_url": "mysql://nowhere"}


def test_never(ordo_client):
    raise AssertionError
"""


def test_what_a_user_of_the_fixtures_meets(pytester: pytest.Pytester) -> None:
    pytester.makefile(".ini", pytest=INI)
    pytester.makeconftest('pytest_plugins = ["ordo.testing"]')
    pytester.makepyfile(test_paper=PAPER, test_emulated=EMULATED, test_broken=BROKEN)
    done = pytester.runpytest_subprocess("-q", "--tb=short")
    done.assert_outcomes(passed=9, errors=1)
    done.stdout.fnmatch_lines(["*names mysql, which this version of Ordo does not speak*"])
