"""Makes one set of instruments of what the brokers' masters say, or refuses to.

A master that is wrong as a whole is refused. A row that is wrong, or that two brokers tell differently, becomes an
instrument that can't be traded: never one with a wrong lot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ordo.application.master_reading import MasterTerms, Reading, SourceFindings
from ordo.domain.instruments import Instrument, InstrumentKey, Kind, Venue
from ordo.domain.master_rows import MasterBatch, MasterRow

_FARTHEST: Final = timedelta(days=6 * 366)
_SHOWN_DISPUTES: Final = 50
_WITNESSES: Final = 2
_TOLD_OF_SECURITIES: Final = ("lot", "tick")
_TOLD_BY_ALL: Final = ("lot", "tick", "expiry", "strike", "right", "root")
_NEVER_UNTOLD: Final = frozenset({"expiry", "strike", "right"})
_GAPS: Final = ("lot", "tick", "freeze", "band_low", "band_high", "isin", "series", "mtf")


class MasterJoin:
    """One load. Give every source in order of trust with `expect` and `read`; then take `instruments` once.

    Every method raises `MasterRefused` as soon as a master is known to be wrong as a whole; the load is over then.
    """

    def __init__(self, terms: MasterTerms) -> None:
        self._terms = terms
        self._sources: dict[str, Reading] = {}
        self._disputes: list[str] = []
        self.disputed = 0

    def expect(self, source: str, venues: Iterable[Venue]) -> None:
        """Begin a source that should list something at these venues. The first one's names and words come first."""
        self._sources[source] = Reading(source, frozenset(venues), self._terms)

    def read(self, source: str, batch: MasterBatch) -> None:
        """Take some rows of a source."""
        self._sources[source].take(batch)

    def findings(self) -> Mapping[str, SourceFindings]:
        """What was found, by source; complete once all instruments were taken."""
        return {name: reading.findings() for name, reading in self._sources.items()}

    def disputes(self) -> tuple[str, ...]:
        """The first of the facts that brokers tell differently; `disputed` counts them all."""
        return tuple(self._disputes)

    def instruments(self) -> Iterator[Instrument]:
        """Every instrument once, joined by venue and exchange token. May be taken once; memory shrinks meanwhile."""
        readings = list(self._sources.values())
        for reading in readings:
            reading.settle()
        return self._joined(readings)

    def _joined(self, readings: list[Reading]) -> Iterator[Instrument]:
        while heads := [reading.head for reading in readings if reading.lines]:
            token = max(heads)
            found = [(reading, reading.next_row()) for reading in readings if reading.lines and reading.head == token]
            instrument = self._instrument(found, readings)
            if instrument is not None:
                yield instrument

    def _instrument(self, found: list[tuple[Reading, MasterRow]], readings: list[Reading]) -> Instrument | None:
        key = _key(found, readings)
        if key is None:
            return None
        row = _merged([row for _, row in found])
        if row.tick is None:
            found[0][0].dropped["its tick is unreadable"] += 1
            return None
        lot = row.lot or 1
        return Instrument(
            key=key,
            kind=row.kind,
            name=row.name,
            exchange_token=row.token,
            lot_size=lot,
            tick_size=row.tick,
            as_of=row.as_of,
            freeze_quantity=row.freeze if row.freeze is not None and row.freeze >= lot else None,
            band_low=row.band_low,
            band_high=row.band_high,
            multiplier=row.multiplier,
            quantity_unit=row.quantity_unit,
            isin=row.isin,
            series=row.series,
            mtf=row.mtf,
            tradable=self._trusted(key, found) and row.tradable,
            references={reading.source: row.reference for reading, row in found},
            facts={f"{reading.source}.{name}": value for reading, row in found for name, value in row.facts.items()},
        )

    def _trusted(self, key: InstrumentKey, found: list[tuple[Reading, MasterRow]]) -> bool:
        dispute = _dispute(found)
        if dispute is not None:
            self.disputed += 1
            if len(self._disputes) < _SHOWN_DISPUTES:
                self._disputes.append(f"{key}: {dispute}")
        doubts = [(reading, doubt) for reading, row in found if (doubt := self._doubt(row)) is not None]
        if not doubts and not self._witnessed([(reading, row) for reading, row in found if row.lot is not None]):
            doubts = [(found[0][0], "its lot is told by nothing but this row")]
        for reading, doubt in doubts:
            reading.doubted[doubt] += 1
        return dispute is None and not doubts

    def _doubt(self, row: MasterRow) -> str | None:
        if row.damage is not None:
            return "its tick or lot can't be"
        if row.doubt is not None:
            return row.doubt
        if row.expiry is not None and row.expiry < self._terms.today:
            return "it has expired"
        if row.expiry is not None and row.expiry - self._terms.today > _FARTHEST:
            return "its expiry is more than 6 years ahead"
        return None

    @staticmethod
    def _witnessed(lots: list[tuple[Reading, MasterRow]]) -> bool:
        """Whether something besides one row says this lot. A share's lot of 1 needs no witness."""
        if not lots:
            return False
        reading, row = lots[0]
        if row.venue.is_index or (row.venue.is_cash and row.lot == 1):
            return True
        return len(lots) >= _WITNESSES or reading.witnessed(row)


def _key(found: list[tuple[Reading, MasterRow]], readings: list[Reading]) -> InstrumentKey | None:
    """The name that the most trusted master gives, unless something else has a better claim to it."""
    for reading, row in found:
        key = row.key()
        if key is None:
            continue
        if reading.shares_key(key, row):
            reading.dropped["it can't be traded, and another row is called so"] += 1
            return None
        if any(other.has_key(key) for other in readings[: readings.index(reading)]):
            reading.dropped["another master calls another security so"] += 1
            return None
        return key
    found[0][0].dropped["it has no name of its own, and no other master lists its token"] += 1
    return None


def _dispute(found: list[tuple[Reading, MasterRow]]) -> str | None:
    """What the brokers tell differently of a contract, or `None`. An index has nothing that an order depends on."""
    (first, row), *others = found
    if row.kind is Kind.INDEX:
        return None
    for other, theirs in others:
        for name in _TOLD_BY_ALL if row.venue.is_derivative else _TOLD_OF_SECURITIES:
            mine, its = getattr(row, name), getattr(theirs, name)
            # What a master does not tell can't differ; whether a contract is an option, each one tells.
            if mine != its and (name in _NEVER_UNTOLD or (mine is not None and its is not None)):
                return f"{first.source} says {name} {mine}, {other.source} says {its}"
    return None


def _merged(rows: list[MasterRow]) -> MasterRow:
    """What the most trusted master says, its gaps filled from the others; as old and as barred as any of them."""
    merged, *others = rows
    for row in others:
        gaps = {name: getattr(row, name) for name in _GAPS if getattr(merged, name) is None}
        merged = replace(merged, as_of=min(merged.as_of, row.as_of), tradable=merged.tradable and row.tradable, **gaps)
    return merged
