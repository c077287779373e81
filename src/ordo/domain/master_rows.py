"""What a broker's instrument master says, row by row, in Ordo's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.instruments import InstrumentKey, Kind, QuantityUnit, Right, Venue

INDEX_ROOTS: Final = {
    (Venue.NSE_INDEX, "26000"): "NIFTY",
    (Venue.NSE_INDEX, "26009"): "BANKNIFTY",
    (Venue.NSE_INDEX, "26037"): "FINNIFTY",
    (Venue.BSE_INDEX, "1"): "SENSEX",
}
"""The exchange's short names of the indices that contracts are written on, by its tokens: brokers write them
differently (NIFTY50, NIFTYBANK). The other indices are called what their row calls them.
"""

LOT_VENUES: Final = frozenset({Venue.CDS, Venue.BCD, Venue.MCX, Venue.NCO})
"""Where the exchange counts lots, not units (domain facts, section 4)."""


class MasterRefused(Unavailable):
    """A broker's master can't be trusted as a whole. Nothing of it is used; the instruments of before stay.

    `source` names the master and `reason` says plainly what is wrong with it.
    """

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(
            ErrorCode.BROKER_ERROR,
            f"The {source} master was refused: {reason}. The instruments that were loaded before stay.",
            broker_id=source,
        )
        self.source = source
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterRow:
    """One row of a broker's master.

    `root` is `None` when the row has no name of its own and can only be joined by its exchange token. `lot` is in units
    and `None` where the broker does not tell it; `tick` is rupees, `None` when no step of a price was read; the other
    numbers are those of `Instrument`. `doubt` says why nobody may trade on this row. `damage` says what can't be: a
    file with such a row is suspect as a whole.
    """

    venue: Venue
    token: str
    root: str | None
    kind: Kind
    name: str
    lot: int | None
    tick: Decimal | None
    as_of: date
    reference: str
    series: str | None = None
    expiry: date | None = None
    strike: Decimal | None = None
    right: Right | None = None
    freeze: int | None = None
    band_low: Decimal | None = None
    band_high: Decimal | None = None
    multiplier: Decimal = Decimal(1)
    quantity_unit: QuantityUnit = QuantityUnit.UNITS
    isin: str | None = None
    mtf: bool | None = None
    tradable: bool = True
    doubt: str | None = None
    damage: str | None = None
    facts: dict[str, str] = field(default_factory=dict)

    def key(self) -> InstrumentKey | None:
        """The canonical key, or `None` without a root; raises `Invalid` when the row's words make none.

        On NSE the series EQ, and a series that the broker does not tell, need no word; every other series is spelt out.
        On BSE a symbol has one group at a time, which is no part of its name.
        """
        if self.root is None:
            return None
        spelt = self.venue is Venue.NSE and self.series not in (None, "EQ")
        return InstrumentKey(
            venue=self.venue,
            root=self.root,
            series=self.series if spelt else None,
            expiry=self.expiry,
            strike=self.strike,
            right=self.right,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterBatch:
    """Some rows of a master in its order, the reason for each that was left out, and what an operator should know."""

    rows: tuple[MasterRow, ...] = ()
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
