import ssl
from collections.abc import AsyncIterator

import httpx2
import pytest

from ordo_emulators.control import controlled
from ordo_emulators.fyers.emulator import FyersEmulator
from ordo_emulators.hdfc.emulator import HdfcEmulator
from ordo_emulators.instruments import Instrument
from ordo_emulators.listing import listing
from ordo_emulators.server import serve
from tests.unit.emulators.hdfc_wire import Hdfc
from tests.unit.emulators.wire import Clock, Fyers

# Loading the certificates of the world takes longer than most tests.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def instruments() -> tuple[Instrument, ...]:
    return listing()


@pytest.fixture
async def fyers(clock: Clock) -> AsyncIterator[Fyers]:
    """Logged in, without limits; a hanging connection ends soon."""
    emulator = FyersEmulator(clock=clock)
    async with (
        serve(controlled(emulator), hang_limit=30) as origin,
        httpx2.AsyncClient(timeout=10, trust_env=False, verify=NO_TLS) as client,
    ):
        wired = Fyers(origin, client)
        await wired.set(rate_limits=False)
        await wired.login()
        yield wired


@pytest.fixture
async def hdfc(clock: Clock) -> AsyncIterator[Hdfc]:
    """Logged in, without limits; a hanging connection ends soon."""
    emulator = HdfcEmulator(clock=clock)
    async with (
        serve(controlled(emulator), hang_limit=30) as origin,
        httpx2.AsyncClient(timeout=10, trust_env=False, verify=NO_TLS) as client,
    ):
        wired = Hdfc(origin, client)
        await wired.set(rate_limits=False)
        await wired.login()
        yield wired
