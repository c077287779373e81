"""Is there one sequence of events that explains what many clients were told of one order?

A client's call is an interval between its beginning and its end; somewhere in between, at one point, it took effect. A
history is explained if such points can be chosen that a single order, seen by one after the other, gives every answer
that was given (Wing and Gong, 1993). A call without an end, or whose outcome is unknown, may have taken effect at any
time after its beginning, or never.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache

NEVER = 2**62


class Kind(Enum):
    """What a call asked for: a new price, the end of the order, or how it stands."""

    MODIFY = auto()
    CANCEL = auto()
    READ = auto()


class Told(Enum):
    """What became of a call: it took effect, it had none, or nobody knows."""

    DONE = auto()
    NOTHING = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. `price` is what was asked for, or read; `over`: a read showed the order cancelled."""

    kind: Kind
    begins: int
    ends: int
    told: Told
    price: str | None = None
    over: bool = False


@dataclass(frozen=True, slots=True)
class _Order:
    price: str
    asked_to_end: bool = False
    over: bool = False


def is_explained(calls: Sequence[Call], *, price: str) -> bool:
    """Whether one order that was placed at a price explains what all were told."""
    ended = tuple(call if call.told is not Told.UNKNOWN else _endless(call) for call in calls)
    needed = frozenset(number for number, call in enumerate(ended) if call.ends != NEVER)

    @cache
    def explain(left: frozenset[int], order: _Order) -> bool:
        if not left & needed:
            return True
        first_end = min(ended[number].ends for number in left)
        for number in left:
            call = ended[number]
            if call.begins > first_end:
                continue
            for after in _after(order, call):
                if explain(left - {number}, after):
                    return True
        return False

    return explain(frozenset(range(len(ended))), _Order(price))


def _endless(call: Call) -> Call:
    return Call(kind=call.kind, begins=call.begins, ends=NEVER, told=call.told, price=call.price)


def _after(order: _Order, call: Call) -> list[_Order]:
    """What the order may be after a call has taken effect; nothing where the answer contradicts it."""
    if call.told is Told.NOTHING:
        return [order]
    if call.kind is Kind.MODIFY:
        return [] if order.over else [_Order(str(call.price), order.asked_to_end, order.over)]
    if call.kind is Kind.CANCEL:
        return [] if order.over else [_Order(order.price, asked_to_end=True), _Order(order.price, True, True)]  # noqa: FBT003
    if call.price != order.price:
        return []
    if call.over == order.over:
        return [order]
    return [_Order(order.price, True, True)] if call.over and order.asked_to_end else []  # noqa: FBT003
