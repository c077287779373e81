"""Answers as people read them: tables, with colour on a terminal only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ordo.domain.calendar import IST
from ordo.domain.orders import OrderStatus
from ordo.domain.sessions import SessionState
from ordo.entrypoints.cli.logging_in import Attempt
from ordo.schemas.v1.fields import money_text
from ordo.schemas.v1.market import Instrument, Quote
from ordo.schemas.v1.orders import Order
from ordo.schemas.v1.portfolio import Portfolio
from ordo.schemas.v1.safety import KillSwitch
from ordo.schemas.v1.sessions import Session
from ordo.schemas.v1.status import Master, Status

_WIDE = 240
_ON_ITS_WAY = frozenset({OrderStatus.SUBMITTING, OrderStatus.UNKNOWN, OrderStatus.ACKNOWLEDGED})
_STYLES = {
    "FILLED": "green",
    "ACTIVE": "green",
    "REJECTED": "red",
    "DENIED": "red",
    "HALTED": "bold red",
    "UNKNOWN": "bold yellow",
    "SUSPECT": "bold yellow",
    "CURRENT": "green",
    "STALE": "bold yellow",
    "ABSENT": "bold yellow",
    "REDUCE_ONLY": "bold yellow",
    "STOPPED": "bold red",
    "ok": "green",
}


def console() -> Console:
    """Standard output. What is not a terminal has no edge to cut a line at."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDE
    return Console(file=sys.stdout, width=width, highlight=False)


def show(page: RenderableType) -> None:
    """Write a page to standard output."""
    console().print(page)


def order(order: Order) -> RenderableType:
    facts = Table.grid(padding=(0, 2))
    rows: list[tuple[str, object]] = [
        ("order", order.order_id),
        ("account", order.account),
        ("status", order.status),
        ("", f"{order.side} {order.quantity} {order.instrument}, {_kind(order)}, {order.product}, {order.validity}"),
        ("filled", f"{order.filled_quantity} of {order.quantity}{_at(order.average_price)}"),
        ("pending", order.pending_op),
        ("message", order.status_message),
        ("broker's id", order.broker_order_id),
        ("known by", order.matched_by),
        ("placed", order.created_at),
        ("next", f"`ordo orders {order.account}` shows what becomes of it" if order.status in _ON_ITS_WAY else None),
    ]
    for name, value in rows:
        if value is not None:
            facts.add_row(Text(name, style="dim"), _cell(value))
    return facts


def orders(found: tuple[Order, ...]) -> RenderableType:
    return _table(
        "orders",
        ("order", "time", "side", "quantity", "instrument", "type", "product", "filled", "average", "status"),
        (
            (
                one.order_id,
                f"{one.created_at.astimezone(IST):%H:%M:%S}",
                one.side,
                one.quantity,
                one.instrument,
                _kind(one),
                one.product,
                one.filled_quantity,
                one.average_price,
                f"{one.status} ({one.pending_op} pending)" if one.pending_op else one.status,
            )
            for one in found
        ),
    )


def portfolio(found: Portfolio) -> RenderableType:
    cash = Text(
        f"cash {_text(found.cash_balance)}   available {_text(found.margin_available)}   as of {_text(found.as_of)}"
    )
    positions = _table(
        "positions",
        ("instrument", "product", "quantity", "average", "last", "realised", "unrealised", "P&L"),
        (
            (
                one.instrument,
                one.product,
                one.quantity,
                one.average_price,
                one.last_price,
                one.realised_pnl,
                one.unrealised_pnl,
                one.pnl,
            )
            for one in found.positions
        ),
    )
    holdings = _table(
        "holdings",
        ("instrument", "quantity", "T1", "pledged", "average", "last", "P&L"),
        (
            (
                one.instrument,
                one.quantity,
                one.t1_quantity,
                one.pledged_quantity,
                one.average_price,
                one.last_price,
                one.pnl,
            )
            for one in found.holdings
        ),
    )
    return Group(cash, positions, holdings)


def quotes(found: tuple[Quote, ...]) -> RenderableType:
    return _table(
        "quotes",
        ("instrument", "last", "time"),
        ((one.instrument_token, one.last_price, one.timestamp) for one in found),
    )


