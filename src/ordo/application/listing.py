"""Finding orders: what Ordo placed, beside what the broker's book shows."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from ordo.application.books import Books
from ordo.application.context import Context
from ordo.application.joint import Joint
from ordo.application.reading import BrokerCalls
from ordo.application.reconcile import Reconciler
from ordo.domain.accounts import Account
from ordo.domain.book import BrokerOrder, Snapshot, observe
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.idempotency import Intent, IntentState
from ordo.domain.orders import (
    MatchedBy,
    Order,
    OrderStatus,
    OrderType,
    Product,
    valid_order_id,
)
from ordo.ports.clock import Clock
from ordo.ports.idempotency import IdempotencyStore

_ID_SPACE = 10**14
_MOST_SHOWN = 16_384


class OrderReader:
    """Reads orders, and learns from every look into the book."""

    def __init__(
        self, store: IdempotencyStore, calls: BrokerCalls, books: Books, reconciler: Reconciler, clock: Clock
    ) -> None:
        self._store = store
        self._calls = calls
        self._books = books
        self._reconciler = reconciler
        self._lists: Joint[Account, Snapshot[Order]] = Joint(clock)
        self._shown: dict[tuple[Account, str], tuple[BrokerOrder, Order]] = {}

    def echoes(self, account: Account) -> bool:
        """Whether the account's book shows Ordo's tags, as far as is known."""
        return self._books.echoes(account)

    async def placement(self, account: Account, order_id: str) -> Intent:
        """The intent that placed an order; raises `Invalid` (`ORDER_NOT_FOUND`)."""
        self._calls.broker(account)
        placement = await self._store.placement(account, valid_order_id(order_id))
        if placement is None:
            raise Invalid.field("order_id", f"is no order of {account}", seen=order_id, code=ErrorCode.ORDER_NOT_FOUND)
        return placement

    async def get(self, account: Account, order_id: str, context: Context) -> Order:
        self._calls.broker(account)
        placement = await self._store.placement(account, valid_order_id(order_id))
        if placement is None:
            for row in (await self._books.look(account, context)).book.items:
                if external_id(account, row) == order_id:
                    return self._external(account, row)
            raise Invalid.field("order_id", f"is no order of {account}", seen=order_id, code=ErrorCode.ORDER_NOT_FOUND)
        if not placement.state.is_settled:
            placement = await self._reconciler.look(placement, context)
        status = placement.order.status
        # What is held for not placed may still turn up.
        is_over = status.is_terminal and status is not OrderStatus.NOT_PLACED
        if is_over or not placement.state.is_settled:
            return placement.order
        return await self._books.seen(placement, await self._books.look(account, context), context)

    async def list(self, account: Account, context: Context) -> Snapshot[Order]:
        """The day's orders, oldest first: as of a read that begins after this call, shared by those who ask at once."""
        context.permit(account)
        return await self._lists.ask(account, lambda: self._list(account, context))

    async def _list(self, account: Account, context: Context) -> Snapshot[Order]:
        read = await self._books.read(account, context)
        ours = []
        for placement in read.placements:
            if placement.state is IntentState.UNKNOWN:
                placement = await self._reconciler.weigh(placement, read, context)  # noqa: PLW2901  (as it is now)
            ours.append(await self._books.seen(placement, read, context))
        claimed = {order.broker_order_id for order in ours}
        # A second order under one tag is shown as nobody's, once the first is known by its id.
        awaited = {order.order_id for order in ours if order.broker_order_id is None}
        others = [
            self._external(account, row)
            for row in read.book.items
            if row.broker_order_id not in claimed and row.tag not in awaited
        ]
        items = sorted([*ours, *others], key=lambda order: order.created_at)
        return Snapshot(as_of=read.book.as_of, items=tuple(items))

    def _external(self, account: Account, row: BrokerOrder) -> Order:
        """An order that another program placed; the same as before where its row is."""
        name = account, row.broker_order_id
        kept = self._shown.get(name)
        if kept is not None and kept[0] == row:
            return kept[1]
        if len(self._shown) >= _MOST_SHOWN:
            self._shown.clear()
        shown = _external(account, row)
        self._shown[name] = row, shown
        return shown


def external_id(account: Account, row: BrokerOrder) -> str:
    """A lasting order id for an order that another program placed: a 9, then 14 digits of a hash of its
    broker's id.
    """
    digest = hashlib.sha256(f"{account}\n{row.broker_order_id}".encode()).digest()
    return f"9{int.from_bytes(digest[:8], 'big') % _ID_SPACE:014d}"


def _external(account: Account, row: BrokerOrder) -> Order:
    facts = {"external": "true", "raw_status": row.raw_status}
    order_type, product = row.order_type, row.product
    try:
        order = _asked(account, row, order_type, product)
    except Invalid:
        # What the exchange turned down or has triggered need not be an order that anybody could place.
        facts |= {"order_type": order_type, "product": product, "price": str(row.price)}
        facts |= {"trigger_price": str(row.trigger_price)}
        order = _asked(account, row, OrderType.MARKET, Product.MIS)
    seen = observe(order, row, at=row.updated_at, matched_by=MatchedBy.ANSWER)
    return replace(seen, matched_by=None, metadata=row.metadata | facts)


def _asked(account: Account, row: BrokerOrder, order_type: OrderType, product: Product) -> Order:
    return Order(
        order_id=external_id(account, row),
        account=account,
        instrument=row.instrument,
        side=row.side,
        quantity=row.quantity,
        order_type=order_type,
        product=product,
        price=row.price if order_type.has_price else None,
        trigger_price=row.trigger_price if order_type.has_trigger else None,
        validity=row.validity,
        status=OrderStatus.SUBMITTING,
        created_at=row.placed_at,
        updated_at=row.updated_at,
    )
