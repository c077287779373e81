"""Funds, positions, holdings and prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from ordo.adapters.brokers.hdfc.mapping.words import PRODUCTS, beside, shown, word
from ordo.adapters.brokers.hdfc.symbols import key_of
from ordo.adapters.brokers.hdfc.wire import Equity, HoldingRow, Ltp, PositionRow
from ordo.domain.errors import Unreadable
from ordo.domain.instruments import Instrument, InstrumentKey
from ordo.domain.portfolio import Funds, Holding, Position, to_paisa

_ONE: Final = Decimal(1)
_ZERO: Final = Decimal(0)


def funds_of(equity: Equity, as_of: datetime) -> Funds:
    details = equity.total_limit_details
    return Funds(
        as_of=as_of,
        cash=details.ledger_balance,
        available=equity.total_available_limit,
        utilised=equity.total_utilised_limit,
        collateral=details.pledge_limit,
        # Money may stay in the linked bank account under a hold: then the ledger is 0, and there is buying power.
        metadata=beside(bank_hold=shown(details.bank_hold), adhoc_limit=shown(details.adhoc_limit)),
    )


def position_of(row: PositionRow, found: Instrument | None, last_price: Decimal | None) -> Position:
    """A position of what `instrument_of` has found, its profit computed from its totals. Raises `ValueError` where they
    contradict each other.
    """
    multiplier = _ONE if found is None else found.multiplier
    position = Position.of_totals(
        instrument=key_of(row, found),
        product=word(PRODUCTS, row.product, "product of a position"),
        buy_quantity=row.total_buy_quantity,
        buy_value=_value(row.total_buy_value, row.average_buy_price, row.total_buy_quantity * multiplier),
        sell_quantity=row.total_sell_qty,
        sell_value=_value(row.total_sell_value, row.average_sell_price, row.total_sell_qty * multiplier),
        last_price=last_price,
        multiplier=multiplier,
    )
    if position.quantity != row.net_qty:
        raise Unreadable(f"HDFC shows a net quantity of {row.net_qty} where {position.quantity} was bought less sold")
    told = row.realised_pl_overall_position
    return replace(
        position,
        metadata=beside(
            realised_by_broker=shown(None if told is None else to_paisa(told)),
            listed="" if found is not None else "false",
        ),
    )


def holding_of(row: HoldingRow, key: InstrumentKey, last_price: Decimal | None, *, listed: bool) -> Holding:
    """A holding, marked to the last price, else to the previous close, which its metadata then says. Of one that no
    master lists, the key only names the row; its metadata says so, beside the broker's own words.
    """
    price = last_price or row.close_price or None
    return Holding(
        instrument=key,
        quantity=row.quantity,
        average_price=row.average_price,
        isin=row.isin or None,
        last_price=price,
        pnl=None if price is None else to_paisa((price - row.average_price) * row.quantity),
        metadata=beside(
            last_price="previous close" if last_price is None and price is not None else "",
            mtf="true" if row.mtf_indicator.upper() == "Y" else "",
            corporate_action=row.corporate_action_message,
            company_name=row.company_name,
            listed="" if listed else "false",
            security_id="" if listed else row.security_id,
        ),
    )


def prices_of(rows: Iterable[Ltp], asked: Mapping[InstrumentKey, tuple[str, str]]) -> dict[InstrumentKey, Decimal]:
    """The last prices of what was asked for by (exchange, token). What is missing, has no price or could be two things
    is left out. Rows of BFO and CDS come without their exchange: it is the one that was asked and not answered.
    """
    named: dict[tuple[str, str], list[InstrumentKey]] = {}
    for key, address in asked.items():
        named.setdefault(address, []).append(key)
    alone = {address: keys[0] for address, keys in named.items() if len(keys) == 1}
    found: dict[InstrumentKey, Decimal] = {}
    blank: dict[str, list[Decimal]] = {}
    for row in rows:
        if row.ltp is None or row.ltp <= 0:
            continue
        address = (row.exchange.upper(), row.token)
        if address in alone:
            found[alone[address]] = row.ltp
        elif not row.exchange:
            blank.setdefault(row.token, []).append(row.ltp)
    for token, prices in blank.items():
        left = [key for (_, asked_token), key in alone.items() if asked_token == token and key not in found]
        if len(left) == 1 and len(prices) == 1:
            found[left[0]] = prices[0]
    return found


def _value(total: Decimal | None, average: Decimal | None, quantity: Decimal) -> Decimal:
    if not quantity:
        return _ZERO
    if total is None and average is None:
        raise Unreadable("HDFC shows a position without what was paid for it")
    return total if total is not None else (average or _ZERO) * quantity