def instruments(found: tuple[Instrument, ...]) -> RenderableType:
    return _table(
        "instruments",
        ("key", "name", "lot", "tick", "freeze", "trades", "as of"),
        (
            (
                one.key,
                one.name,
                one.lot_size,
                one.tick_size,
                one.freeze_quantity,
                "yes" if one.tradable else "no",
                one.as_of,
            )
            for one in found
        ),
    )


def masters(found: tuple[Master, ...]) -> RenderableType:
    return _table(
        "masters",
        ("master", "state", "as of", "loaded", "rows", ""),
        ((one.name, one.state, one.as_of, one.loaded_at, one.rows, one.stale_reason) for one in found),
    )


def switch(found: KillSwitch) -> RenderableType:
    whose = "" if found.account is None else f"{found.account} "
    return Text.assemble(f"kill switch {whose}", _cell(found.state), f" ({found.changed_by}: {found.reason})")


def status(found: Status) -> RenderableType:
    return Group(
        *(switch(one) for one in (found.kill_switch, *found.account_switches)),
        _table(
            "stores",
            ("store", "state", ""),
            ((one.name, "ok" if one.ok else "DOWN", one.message) for one in found.stores),
        ),
        masters(found.masters),
        *(() if found.calendar_problem is None else (Text(f"calendar: {found.calendar_problem}"),)),
        _table(
            "sessions",
            ("account", "state", "expires", "what to do"),
            ((one.account, one.state, one.expires_at, one.advice) for one in found.sessions),
        ),
        _table(
            "unknown orders",
            ("order", "account", "instrument", "status", "since"),
            ((one.order_id, one.account, one.instrument, one.status, one.created_at) for one in found.unknown_orders),
        ),
        _table(
            "circuits",
            ("broker", "calls", "state", "failures", "since"),
            ((one.adapter_id, one.kind, one.state, one.failures, one.changed_at) for one in found.circuits),
        ),
        _table(
            "budgets",
            ("account", "orders/s", "orders/min", "reads/s", "reads/min", "strikes", ""),
            (
                (
                    one.account,
                    one.orders_last_second,
                    one.orders_last_minute,
                    one.reads_last_second,
                    one.reads_last_minute,
                    one.strikes,
                    "STOPPED" if one.stopped else f"halved for {one.slowed_for:.0f} s" if one.slowed_for else "",
                )
                for one in found.budgets
            ),
        ),
    )


def session(found: Session) -> RenderableType:
    return Text.assemble(
        f"{found.account} ",
        _cell(found.state),
        "" if found.expires_at is None else f" until {_text(found.expires_at)}",
        "" if found.state is SessionState.ACTIVE else f": {found.advice}",
    )


def attempts(found: tuple[Attempt, ...]) -> RenderableType:
    return _table(
        "logins",
        ("account", "state", "expires", ""),
        (
            (
                one.account,
                one.error_code if one.session is None else one.session.state,
                None if one.session is None else one.session.expires_at,
                one.message or "",
            )
            for one in found
        ),
    )


def trail(columns: tuple[str, ...], lines: Iterable[dict[str, object]]) -> RenderableType:
    """Lines of the audit trail."""
    return _table("lines", columns, (tuple(_told(line.get(name)) for name in columns) for line in lines))


def tokens(found: tuple[dict[str, object], ...]) -> RenderableType:
    """The tokens of the API, without the tokens themselves."""
    columns = ("id", "name", "for", "scopes", "accounts", "expires_at", "state")
    return _table("tokens", columns, (tuple(_told(token[name]) for name in columns) for token in found))


def _told(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{name}={one}" for name, one in value.items())
    return ", ".join(str(one) for one in value) if isinstance(value, list) else value


def _table(title: str, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> RenderableType:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    return table if table.row_count else Text(f"no {title}")


def _kind(order: Order) -> str:
    limit = "" if order.price is None else f" {_text(order.price)}"
    trigger = "" if order.trigger_price is None else f" trigger {_text(order.trigger_price)}"
    return f"{order.order_type}{limit}{trigger}"


def _at(price: Decimal | None) -> str:
    return "" if price is None else f" at {_text(price)}"


def _cell(value: object) -> Text:
    text = _text(value)
    return Text(text, style=_STYLES.get(text.partition(" ")[0], ""), justify="right" if _is_number(value) else "left")


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value.astimezone(IST):%Y-%m-%d %H:%M:%S} IST"
    return money_text(value) if isinstance(value, Decimal) else str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal)
