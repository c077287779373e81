"""`ordo demo`: a broker's reply is lost on purpose, and the order is found again. Needs no configuration and no
network, and checks its own claims.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr
from pydantic_core import to_json
from rich.console import RenderableType
from rich.text import Text

from ordo.application.brokers import Brokers
from ordo.application.gateway import Gateway
from ordo.container.lifespan import running
from ordo.container.root import Container, container_for
from ordo.container.trails import verify
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import MatchedBy, Order, OrderStatus, OrderType, PlaceOrder, Product, Side
from ordo.entrypoints.cli import pages
from ordo.entrypoints.cli.lost_reply import LosingBroker
from ordo.entrypoints.cli.outcome import ExitCode
from ordo.schemas.config.settings import AuditConfig, Settings
from ordo.schemas.v1 import orders as v1_orders
from ordo.schemas.v1 import portfolio as v1_portfolio

_ACCOUNT = Account.parse("paper/DEMO")
_SHARE = InstrumentKey.parse("NSE:SBIN")
_KEY = "demo-rebalance-1"
_WAITING_BELOW = Decimal("0.97")
_LIFE = (
    AuditKind.ORDER_RECEIVED,
    AuditKind.ORDER_SUBMITTED,
    AuditKind.ORDER_UNKNOWN,
    AuditKind.ORDER_RECONCILED,
    AuditKind.ORDER_REPLAYED,
)


@dataclass(slots=True)
class Story:
    """What happened, and what is claimed of it. Tells itself as it goes, unless it is wanted as JSON."""

    as_json: bool
    facts: dict[str, object] = field(default_factory=dict)
    claims: list[tuple[str, bool]] = field(default_factory=list)

    def say(self, page: RenderableType) -> None:
        if not self.as_json:
            pages.show(page)

    def head(self, text: str) -> None:
        self.say(Text(f"\n{text}", style="bold"))

    def tell(self, text: str) -> None:
        self.say(Text(text, style="dim"))

    def claim(self, text: str, *, holds: bool) -> None:
        self.claims.append((text, holds))
        self.say(Text.assemble(("  yes  ", "green") if holds else ("  NO   ", "bold red"), text))

    @property
    def holds(self) -> bool:
        return all(holds for _, holds in self.claims)


def demo(*, as_json: bool) -> ExitCode:
    """Tell the story; `BROKEN_PROMISE` when one of its claims does not hold."""
    story = Story(as_json)
    with TemporaryDirectory(prefix="ordo-demo-") as place:
        asyncio.run(_tell(story, Path(place)))
    if as_json:
        claims = [{"claim": text, "holds": holds} for text, holds in story.claims]
        document = {"ok": story.holds, "claims": claims, **story.facts}
        sys.stdout.write(to_json(document).decode() + "\n")
    else:
        story.head("Every claim holds." if story.holds else "A claim does not hold: this is a bug in Ordo.")
    return ExitCode.OK if story.holds else ExitCode.BROKEN_PROMISE


async def _tell(story: Story, place: Path) -> None:
    settings = Settings(
        database_url=f"sqlite+aiosqlite:///{place / 'ordo.db'}",
        audit=AuditConfig(dir=place / "audit"),
        master_keys=SecretStr(base64.urlsafe_b64encode(os.urandom(32)).decode()),
    )
    container = container_for(settings)
    broker = _losing(container)
    async with running(container) as gateway:
        await _ordinary_day(story, gateway)
        lost = await _lost_reply(story, gateway, broker)
        await _same_key(story, gateway, broker, lost)
        await _possessions(story, gateway)
    _trail(story, settings.audit.dir / "audit.jsonl", lost)


def _losing(container: Container) -> LosingBroker:
    """Put a broker that loses answers in the place of the paper broker."""
    line = container.brokers().of(_ACCOUNT)
    broker = LosingBroker(line.broker)
    container.brokers.override(Brokers((replace(line, broker=broker),)))
    return broker


async def _ordinary_day(story: Story, gateway: Gateway) -> None:
    story.head("1. Orders at the paper broker: one at the market, one that waits below it, and its cancellation")
    story.tell("A gateway of its own, in a temporary directory: prices and money are invented, the matching is real.")
    bought = await gateway.orders.place(_ACCOUNT, _order(10), key="demo-market")
    story.say(pages.orders((v1_orders.Order.of(bought),)))
    story.claim("the market order is filled", holds=bought.status is OrderStatus.FILLED)

    (quote,) = await gateway.quotes.quotes(_ACCOUNT, (_SHARE,))
    instrument = gateway.instruments.get(_SHARE)
    below = (
        quote.last_price * _WAITING_BELOW
        if instrument is None
        else instrument.round_down(quote.last_price * _WAITING_BELOW)
    )
    waiting = await gateway.orders.place(_ACCOUNT, _order(5, price=below), key="demo-limit")
    story.claim(f"the limit order at {below} waits", holds=waiting.status is OrderStatus.OPEN)
    cancelled = await gateway.orders.cancel(_ACCOUNT, waiting.order_id, key="demo-cancel")
    story.claim("it is cancelled", holds=cancelled.status is OrderStatus.CANCELLED)


async def _lost_reply(story: Story, gateway: Gateway, broker: LosingBroker) -> Order:
    story.head("2. The broker accepts an order, and its reply is lost")
    story.tell(
        "The order reaches the broker, and the connection breaks before the answer. To send it again could buy twice."
    )
    broker.lose_next()
    found = await gateway.orders.place(_ACCOUNT, _order(2), key=_KEY)
    shown = v1_orders.Order.of(found)
    story.facts["order"] = shown
    story.say(pages.order(shown))
    story.claim("the broker had accepted it, and its reply was lost", holds=len(broker.lost) == 1)
    story.claim(
        f"Ordo looked into the broker's book and found the order by its tag, {found.order_id}",
        holds=found.matched_by is MatchedBy.TAG
        and found.broker_order_id in {answer.broker_order_id for answer in broker.lost},
    )
    return found


async def _same_key(story: Story, gateway: Gateway, broker: LosingBroker, lost: Order) -> None:
    story.head(f"3. The caller tries again with the same key, {_KEY}")
    story.tell("A caller that has seen no answer may repeat its call for seven days: the key makes it one order.")
    again = await gateway.orders.place(_ACCOUNT, _order(2), key=_KEY)
    story.claim("the answer is the same order, marked as a replay", holds=again == lost and again.replayed)
    book = await gateway.orders.list(_ACCOUNT)
    story.say(pages.orders(tuple(v1_orders.Order.of(order) for order in book.items)))
    same = [
        order
        for order in book.items
        if lost.broker_order_id == order.broker_order_id or order.order_id == lost.order_id
    ]
    story.facts["orders_in_book"] = len(same)
    story.facts["times_sent"] = broker.placed[lost.order_id]
    story.claim("the broker was asked to place it once", holds=broker.placed[lost.order_id] == 1)
    story.claim("the book holds exactly one such order", holds=len(same) == 1)


async def _possessions(story: Story, gateway: Gateway) -> None:
    story.head("4. What the account has now")
    portfolio = await gateway.portfolio.portfolio(_ACCOUNT)
    shown = v1_portfolio.Portfolio.of(portfolio)
    story.facts["portfolio"] = shown
    story.say(pages.portfolio(shown))
    filled = sum(order.filled_quantity for order in (await gateway.orders.list(_ACCOUNT)).items)
    held = sum(position.quantity for position in portfolio.positions if position.instrument == _SHARE)
    story.claim(f"it holds the {filled} shares that were filled, and not one more", holds=held == filled)


def _trail(story: Story, path: Path, lost: Order) -> None:
    story.head("5. The audit trail's lines for that order")
    story.tell(
        "Each was written before or as the thing happened; nothing was sent before the second line was in the file."
    )
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    its = [line for line in lines if line["order_id"] == lost.order_id]
    story.facts["audit"] = its
    for line in its:
        facts = line["facts"]
        story.say(Text(f"  {line['at']}  {line['event']:<18} {facts.get('status', '')}"))
    kinds = tuple(line["event"] for line in its)
    story.claim("received, submitted, unknown, found, repeated: in this order", holds=kinds == _LIFE)
    (chain,) = verify(path.parent)
    story.claim(
        f"the trail's {chain.lines} lines are an unbroken chain: each holds the digest of the one before it",
        holds=chain.fault is None and chain.anchored,
    )


def _order(quantity: int, *, price: Decimal | None = None) -> PlaceOrder:
    return PlaceOrder(
        instrument=_SHARE,
        side=Side.BUY,
        quantity=quantity,
        order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
        product=Product.CNC,
        price=price,
    )
