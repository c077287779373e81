"""What users write, as their type checker reads it. Never run; each `type: ignore` is a mistake that it finds."""

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import assert_type

from ordo.client import (
    AsyncOrdoClient,
    Order,
    OrderNotFilled,
    OrdoApiError,
    OrdoClient,
    OutcomeUnknown,
    PlaceOrder,
    WaitTimedOut,
    leg,
)


def blocking() -> None:
    with OrdoClient() as ordo:
        assert_type(ordo, OrdoClient)
        order = ordo.orders.place("paper/DEMO", "NSE:SBIN", "BUY", 1, limit="800.00")
        assert_type(order, Order)
        assert_type(order.average_price, Decimal | None)
        assert_type(ordo.orders.wait_until_filled(order, timeout=30), Order)
        assert_type(ordo.orders.iterate("paper/DEMO", status=("OPEN", "FILLED")), Iterator[Order])
        assert_type(ordo.orders.list("paper/DEMO"), tuple[Order, ...])
        assert_type(ordo.orders.cancel("paper/DEMO", order.order_id).filled_quantity, int)
        assert_type(ordo.portfolio("paper/DEMO").cash_balance, Decimal | None)
        assert_type(ordo.quotes("paper/DEMO", "NSE:SBIN")[0].last_price, Decimal)
        assert_type(leg("paper/DEMO", "NSE:SBIN", "BUY", 1), tuple[str, PlaceOrder])
        ordo.baskets.place([leg("paper/DEMO", "NSE:SBIN", "BUY", 1)], mode="AT_ONCE")


async def awaiting() -> None:
    async with AsyncOrdoClient("http://127.0.0.1:8000", "token") as ordo:
        assert_type(ordo, AsyncOrdoClient)
        order = await ordo.orders.place("paper/DEMO", "NSE:SBIN", "BUY", 1, limit=Decimal(800))
        assert_type(order, Order)
        assert_type(await ordo.orders.wait_until_filled(order), Order)
        assert_type(ordo.orders.iterate("paper/DEMO", ended=False), AsyncIterator[Order])
        async for one in ordo.orders.iterate("paper/DEMO"):
            assert_type(one, Order)
        assert_type((await ordo.funds("paper/DEMO")).available, Decimal | None)


def failing(ordo: OrdoClient, order: Order) -> None:
    try:
        ordo.orders.wait_until_filled(order)
    except OutcomeUnknown as unknown:
        assert_type(unknown.order, Order | None)
    except (OrderNotFilled, WaitTimedOut) as ended:
        assert_type(ended.order, Order)
    except OrdoApiError as error:
        assert_type(error.error_code, str)


def mistaken(ordo: OrdoClient, order: Order) -> None:
    ordo.orders.place("paper/DEMO", "NSE:SBIN", "BUY", 1, limit=800.0)  # type: ignore[arg-type]
    ordo.orders.place("paper/DEMO", "NSE:SBIN", "BUY", "1")  # type: ignore[arg-type]
    ordo.orders.place("paper/DEMO", "NSE:SBIN", "BUY")  # type: ignore[call-arg]
    ordo.orders.place("paper/DEMO", "NSE:SBIN", "BUY", 1, price="800.00")  # type: ignore[call-arg]
    ordo.orders.wait_until_filled(order.order_id)  # type: ignore[arg-type]
    ordo.orders.wait_until_filled(order, 30)  # type: ignore[call-arg]
    repr(order.avg_price)  # type: ignore[attr-defined]
    repr(order.average_price + 1)  # type: ignore[operator]


async def forgetful(ordo: AsyncOrdoClient, order: Order) -> None:
    repr(ordo.orders.get("paper/DEMO", order.order_id).status)  # type: ignore[attr-defined]
    for one in ordo.orders.iterate("paper/DEMO"):  # type: ignore[attr-defined]
        repr(one)
