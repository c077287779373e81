"""Test a bot against the real thing: a gateway, its broker's market and its broker's faults, as pytest fixtures.

    # conftest.py
    pytest_plugins = ["ordo.testing"]

    # test_bot.py
    def test_it_buys_the_dip(ordo_client, ordo_market):
        order = buy_the_dip(ordo_client, at="760.00")
        assert order.status == "OPEN"
        ordo_market.move("NSE:SBIN", "760.00")
        assert ordo_client.orders.wait_until_filled(order).average_price <= Decimal("760.00")

Needs `pip install 'ordo-gateway[testing]'`. The laws of broker adapters are in `ordo.testing.contract`.
"""

from ordo.testing.fixtures import fyers_emulator as fyers_emulator
from ordo.testing.fixtures import hdfc_emulator as hdfc_emulator
from ordo.testing.fixtures import ordo_client as ordo_client
from ordo.testing.fixtures import ordo_clock as ordo_clock
from ordo.testing.fixtures import ordo_gateway as ordo_gateway
from ordo.testing.fixtures import ordo_market as ordo_market
from ordo.testing.fixtures import ordo_settings as ordo_settings

__all__ = [
    "fyers_emulator",
    "hdfc_emulator",
    "ordo_client",
    "ordo_clock",
    "ordo_gateway",
    "ordo_market",
    "ordo_settings",
]
