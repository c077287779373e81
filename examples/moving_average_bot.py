"""A bot that trades the crossing of two moving averages at the paper broker, and ends with a summary.

    ordo serve                                   # in one terminal; it prints a token
    ORDO_TOKEN=... python examples/moving_average_bot.py --steps 60 --pause 5

It buys when the short average rises above the long one, sells when it falls below, and at the end sells what it holds.
Each order is placed once, whatever the network does: the client makes a key and keeps it across its own tries. Where
nobody can say whether the broker has an order, the bot stops: to go on would be to guess.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal

from ordo.client import Order, OrderNotFilled, OrdoApiError, OrdoClient, OutcomeUnknown, WaitTimedOut


@dataclass
class Bot:
    ordo: OrdoClient
    account: str
    instrument: str
    quantity: int
    short: int
    long: int
    patience: float = 20.0
    prices: deque[Decimal] = field(default_factory=deque)
    orders: list[Order] = field(default_factory=list)
    held: int = 0

    def step(self) -> None:
        """Look at the price once, and trade if the averages have crossed."""
        (quote,) = self.ordo.quotes(self.account, self.instrument)
        self.prices.append(quote.last_price)
        if len(self.prices) > self.long:
            self.prices.popleft()
        if len(self.prices) < self.long:
            return
        rising = self.average(self.short) > self.average(self.long)
        if rising and not self.held:
            self.trade("BUY", self.quantity)
        elif not rising and self.held:
            self.trade("SELL", self.held)

    def average(self, length: int) -> Decimal:
        return sum(list(self.prices)[-length:], Decimal(0)) / length

    def trade(self, side: str, quantity: int) -> None:
        placed = self.ordo.orders.place(
            self.account, self.instrument, side, quantity, product="MIS", allow_duplicate=True
        )
        try:
            order = self.ended(placed)
        except WaitTimedOut:
            with suppress(OrdoApiError):  # Whatever comes of that, the order itself tells.
                self.ordo.orders.cancel(self.account, placed.order_id)
            order = self.ended(placed)
        self.orders.append(order)
        self.held += order.filled_quantity if side == "BUY" else -order.filled_quantity
        print(f"{side:4} {order.filled_quantity} at {order.average_price}  ({order.status}, order {order.order_id})")

    def ended(self, order: Order) -> Order:
        """The order at its end. One that was cancelled or rejected may have been filled in part before."""
        try:
            return self.ordo.orders.wait_until_filled(order, timeout=self.patience)
        except OrderNotFilled as ended:
            return ended.order

    def close(self) -> None:
        if self.held:
            self.trade("SELL", self.held)

    def summary(self) -> str:
        worth = sum(
            (
                order.average_price * order.filled_quantity * -order.side.sign
                for order in self.orders
                if order.average_price
            ),
            Decimal(0),
        )
        return f"{len(self.orders)} orders, {self.held} units left, {worth:+.2f} rupees before charges"


def main(arguments: Sequence[str] | None = None, *, pause: Callable[[float], None] = time.sleep) -> int:
    parser = argparse.ArgumentParser(description="Trade the crossing of two moving averages at the paper broker.")
    parser.add_argument("--account", default="paper/DEMO")
    parser.add_argument("--instrument", default="NSE:SBIN")
    parser.add_argument("--quantity", type=int, default=10)
    parser.add_argument("--short", type=int, default=3)
    parser.add_argument("--long", type=int, default=8)
    parser.add_argument("--steps", type=int, default=60, help="how often it looks at the price")
    parser.add_argument("--pause", type=float, default=5.0, help="seconds between two looks")
    told = parser.parse_args(arguments)
    with OrdoClient() as ordo:
        bot = Bot(ordo, told.account, told.instrument, told.quantity, told.short, told.long)
        try:
            for _ in range(told.steps):
                bot.step()
                pause(told.pause)
            bot.close()
        except OutcomeUnknown as unknown:
            order = "an order" if unknown.order is None else f"order {unknown.order.order_id}"
            print(f"Stopped: it is not known whether {order} is at the broker. {unknown}", file=sys.stderr)
            return 3
        except OrdoApiError as error:
            print(f"Stopped: {error}", file=sys.stderr)
            return 1
        print(bot.summary())
    return 0


if __name__ == "__main__":
    sys.exit(main())
