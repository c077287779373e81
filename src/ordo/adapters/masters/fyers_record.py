"""One row of a FYERS master as text, the same from the JSON and from the CSV (the dossier, section 13.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

CSV_COLUMNS: Final = 21
# In the order of FyersRecord.
_JSON: Final = (
    "fyToken",
    "symDetails",
    "exInstType",
    "minLotSize",
    "tickSize",
    "isin",
    "lastUpdate",
    "expiryDate",
    "symTicker",
    "exchange",
    "segment",
    "exToken",
    "underSym",
    "strikePrice",
    "optType",
    "originalExpDate",
    "is_mtf_tradable",
    "exSymbol",
    "exSeries",
    "qtyFreeze",
    "qtyMultiplier",
    "upperPrice",
    "lowerPrice",
    "tradeStatus",
)


class FyersRecord(NamedTuple):
    """A row as text, the same from either file. What only the JSON has is `None` from the CSV."""

    fy_token: str
    details: str
    type_code: str
    lot: str
    tick: str
    isin: str
    updated: str
    expiry: str
    ticker: str
    exchange: str
    segment: str
    token: str
    symbol: str
    strike: str
    right: str
    original_expiry: str
    mtf: str
    own_symbol: str | None = None
    series: str | None = None
    freeze: str | None = None
    multiplier: str | None = None
    upper: str | None = None
    lower: str | None = None
    status: str | None = None


def missing_keys(entry: Mapping[str, object]) -> list[str]:
    """The keys that a JSON row must have and lacks. More than these may come."""
    return [key for key in _JSON if key not in entry]


def from_json(entry: Mapping[str, object]) -> FyersRecord:
    """The record of a JSON row; raises `KeyError` when one of its keys is missing."""
    return FyersRecord(
        *[
            value if type(value) is str else "" if value is None else repr(value)
            for value in map(entry.__getitem__, _JSON)
        ]
    )


def from_csv(row: Sequence[str]) -> FyersRecord:
    (
        fy_token, details, type_code, lot, tick, isin, _, updated, expiry, ticker, exchange, segment, token, symbol, _,
        strike, right, _, original_expiry, mtf, _,
    ) = row  # fmt: skip
    return FyersRecord(
        fy_token, details, type_code, lot, tick, isin, updated, expiry, ticker, exchange, segment, token, symbol,
        strike, right, original_expiry, mtf,
    )  # fmt: skip
