"""The fixtures of `ordo.testing`. Each is made anew for every test that names it, and ends with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ordo.client import OrdoClient
    from ordo.testing.clock import SkippingClock
    from ordo.testing.emulators import Emulator
    from ordo.testing.gateway import ServedGateway
    from ordo.testing.market import Market

# What is heavy is loaded by the test that asks for it.


@pytest.fixture
def ordo_clock() -> SkippingClock:
    """The time of the gateway and of the emulators: it begins at ten o'clock of a Monday and runs; `skip(seconds)`
    moves it ahead.
    """
    from ordo.testing.clock import SkippingClock

    return SkippingClock()


@pytest.fixture
def ordo_settings() -> Mapping[str, Any]:
    """Settings of the gateway, as in `ordo.toml`. Override it in a module or a `conftest.py` to change some."""
    return {}


@pytest.fixture
def fyers_emulator(ordo_clock: SkippingClock) -> Iterator[Emulator]:
    """FYERS, emulated. A test that names it beside `ordo_gateway` has a gateway that trades there, logged in, as
    `fyers_emulator.account`.
    """
    from ordo.testing.emulators import served_emulator

    with served_emulator("fyers", clock=ordo_clock) as emulator:
        yield emulator


@pytest.fixture
def hdfc_emulator(ordo_clock: SkippingClock) -> Iterator[Emulator]:
    """HDFC Securities, emulated; otherwise as `fyers_emulator`."""
    from ordo.testing.emulators import served_emulator

    with served_emulator("hdfc", clock=ordo_clock) as emulator:
        yield emulator


@pytest.fixture
def ordo_gateway(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    ordo_clock: SkippingClock,
    ordo_settings: Mapping[str, Any],
) -> Iterator[ServedGateway]:
    """A gateway on a loopback socket, with the paper broker, and with every emulator that the test names.

    `ORDO_URL` and `ORDO_TOKEN` name it for the length of the test, so that a bot that makes its own `OrdoClient()`
    finds it. Prices stand still until `ordo_gateway.market.move(...)` moves them.
    """
    from ordo.testing.gateway import served_gateway

    emulators: list[Emulator] = [
        request.getfixturevalue(name) for name in ("fyers_emulator", "hdfc_emulator") if name in request.fixturenames
    ]
    configured = {emulator.kind: emulator.settings for emulator in emulators}
    settings = {**ordo_settings, "brokers": {**configured, **ordo_settings.get("brokers", {})}}
    folder: Path = tmp_path_factory.mktemp("ordo")
    with served_gateway(folder, settings=settings, clock=ordo_clock) as gateway:
        monkeypatch.setenv("ORDO_URL", gateway.url)
        monkeypatch.setenv("ORDO_TOKEN", gateway.token)
        with gateway.client() as ordo:
            for emulator in emulators:
                emulator.log_in(ordo)
        yield gateway


@pytest.fixture
def ordo_client(ordo_gateway: ServedGateway) -> Iterator[OrdoClient]:
    """A client of that gateway."""
    with ordo_gateway.client() as ordo:
        yield ordo


@pytest.fixture
def ordo_market(ordo_gateway: ServedGateway) -> Market:
    """The prices that paper orders meet: `ordo_market.move("NSE:SBIN", "799.00")`."""
    return ordo_gateway.market
