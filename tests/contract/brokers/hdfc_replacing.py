"""HDFC InvestRight as its documented samples show it: the book has a reference of the broker's own, and holdings that
are not there are an error.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from ordo.testing.contract.harness import BrokerHarness
from ordo_emulators.hdfc.settings import HoldingsEmpty, ReferenceMode
from tests.contract.brokers import hdfc

PACKAGE = hdfc.PACKAGE


def harness() -> AbstractAsyncContextManager[BrokerHarness]:
    return hdfc.harness(ReferenceMode.STAPI, HoldingsEmpty.UNPROCESSABLE)
