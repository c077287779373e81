"""What many clients of two gateways were told of one order has one sequential explanation (P11 of domain facts 11)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordo.domain.errors import OrdoError, OutcomeUnknown
from ordo.domain.orders import ModifyOrder, Order, OrderStatus
from tests.support.broker import Mishap, lost, not_sent, refused
from tests.support.clock import quiet
from tests.support.histories import NEVER, Call, Kind, Told, is_explained
from tests.support.house import House, Services
from tests.support.orders import ACCOUNT

_PLACED_AT = "800.00"


def _call(
    kind: Kind, begins: int, ends: int, told: Told = Told.DONE, *, price: str | None = None, over: bool = False
) -> Call:
    return Call(kind=kind, begins=begins, ends=ends, told=told, price=price, over=over)


@pytest.mark.parametrize(
    "calls",
    [
        [_call(Kind.MODIFY, 1, 2, price="801"), _call(Kind.READ, 3, 4, price="800")],
        [_call(Kind.READ, 1, 2, price="801")],
        [_call(Kind.MODIFY, 1, 2, Told.NOTHING, price="801"), _call(Kind.READ, 3, 4, price="801")],
        [
            _call(Kind.MODIFY, 1, 9, price="801"),
            _call(Kind.READ, 2, 3, price="801"),
            _call(Kind.READ, 4, 5, price="800"),
        ],
        [_call(Kind.READ, 1, 2, price="800", over=True)],
        [
            _call(Kind.CANCEL, 1, 2),
            _call(Kind.READ, 3, 4, price="800", over=True),
            _call(Kind.READ, 5, 6, price="800"),
        ],
        [
            _call(Kind.CANCEL, 1, 2),
            _call(Kind.READ, 3, 4, price="800", over=True),
            _call(Kind.MODIFY, 5, 6, price="801"),
        ],
        [_call(Kind.MODIFY, 5, NEVER, Told.UNKNOWN, price="801"), _call(Kind.READ, 1, 2, price="801")],
    ],
)
def test_what_can_not_be_is_not_explained(calls: Sequence[Call]) -> None:
    assert not is_explained(calls, price="800")


@pytest.mark.parametrize(
    "calls",
    [
        [],
        [
            _call(Kind.MODIFY, 1, 9, price="801"),
            _call(Kind.READ, 2, 3, price="800"),
            _call(Kind.READ, 4, 5, price="801"),
        ],
        [_call(Kind.MODIFY, 1, 2, Told.UNKNOWN, price="801"), _call(Kind.READ, 3, 4, price="800")],
        [
            _call(Kind.MODIFY, 1, 2, Told.UNKNOWN, price="801"),
            _call(Kind.READ, 3, 4, price="800"),
            _call(Kind.READ, 5, 6, price="801"),
        ],
        [_call(Kind.CANCEL, 1, 2), _call(Kind.READ, 3, 4, price="800"), _call(Kind.READ, 5, 6, price="800", over=True)],
    ],
)
def test_what_can_be_is_explained(calls: Sequence[Call]) -> None:
    assert is_explained(calls, price="800")


class _Clients:
    """Clients that work on one order, and write down what they asked and what they were told."""

    def __init__(self, house: House, gateways: Sequence[Services], order: Order, random: Random) -> None:
        self.house, self.gateways, self.order, self.random = house, gateways, order, random
        self.moments = count(1)
        self.keys = count(1)
        self.calls: list[Call] = []

    async def run(self) -> None:
        for _ in range(3):
            kind = self.random.choice([Kind.MODIFY, Kind.MODIFY, Kind.READ, Kind.READ, Kind.READ, Kind.CANCEL])
            if kind is Kind.CANCEL and self.random.random() < 0.7:
                kind = Kind.READ
            await self.ask(kind)
            await self.house.clock.sleep(self.random.choice([0.0, 0.1, 1.0]))

    async def ask(self, kind: Kind) -> None:
        orders = self.random.choice(self.gateways).orders
        price = f"{self.random.randrange(790, 811)}.00"
        key = f"key-{next(self.keys)}"
        begins, told, answer = next(self.moments), Told.DONE, None
        try:
            if kind is Kind.MODIFY:
                answer = await orders.modify(ACCOUNT, self.order.order_id, ModifyOrder(price=Decimal(price)), key=key)
            elif kind is Kind.CANCEL:
                answer = await orders.cancel(ACCOUNT, self.order.order_id, key=key)
            else:
                answer = await orders.get(ACCOUNT, self.order.order_id)
        except OutcomeUnknown:
            told = Told.UNKNOWN
        except OrdoError:
            told = Told.NOTHING
        if kind is Kind.READ:
            if answer is None:
                return
            price = str(answer.price)
        over = answer is not None and kind is Kind.READ and answer.status is OrderStatus.CANCELLED
        self.calls.append(Call(kind=kind, begins=begins, ends=next(self.moments), told=told, price=price, over=over))


async def _history(number: int) -> list[Call]:
    random = Random(number)
    house = House()
    await house.log_in()
    order = await house.place()
    house.broker.cancels_late = random.random() < 0.5
    for operation in ("modify", "cancel"):
        for _ in range(8):
            mishaps = [Mishap(), Mishap(), Mishap(after=lost()), Mishap(before=lost()), Mishap(before=not_sent())]
            house.broker.next(operation, random.choice([*mishaps, Mishap(before=refused())]))
    gateways = [house.now, Services(house, "beside")]
    watches = [asyncio.ensure_future(gateway.reconciler.watch()) for gateway in gateways]
    clients = _Clients(house, gateways, order, random)
    working = [asyncio.ensure_future(clients.run()) for _ in range(4)]
    while not all(task.done() for task in working):
        await house.clock.advance(1.0)
    await house.clock.advance(300)
    await clients.ask(Kind.READ)
    await quiet()
    for task in (*working, *watches):
        task.cancel()
    await asyncio.gather(*working, *watches, return_exceptions=True)
    return clients.calls


@given(number=st.integers(0, 2**32))
@settings(max_examples=12, deadline=None)
def test_what_many_clients_were_told_has_one_explanation(number: int) -> None:
    calls = asyncio.run(_history(number))
    assert any(call.kind is Kind.READ for call in calls)
    assert is_explained(calls, price=_PLACED_AT), sorted(calls, key=lambda call: call.begins)
