"""What a broker can do. Declared by its adapter, checked before anything is sent, and proven by the contract
suite.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from ordo.domain.errors import Unsupported
from ordo.domain.instruments import Venue
from ordo.domain.orders import OrderTerms, OrderType, Product, Validity
from ordo.domain.protection import MarketOrders


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The whole matrix: an order is possible when each of its traits is listed.

    `tag_echo`: that the book shows Ordo's tags is promised; else it may be so for an account, which the row of an order
    that was answered with its broker's id shows. `rejects_in_answer`: what the broker's risk system turns down is
    `Refused` by `place`; else `place` is acknowledged, and the book shows the rejection. `market_orders`: who bounds
    how far one runs; where Ordo does, `auto_percent` is how far unless the order says so, and `None` means by slabs.
    `strict_trigger`: a stop's trigger may not equal its price.
    """

    venues: frozenset[Venue]
    products: frozenset[Product]
    order_types: frozenset[OrderType]
    validities: frozenset[Validity]
    after_market: bool
    disclosed_quantity: bool
    market_protection: bool
    modify: bool
    tag_echo: bool
    rejected_in_book: bool
    order_history_days: int
    rejects_in_answer: bool = True
    market_orders: MarketOrders = MarketOrders.BROKER
    strict_trigger: bool = False
    auto_percent: Decimal | None = None

    def require(self, terms: OrderTerms, *, broker_id: str) -> None:
        """Raise `Unsupported`, naming the field, unless this broker takes such an order."""
        if terms.instrument.venue not in self.venues:
            raise self._not_among(broker_id, "instrument", terms.instrument.venue, self.venues)
        if terms.product not in self.products:
            raise self._not_among(broker_id, "product", terms.product, self.products)
        if terms.order_type not in self.order_types:
            raise self._not_among(broker_id, "order_type", terms.order_type, self.order_types)
        if terms.validity not in self.validities:
            raise self._not_among(broker_id, "validity", terms.validity, self.validities)
        if terms.after_market and not self.after_market:
            raise self._refusal(broker_id, "after_market", "true", "orders are taken for the running session only")
        if terms.disclosed_quantity is not None and not self.disclosed_quantity:
            raise self._refusal(broker_id, "disclosed_quantity", terms.disclosed_quantity, "leave it out")
        if terms.protection != "auto" and not self.market_protection:
            raise self._refusal(broker_id, "protection", terms.protection, "leave it at auto")

    def require_modify(self, *, broker_id: str) -> None:
        """Raise `Unsupported` unless this broker changes live orders."""
        if not self.modify:
            raise Unsupported(
                f"Nothing was sent: {broker_id} does not modify orders; cancel this one and place another.",
                field="operation",
                seen="MODIFY",
                broker_id=broker_id,
            )

    def _not_among(self, broker_id: str, name: str, value: str, offered: Iterable[str]) -> Unsupported:
        return self._refusal(broker_id, name, value, f"offered are {', '.join(sorted(offered))}")

    @staticmethod
    def _refusal(broker_id: str, name: str, value: object, instead: str) -> Unsupported:
        return Unsupported(
            f"The order was not sent: {broker_id} does not offer {name} {value}; {instead}.",
            field=name,
            seen=value,
            broker_id=broker_id,
        )
