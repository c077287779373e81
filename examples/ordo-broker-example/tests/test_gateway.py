"""A gateway that was told of the kind trades at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from ordo_broker_example.emulator import PIN, USER, Lotus

from ordo.client import OrdoClient
from ordo.testing.clock import SkippingClock
from ordo_emulators.server import serve_in_thread

ACCOUNT = f"desk/{USER}"


@dataclass(frozen=True)
class Served:
    lotus: Lotus
    origin: str


@pytest.fixture
def served(ordo_clock: SkippingClock) -> Iterator[Served]:
    lotus = Lotus(now=ordo_clock.now)
    lotus.prices["SBIN.NS"] *= 8  # Near enough to what the instrument's price band allows.
    with serve_in_thread(lotus) as origin:
        yield Served(lotus, origin)


@pytest.fixture
def ordo_settings(served: Served) -> Mapping[str, Any]:
    return {"brokers": {"desk": {"kind": "lotus", "base_url": served.origin}}}


def test_an_order_goes_through(ordo_client: OrdoClient, served: Served) -> None:
    desk = next(broker for broker in ordo_client.brokers() if broker.adapter_id == "desk")
    assert desk.kind == "lotus"
    challenge = ordo_client.sessions.begin(ACCOUNT)
    assert challenge.fields == ("pin",)
    ordo_client.sessions.answer(ACCOUNT, challenge.challenge_id, answers={"pin": PIN})
    served.lotus.faults.arm("place", "drop_after_accept")
    order = ordo_client.orders.place(ACCOUNT, "NSE:SBIN", "BUY", 2, limit="800.00", key="once")
    assert (order.status, order.matched_by) == ("FILLED", "tag")
    assert ordo_client.orders.place(ACCOUNT, "NSE:SBIN", "BUY", 2, limit="800.00", key="once") == order
    assert [found.ref for found in served.lotus.orders] == [order.order_id]
    (position,) = ordo_client.positions(ACCOUNT)
    assert (position.instrument, position.quantity) == ("NSE:SBIN", 2)
