"""A gateway inside another asyncio program: the application services themselves, without HTTP.

    python examples/embedded.py

The program has work of its own; the gateway is one more thing that it opens and closes. Its settings stand here, in a
folder that is gone afterwards; without them `open_gateway()` reads the environment and `ordo.toml`, as `ordo serve`
does.
"""

from __future__ import annotations

import asyncio
import base64
import os
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from ordo import open_gateway
from ordo.application.gateway import Gateway
from ordo.domain.accounts import Account
from ordo.domain.errors import OrdoError, OutcomeUnknown
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import Order, OrderType, PlaceOrder, Product, Side
from ordo.schemas.config.settings import AuditConfig, Settings

ACCOUNT = Account.parse("paper/DEMO")
SHARE = InstrumentKey.parse("NSE:SBIN")
KEY = "the-strategys-own-name-for-this-decision"


def settings(folder: Path) -> Settings:
    return Settings(
        database_url=f"sqlite+aiosqlite:///{folder / 'ordo.db'}",
        audit=AuditConfig(dir=folder / "audit"),
        master_keys=SecretStr(base64.urlsafe_b64encode(os.urandom(32)).decode()),
    )


async def decide(gateway: Gateway, wanted: asyncio.Queue[PlaceOrder]) -> None:
    """The strategy: looks at a price, and asks for an order."""
    (quote,) = await gateway.quotes.quotes(ACCOUNT, (SHARE,))
    print(f"{SHARE} is at {quote.last_price}")
    order = PlaceOrder(
        instrument=SHARE,
        side=Side.BUY,
        quantity=10,
        order_type=OrderType.LIMIT,
        product=Product.CNC,
        price=(quote.last_price * Decimal("1.01")).quantize(Decimal("0.1")),
    )
    await wanted.put(order)


async def trade(gateway: Gateway, wanted: asyncio.Queue[PlaceOrder]) -> Order:
    """The desk: places what is asked for, once, whatever happens on the way."""
    command = await wanted.get()
    order = await gateway.orders.place(ACCOUNT, command, key=KEY)
    print(f"order {order.order_id} is {order.status}, {order.filled_quantity} units at {order.average_price}")
    again = await gateway.orders.place(ACCOUNT, command, key=KEY)
    print(f"asked for again under the same key, it is the same order: {again.order_id == order.order_id}")
    return order


async def main() -> None:
    with TemporaryDirectory(prefix="ordo-embedded-") as folder:
        try:
            async with open_gateway(settings(Path(folder))) as gateway, asyncio.TaskGroup() as program:
                wanted: asyncio.Queue[PlaceOrder] = asyncio.Queue(maxsize=1)
                program.create_task(decide(gateway, wanted))
                traded = program.create_task(trade(gateway, wanted))
                order = await traded
                positions = (await gateway.portfolio.portfolio(ACCOUNT)).positions
                print(f"{ACCOUNT} now has {sum(row.quantity for row in positions)} units")
        except* OutcomeUnknown as unknown:
            print(f"nobody can say yet whether the order is at the broker: {unknown.exceptions[0]}")
            raise
        except* OrdoError as error:
            print(f"nothing was placed: {error.exceptions[0]}")
            raise
        print(f"the gateway is closed; order {order.order_id} stays in its trail")


if __name__ == "__main__":
    asyncio.run(main())
