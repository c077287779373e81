"""Bring accounts at several brokers to the same target, with one basket.

    python -m ordo_emulators fyers --port 9001
    python -m ordo_emulators hdfc --port 9002
    ORDO_BROKERS__FYERS__BASE_URL=http://127.0.0.1:9001/api/v3 ORDO_BROKERS__HDFC__BASE_URL=http://127.0.0.1:9002 \
        ordo serve
    ordo login fyers XE00001; ordo login hdfc 7000001
    python examples/rebalance_two_brokers.py fyers/XE00001 hdfc/7000001 --target NSE:SBIN=40000 --target NSE:INFY=60000

(the addresses as the emulators print them). Every account is read first; if one can't be, nothing is sent anywhere, for
an account that could not be read is not an empty one. All legs go under one key: the command may be repeated with
`--key` after any failure, and places nothing twice.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from ordo.client import Order, OrderNotFilled, OrdoApiError, OrdoClient, PlaceOrder, WaitTimedOut, leg

Leg = tuple[str, PlaceOrder]


def legs_for(ordo: OrdoClient, account: str, targets: Mapping[str, Decimal]) -> list[Leg]:
    """What an account has to buy and to sell, so that it holds so many rupees of each instrument. Sales first."""
    (told,) = ordo.portfolios(account)
    if told.portfolio is None:
        raise LookupError(f"{account} can't be read: {told.error.message if told.error else 'no reason given'}")
    held: Counter[str] = Counter()
    for holding in told.portfolio.holdings:
        held[str(holding.instrument)] += holding.quantity
    for position in told.portfolio.positions:
        held[str(position.instrument)] += position.quantity
    found = []
    for quote in ordo.quotes(account, *targets):
        name = str(quote.instrument_token)
        change = int(targets[name] // quote.last_price) - held[name]
        if change:
            found.append(leg(account, name, "BUY" if change > 0 else "SELL", abs(change)))
    return sorted(found, key=lambda one: one[1].side, reverse=True)


def finished(ordo: OrdoClient, order: Order) -> Order:
    """The order as it ends, or as it stands after some seconds."""
    try:
        return ordo.orders.wait_until_filled(order, timeout=20)
    except (OrderNotFilled, WaitTimedOut) as error:
        return error.order


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Bring accounts at several brokers to the same target.")
    parser.add_argument("accounts", nargs="+", metavar="ACCOUNT")
    parser.add_argument("--target", action="append", required=True, metavar="INSTRUMENT=RUPEES")
    parser.add_argument("--key", help="that of an earlier run, to carry on with it")
    told = parser.parse_args(arguments)
    targets = {name: Decimal(rupees) for name, _, rupees in (one.rpartition("=") for one in told.target)}
    with OrdoClient() as ordo:
        try:
            legs = [one for account in told.accounts for one in legs_for(ordo, account, targets)]
            if not legs:
                print("nothing to do")
                return 0
            result = ordo.baskets.place(legs, mode="AT_ONCE", key=told.key)
        except (LookupError, OrdoApiError) as error:
            print(f"Stopped: {error}", file=sys.stderr)
            return 1
        settled = True
        for (account, wanted), outcome in zip(legs, result.legs, strict=True):
            order = finished(ordo, outcome.order) if outcome.outcome == "PLACED" and outcome.order else outcome.order
            state = str(outcome.outcome) if order is None else f"{outcome.outcome} {order.status}"
            why = "" if outcome.error is None else f"  {outcome.error.message}"
            print(f"{account:20} {wanted.side:4} {wanted.quantity:6} {wanted.instrument!s:12} {state}{why}")
            settled = settled and order is not None and order.status == "FILLED"
    return 0 if settled else 3


if __name__ == "__main__":
    sys.exit(main())
