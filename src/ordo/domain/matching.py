"""Finding the row of an order in the broker's book, and what a book that lacks it is worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from ordo.domain.book import BookIndex, BrokerOrder, Snapshot
from ordo.domain.idempotency import Intent
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import MatchedBy, Order, OrderType, Product, Side, Validity, is_order_id

_Terms = tuple[InstrumentKey, Side, int, Product, Validity, OrderType]

_CLOCKS_APART = timedelta(seconds=5)
_LATEST = timedelta(seconds=70)
"""A send may begin ten seconds after the order was made, and the broker may take a minute to stamp it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One complete read of an account's book. `began` is when the read was asked for, an aware time."""

    began: datetime
    book: Snapshot[BrokerOrder]
    index: BookIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRead(Look):
    """One complete read of an account's book, beside what Ordo placed there that day.

    `declared_echo`: the adapter says that the book shows tags; the rows of orders that are known by the broker's id say
    whether that is so for this account: `shown_echo`, `None` where there is no such row. `shows_rejected`: the adapter
    says that the book lists rejected orders. `claimed`: the broker's ids of the orders that are known by them.
    """

    placements: tuple[Intent, ...]
    declared_echo: bool
    shows_rejected: bool
    claimed: frozenset[str] = field(init=False, repr=False)
    shown_echo: bool | None = field(init=False, repr=False)
    _lacks_known: bool = field(init=False, repr=False, compare=False)
    _nameless: Mapping[_Terms, Sequence[BrokerOrder]] | None = field(
        init=False, repr=False, compare=False, default=None
    )
    _awaited: Mapping[_Terms, Sequence[Order]] | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        # Once for the read: each of these looks at the whole day, and a read may be held against thousands of orders.
        claimed, known, tagged, lacks = set(), [], False, False
        by_id, by_tag = self.index.by_id, self.index.by_tag
        for placement in self.placements:
            order = placement.order
            tagged = tagged or order.order_id in by_tag
            if order.broker_order_id is not None:
                claimed.add(order.broker_order_id)
                row = by_id.get(order.broker_order_id)
                if row is not None:
                    known.append(row.tag == order.order_id)
                elif placement.created_at < self.began:
                    lacks = True
        shown = all(known) if known else True if tagged else None
        object.__setattr__(self, "claimed", frozenset(claimed))
        object.__setattr__(self, "shown_echo", shown)
        object.__setattr__(self, "_lacks_known", lacks)

    @property
    def echo(self) -> bool:
        """Whether this account's book shows tags, as far as is known."""
        return self.declared_echo if self.shown_echo is None else self.shown_echo

    def find(self, order: Order) -> tuple[BrokerOrder, MatchedBy] | None:
        """The row of an order: by its ids; where the book shows no tags, the only row that it can be, if no other
        order of ours can be that row.
        """
        row = self.index.row(order)
        if row is not None:
            return row, MatchedBy.TAG
        if order.broker_order_id is not None or self.echo:
            return None
        rows = self.candidates(order)
        if len(rows) != 1 or self._is_contested(order, rows[0]):
            return None
        return rows[0], MatchedBy.FINGERPRINT

    def candidates(self, order: Order) -> list[BrokerOrder]:
        """The rows without a tag that nobody claims and that the order could be."""
        rows = self._nameless
        if rows is None:
            rows = self._group_rows()
        return [row for row in rows.get(_asked(order), ()) if could_be(order, row)]

    def may_be_ours(self, row: BrokerOrder) -> bool:
        """Whether the row could be an order of ours of which the broker's id is not known."""
        return any(could_be(order, row) for order in self._awaiting(row))

    def lacks_known(self) -> bool:
        """Whether an order that is known to be there is missing: then the book is stale or cut."""
        return self._lacks_known

    def lacks(self, order: Order) -> bool:
        """Whether this read, for its part, shows that an order is not there. It takes tags, a book that lists what was
        rejected and lacks nothing else, and, where tags are only promised, no row that could be the order without one.
        """
        if not self.echo or not self.shows_rejected or self.lacks_known() or self.index.row(order) is not None:
            return False
        return self.shown_echo is True or not self.candidates(order)

    def _is_contested(self, order: Order, row: BrokerOrder) -> bool:
        return any(other.order_id != order.order_id and could_be(other, row) for other in self._awaiting(row))

    def _awaiting(self, row: BrokerOrder) -> Sequence[Order]:
        orders = self._awaited
        if orders is None:
            orders = self._group_orders()
        return orders.get(_there(row), ())

    # Grouped when the first asks for it: where the book shows tags, hardly anybody does.

    def _group_rows(self) -> Mapping[_Terms, Sequence[BrokerOrder]]:
        rows = defaultdict(list)
        for row in self.book.items:
            if row.broker_order_id not in self.claimed and not (row.tag is not None and is_order_id(row.tag)):
                rows[_there(row)].append(row)
        object.__setattr__(self, "_nameless", rows)
        return rows

    def _group_orders(self) -> Mapping[_Terms, Sequence[Order]]:
        orders = defaultdict(list)
        for placement in self.placements:
            if placement.order.broker_order_id is None:
                orders[_asked(placement.order)].append(placement.order)
        object.__setattr__(self, "_awaited", orders)
        return orders


def could_be(order: Order, row: BrokerOrder) -> bool:
    """Whether a row has the terms with which an order was sent and a time at which it may have reached the broker."""
    kind, price = row.order_type, _sent(order)[1]
    return (
        _asked(order) == _there(row)
        and row.foreign_product is None
        and (not kind.has_price or price == row.price)
        and (not kind.has_trigger or order.trigger_price == row.trigger_price)
        and order.created_at - _CLOCKS_APART <= row.placed_at <= order.created_at + _LATEST
    )


def _sent(order: Order) -> tuple[OrderType, Decimal | None]:
    """A market order that went out as a limit stands in the book as one."""
    return (order.order_type, order.price) if order.sent_type is None else (order.sent_type, order.sent_price)


def _asked(order: Order) -> _Terms:
    return order.instrument, order.side, order.quantity, order.product, order.validity, _sent(order)[0]


def _there(row: BrokerOrder) -> _Terms:
    return row.instrument, row.side, row.quantity, row.product, row.validity, row.order_type


def unexplained(read: BookRead) -> Iterable[tuple[BrokerOrder, str]]:
    """The rows that no order of this gateway explains, each with what is strange about it."""
    strange = unclaimed(read)
    if not strange:
        return
    orders = {placement.order.order_id: placement.order for placement in read.placements}
    for row in strange:
        namesake = None if row.tag is None else orders.get(row.tag)
        if namesake is not None and namesake.broker_order_id is None:
            continue
        if not read.echo and read.may_be_ours(row):
            continue
        if namesake is not None:
            yield row, f"a second order stands in the broker's book under the tag {row.tag}"
        elif row.tag is not None and is_order_id(row.tag):
            yield row, f"the tag {row.tag} has the form of Ordo's, but is not on record here"
        else:
            yield row, "another program placed this order"


def unclaimed(read: BookRead) -> list[BrokerOrder]:
    """The rows that no order of this gateway is known to be."""
    return [row for row in read.book.items if row.broker_order_id not in read.claimed]
