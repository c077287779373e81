"""Price-time priority.

Paper orders trade with the market's visible depth, never with one another, and what one of them took is gone
for the next until the market moves. An incoming order walks the opposite levels, best first, at their prices.
An order that rests fills at its own price, when the opposite side's best price reaches it: a seller can only
be offering at a buyer's price when all buyers before him at that price have been served. The last price or the
own side's best price touching it fills nothing.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from decimal import Decimal

from ordo.adapters.paper.state import PaperOrder
from ordo.domain.market import Depth, Level
from ordo.domain.orders import Side

_Rank = tuple[Decimal, int, str]


def take(levels: list[Level], side: Side, *, worst: Decimal, quantity: int) -> list[tuple[Decimal, int]]:
    """Remove up to a quantity from the levels that an order of this side may trade with, best first.

    Returns the price and quantity of each level's part; what is left of the levels stays in the list.
    """
    parts = []
    while quantity and levels and reaches(side, worst, levels[0].price):
        best = levels[0]
        part = min(quantity, best.quantity)
        quantity -= part
        parts.append((best.price, part))
        if part == best.quantity:
            del levels[0]
        else:
            levels[0] = Level(price=best.price, quantity=best.quantity - part)
    return parts


def reaches(side: Side, worst: Decimal, price: Decimal) -> bool:
    """Whether an order with this worst price may trade at a price."""
    return price <= worst if side is Side.BUY else price >= worst


def fires(side: Side, trigger: Decimal, last_price: Decimal) -> bool:
    """Whether a stop fires: a purchase when the last price is at or above its trigger, a sale at or below."""
    return last_price >= trigger if side is Side.BUY else last_price <= trigger


class Resting:
    """The live orders in one instrument that wait: limits for a price, stops for their trigger."""

    __slots__ = ("_limits", "_places", "_stops")

    def __init__(self) -> None:
        self._limits: dict[Side, list[_Rank]] = {Side.BUY: [], Side.SELL: []}
        self._stops: dict[Side, list[_Rank]] = {Side.BUY: [], Side.SELL: []}
        self._places: dict[str, tuple[list[_Rank], _Rank]] = {}

    def __bool__(self) -> bool:
        return bool(self._places)

    def add(self, order: PaperOrder) -> None:
        """Let an order wait, behind those with its price or trigger that came before it."""
        side, trigger = order.terms.side, order.terms.trigger_price
        if order.armed and trigger is not None:
            queue, rank = self._stops[side], (trigger * side.sign, order.priority, order.number)
        else:
            queue, rank = self._limits[side], (order.worst * -side.sign, order.priority, order.number)
        insort(queue, rank)
        self._places[order.number] = queue, rank

    def discard(self, number: str) -> None:
        """Let an order wait no longer; one that does not wait is left alone."""
        place = self._places.pop(number, None)
        if place is not None:
            queue, rank = place
            del queue[bisect_left(queue, rank)]

    def first(self, side: Side, best: Decimal) -> str | None:
        """The order of a side that is first in line, when the opposite best price reaches it."""
        queue = self._limits[side]
        return queue[0][2] if queue and reaches(side, queue[0][0] * -side.sign, best) else None

    def fired(self, last_price: Decimal) -> list[str]:
        """The stops that the last price fires, in the order in which they came."""
        hits: list[_Rank] = []
        for side, queue in self._stops.items():
            for rank in queue:
                if not fires(side, rank[0] * side.sign, last_price):
                    break
                hits.append(rank)
        return [number for _, _, number in sorted(hits, key=lambda rank: rank[1])]

    def stirred_by(self, depth: Depth) -> bool:
        """Whether any order would trade or fire in such a market."""
        if depth.asks and self.first(Side.BUY, depth.asks[0].price) is not None:
            return True
        if depth.bids and self.first(Side.SELL, depth.bids[0].price) is not None:
            return True
        return any(
            queue and fires(side, queue[0][0] * side.sign, depth.last_price) for side, queue in self._stops.items()
        )
