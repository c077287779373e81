"""What an account has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

from ordo.adapters.brokers.fyers import wire
from ordo.adapters.brokers.fyers.mapping.codes import PRODUCTS_IN, instrument_of, maybe, rupees
from ordo.adapters.brokers.fyers.symbols import from_wire
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import Unreadable
from ordo.domain.instruments import format_decimal
from ordo.domain.portfolio import Funds, Holding, Position

T = TypeVar("T")
R = TypeVar("R")

_FUNDS: Final = {
    "available": (10, "Available Balance"), "cash": (3, "Clear Balance"), "utilised": (2, "Utilized Amount"),
    "collateral": (5, "Collaterals"), "opening": (9, "Limit at start of the day"),
    "realised_pnl": (4, "Realized Profit and Loss"),
}  # fmt: skip


def position(directory: InstrumentDirectory, row: wire.PositionRow) -> Position:
    instrument = instrument_of(directory, row)
    carried = {"carried_bought": row.cf_buy_qty, "carried_sold": row.cf_sell_qty}
    units = {name: str(from_wire(instrument, count)) for name, count in carried.items() if count}
    return Position(
        instrument=instrument.key,
        product=PRODUCTS_IN[row.product_type],
        quantity=from_wire(instrument, row.net_qty),
        average_price=rupees(row.net_avg),
        buy_quantity=from_wire(instrument, row.buy_qty),
        sell_quantity=from_wire(instrument, row.sell_qty),
        buy_value=rupees(row.buy_val),
        sell_value=rupees(row.sell_val),
        last_price=maybe(row.ltp) or None,
        realised_pnl=maybe(row.realized_profit),
        unrealised_pnl=maybe(row.unrealized_profit),
        pnl=maybe(row.pl),
        metadata={"fyers_product": str(row.product_type), **units},
    )


def holding(directory: InstrumentDirectory, row: wire.HoldingRow) -> Holding:
    """`quantity` is that of the start of the day; `remaining` is what is left of it."""
    return Holding(
        instrument=instrument_of(directory, row).key,
        quantity=row.quantity,
        average_price=rupees(row.cost_price),
        isin=row.isin or None,
        t1_quantity=row.qty_t1,
        pledged_quantity=row.collateral_quantity,
        last_price=maybe(row.ltp) or None,
        pnl=maybe(row.pl),
        metadata={} if row.remaining_quantity is None else {"remaining": str(row.remaining_quantity)},
    )


def funds(answer: wire.Funds, as_of: datetime) -> Funds:
    """The equity column; the commodity column is another pot, and stands in the metadata."""
    found = {name: _fund(answer.fund_limit, *where) for name, where in _FUNDS.items()}
    amounts = {name: None if row is None else maybe(row.equity_amount) for name, row in found.items()}
    if amounts["available"] is None:
        raise Unreadable("the funds lack the available balance")
    others = {name: maybe(row.commodity_amount) for name, row in found.items() if row is not None}
    metadata = {f"commodity_{name}": format_decimal(value) for name, value in others.items() if value}
    return Funds(as_of=as_of, metadata=metadata, **amounts)


def _fund(rows: list[wire.FundRow], number: int, title: str) -> wire.FundRow | None:
    for row in rows:
        if row.id == number:
            return row
    wanted = title.casefold()
    return next((row for row in rows if row.title.strip().casefold() == wanted), None)


def every(rows: list[R] | None, count: int | None, convert: Callable[[R], T]) -> tuple[T, ...]:
    """All rows, converted. A list that is missing or empty beside a count above 0 is a failed read, and so is one that
    is missing without any count.
    """
    if not rows and (count or (rows is None and count is None)):
        raise Unreadable("rows are missing")
    return tuple(map(convert, rows or ()))
