"""Lotus on a loopback socket. It shares no code with the adapter, so that both can be wrong only apart; the server and
the faults are those of Ordo's own emulators.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Final

from ordo_emulators.faults import Fault, Faults, Operation, Taken, disturbed
from ordo_emulators.server import Request, Response, json_response

USER: Final = "LX1001"
PIN: Final = "2468"
CASH: Final = Decimal(1_000_000)


class Refused(Exception):
    """The broker says no; nothing was done."""

    def __init__(self, status: int, error: str, text: str) -> None:
        super().__init__(text)
        self.answer = json_response({"error": error, "text": text}, status=status)


@dataclass(slots=True, kw_only=True)
class Order:
    id: str
    ref: str | None
    symbol: str
    side: str
    qty: int
    limit: str | None
    placed: str
    changed: str
    done: int = 0
    average: str | None = None
    status: str = "OPEN"


@dataclass(kw_only=True)
class Lotus:
    """One account. A purchase fills at once at the asked price, or waits; nothing is ever sold that is not owned."""

    now: Callable[[], datetime]
    prices: dict[str, Decimal] = field(default_factory=lambda: {"SBIN.NS": Decimal("100.00")})
    faults: Faults = field(default_factory=Faults)
    orders: list[Order] = field(default_factory=list)
    trades: list[dict[str, Any]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    untagged: set[str] = field(default_factory=set)
    numbers: Any = field(default_factory=lambda: count(1))

    def __call__(self, request: Request) -> Response:
        try:
            return self._answer(request)
        except Refused as refusal:
            return refusal.answer

    def _answer(self, request: Request) -> Response:
        body = json.loads(request.body) if request.body else {}
        if (request.method, request.path) == ("POST", "/login"):
            return self._log_in(body)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            raise Refused(401, "BAD_TOKEN", "log in again")
        if (request.method, request.path) == ("POST", "/logout"):
            self.tokens.discard(token)
            return json_response({"done": True})
        operation, act = self._routed(request, body)
        taken = self.faults.take(operation)
        return disturbed(taken.answer, lambda: self._done(lambda: act(taken)), self._native)

    def _done(self, act: Callable[[], object]) -> Response:
        try:
            return json_response(act())
        except Refused as refusal:
            return refusal.answer

    def _native(self, fault: Fault) -> Response:
        status, error = {
            Fault.RATE_LIMITED: (429, "TOO_FAST"),
            Fault.EXPIRED_SESSION: (401, "BAD_TOKEN"),
        }.get(fault, (500, "E4711"))
        return json_response({"error": error, "text": "so it is"}, status=status, headers={"Retry-After": "1"})

    def _log_in(self, body: dict[str, Any]) -> Response:
        if (body.get("user"), body.get("pin")) != (USER, PIN):
            raise Refused(401, "BAD_LOGIN", "user or PIN are wrong")
        token = secrets.token_hex(16)
        self.tokens.add(token)
        return json_response({"token": token, "until": (self.now() + timedelta(hours=8)).isoformat()})

    def _routed(self, request: Request, body: dict[str, Any]) -> tuple[Operation, Callable[[Taken], object]]:
        _, _, order_id = request.path.removeprefix("/").partition("/")
        if request.method == "POST":
            return Operation.PLACE, lambda taken: self._place(body, taken)
        if request.method == "PUT":
            return Operation.MODIFY, lambda _: self._modify(self._live(order_id), body)
        if request.method == "DELETE":
            return Operation.CANCEL, lambda _: self._cancel(self._live(order_id))
        reads: dict[str, tuple[Operation, Callable[[Taken], object]]] = {
            "/orders": (Operation.ORDERS, lambda _: [self._shown(order) for order in self.orders]),
            "/trades": (Operation.TRADES, lambda _: self.trades),
            "/money": (Operation.FUNDS, lambda _: {"cash": str(self._cash()), "free": str(self._cash())}),
            "/positions": (Operation.POSITIONS, lambda _: self._positions()),
            "/holdings": (Operation.HOLDINGS, lambda _: []),
            "/quotes": (Operation.QUOTES, lambda _: self._quotes(request.query["symbols"].split(","))),
        }
        return reads[request.path]

    def _place(self, body: dict[str, Any], taken: Taken) -> object:
        if body["side"] == "S" and self._owned(body["symbol"]) < body["qty"]:
            raise Refused(422, "NO_SHARES", "there are not so many shares")
        now = self.now().isoformat()
        order = Order(id=f"L{next(self.numbers)}", placed=now, changed=now, **body)
        if body["side"] == "B" and self._price(order.symbol) * order.qty > self._cash():
            raise Refused(422, "NO_MONEY", "there is not so much money")
        self.orders.append(order)
        if taken.no_tag_echo:
            self.untagged.add(order.id)
        self._match(order)
        return {"id": order.id}

    def _modify(self, order: Order, body: dict[str, Any]) -> object:
        order.qty, order.limit, order.changed = body["qty"], body["limit"], self.now().isoformat()
        self._match(order)
        return {"id": order.id}

    def _cancel(self, order: Order) -> object:
        order.status, order.changed = "CANCELLED", self.now().isoformat()
        return {"id": order.id}

    def _match(self, order: Order) -> None:
        price = self._price(order.symbol)
        sign = 1 if order.side == "B" else -1
        if order.limit is not None and (Decimal(order.limit) - price) * sign < 0:
            return
        order.status, order.done, order.average = "DONE", order.qty, str(price)
        self.trades.append(
            {
                "id": f"T{len(self.trades) + 1}",
                "order": order.id,
                "symbol": order.symbol,
                "side": order.side,
                "qty": order.qty,
                "price": str(price),
                "at": self.now().isoformat(),
            }
        )

    def _live(self, order_id: str) -> Order:
        found = next((order for order in self.orders if order.id == order_id), None)
        if found is None:
            raise Refused(404, "NO_SUCH_ORDER", "there is no such order")
        if found.status != "OPEN":
            raise Refused(409, "ORDER_ENDED", f"the order is {found.status}")
        return found

    def _shown(self, order: Order) -> dict[str, Any]:
        return asdict(order) | ({"ref": None} if order.id in self.untagged else {})

    def _price(self, symbol: str) -> Decimal:
        if symbol not in self.prices:
            raise Refused(404, "NO_SUCH_SYMBOL", f"there is no {symbol}")
        return self.prices[symbol]

    def _traded(self, symbol: str | None, side: str) -> tuple[int, Decimal]:
        found = [one for one in self.trades if one["side"] == side and symbol in (None, one["symbol"])]
        return sum(one["qty"] for one in found), sum((one["qty"] * Decimal(one["price"]) for one in found), Decimal(0))

    def _owned(self, symbol: str) -> int:
        return self._traded(symbol, "B")[0] - self._traded(symbol, "S")[0]

    def _cash(self) -> Decimal:
        return CASH - self._traded(None, "B")[1] + self._traded(None, "S")[1]

    def _positions(self) -> list[dict[str, Any]]:
        rows = []
        for symbol in sorted({one["symbol"] for one in self.trades}):
            (bought, bought_value), (sold, sold_value) = (self._traded(symbol, side) for side in "BS")
            rows.append(
                {
                    "symbol": symbol,
                    "bought": bought,
                    "bought_value": str(bought_value),
                    "sold": sold,
                    "sold_value": str(sold_value),
                    "last": str(self._price(symbol)),
                }
            )
        return rows

    def _quotes(self, symbols: list[str]) -> list[dict[str, Any]]:
        at = self.now().isoformat()
        return [{"symbol": symbol, "last": str(self._price(symbol)), "at": at} for symbol in symbols]
