"""Makes one set of instruments of what the brokers' masters say, or refuses to.

A master that is wrong as a whole is refused. A row that is wrong, or that two brokers tell differently, becomes an
instrument that can't be traded: never one with a wrong lot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Final, TypeVar

from ordo.application.master_reading import MasterTerms, Reading, SourceFindings
from ordo.domain.instruments import Instrument, InstrumentKey, Kind, Venue
from ordo.domain.master_rows import MasterBatch, MasterRow

T = TypeVar("T")

_FARTHEST: Final = timedelta(days=6 * 366)
_SHOWN_DISPUTES: Final = 50
_WITNESSES: Final = 2


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
        first, row = found[0]
        key = _key(found, readings)
        tick = _first(row.tick for _, row in found)
        if key is None or tick is None:
            if key is not None:
                first.dropped["its tick is unreadable"] += 1
            return None
        trusted = self._trusted(key, found)
        rows = [row for _, row in found]
        lot = _first(row.lot for row in rows)
        return Instrument(
            key=key,
            kind=row.kind,
            name=row.name,
            exchange_token=row.token,
            lot_size=lot or 1,
            tick_size=tick,
            as_of=min(row.as_of for row in rows),
            freeze_quantity=_first(row.freeze for row in rows if row.freeze is not None and row.freeze >= (lot or 1)),
            band_low=_first(row.band_low for row in rows),
            band_high=_first(row.band_high for row in rows),
            multiplier=row.multiplier,
            quantity_unit=row.quantity_unit,
            isin=_first(row.isin for row in rows),
            series=_first(row.series for row in rows),
            mtf=_first(row.mtf for row in rows),
            tradable=trusted and all(row.tradable for row in rows),
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
    """What the brokers tell differently of a contract, or `None`."""
    (first, row), *others = found
    for other, theirs in others:
        traded = row.kind is not Kind.INDEX
        for name, mine, its in (
            ("lot", row.lot if traded else None, theirs.lot),
            ("tick", row.tick if traded else None, theirs.tick),
            ("expiry", row.expiry, theirs.expiry),
            ("strike", row.strike, theirs.strike),
            ("right", row.right, theirs.right),
            ("symbol", row.root if row.expiry else None, theirs.root if theirs.expiry else None),
        ):
            known = name in ("expiry", "strike", "right") or (mine is not None and its is not None)
            if known and mine != its:
                return f"{first.source} says {name} {mine}, {other.source} says {its}"
    return None


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)
