"""The one fixture that the laws ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest
import pytest_asyncio

from ordo.testing.contract.harness import BrokerHarness

Harness = Callable[[], AbstractAsyncContextManager[BrokerHarness]]
"""Starts the far side and the adapter, and stops both at the end. Called anew for every test."""


def broker_fixture(**harnesses: Harness) -> Callable[[pytest.FixtureRequest], AsyncIterator[BrokerHarness]]:
    """The fixture `broker`: every law runs once with each harness, under its name. Raises `ValueError` without one: a
    suite that tries nothing would pass.
    """
    if not harnesses:
        raise ValueError("there is no harness, so the laws would be tried on nothing")

    @pytest_asyncio.fixture(name="broker", params=list(harnesses))
    async def broker(request: pytest.FixtureRequest) -> AsyncIterator[BrokerHarness]:
        async with harnesses[request.param]() as harness:
            yield harness

    return broker
