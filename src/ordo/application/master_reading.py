"""One master as it is read: what must hold for it as a whole, whatever its rows say."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Final

from ordo.application.master_lines import packed, token_of, unpacked
from ordo.domain.errors import Invalid
from ordo.domain.instruments import InstrumentKey, Venue
from ordo.domain.master_rows import LOT_VENUES, MasterBatch, MasterRefused, MasterRow

_SWING: Final = Decimal("0.2")
_WITNESSES: Final = 2
_KNOWN_KEYS: Final = (
    "NSE_INDEX:NIFTY",
    "NSE_INDEX:BANKNIFTY",
    "BSE_INDEX:SENSEX",
    "NSE:SBIN",
    "NSE:RELIANCE",
    "BSE:SBIN",
)
_KNOWN_CONTRACTS: Final = ((Venue.NFO, "NIFTY"), (Venue.BFO, "SENSEX"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterTerms:
    """What a load must fulfil.

    `today` is the trading day; a master dated before `oldest` (`today` unless a setting relaxes it) is refused.
    `previous` is the number of rows of each source's last good load. `damaged` rows (a tick or lot that can't be) are
    borne; one more refuses the master. No source may have more than `most` rows.
    """

    today: date
    oldest: date | None = None
    previous: Mapping[str, int] = field(default_factory=dict)
    damaged: int = 0
    most: int = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFindings:
    """What a load found in one master: how many rows there were, of which day, how many of them were left out or can't
    be traded, by reason, and what an operator should know.
    """

    rows: int
    as_of: date | None
    dropped: Mapping[str, int]
    doubted: Mapping[str, int]
    notes: tuple[str, ...]


class Reading:
    """One source as it is read: its rows as packed lines, and what must be known of all of them at once."""

    def __init__(self, source: str, venues: frozenset[Venue], terms: MasterTerms) -> None:
        self.source = source
        self.lines: list[bytes] = []
        self.dropped: Counter[str] = Counter()
        self.doubted: Counter[str] = Counter()
        self.rows = 0
        self._venues = venues
        self._terms = terms
        self._notes: list[str] = []
        self._as_of: date | None = None
        self._shared: frozenset[int] = frozenset()
        self._damage: list[str] = []
        self._keys = _Marks()
        self._idle_keys = _Marks()
        self._references = _Marks()
        self._lots: dict[tuple[Venue, str, date | None], Counter[int]] = {}

    @property
    def head(self) -> bytes:
        """The token, of those that are left, that sorts last."""
        return token_of(self.lines[-1])

    def next_row(self) -> MasterRow:
        return unpacked(self.lines.pop())

    def take(self, batch: MasterBatch) -> None:
        self.dropped.update(batch.dropped)
        self._notes += batch.notes
        self.rows += len(batch.rows) + len(batch.dropped)
        self._check_not_too_many()
        for row in batch.rows:
            try:
                key = row.key()
            except Invalid:
                self.dropped["its symbol makes no key"] += 1
                continue
            self._take(row, key)

    def _take(self, row: MasterRow, key: InstrumentKey | None) -> None:
        if row.damage is not None:
            self._damage.append(row.damage)
            if len(self._damage) > self._terms.damaged:
                raise self._refused(f"{len(self._damage)} of its rows can't be true: {self._damage[0]}")
        if self._as_of is None or row.as_of > self._as_of:
            self._as_of = row.as_of
        if key is not None:
            (self._keys if row.tradable and row.doubt is None else self._idle_keys).add(str(key))
        self._references.add(row.reference)
        if row.doubt is None and row.root is not None and row.lot is not None and row.venue.is_derivative:
            for expiry in (row.expiry, None):
                self._lots.setdefault((row.venue, row.root, expiry), Counter())[row.lot] += 1
        self.lines.append(packed(row))

    def settle(self) -> None:
        """Judge the source as a whole, and put its rows in order."""
        if not self.lines:
            raise self._refused("it lists nothing")
        self._check_enough()
        self._check_day()
        self.lines.sort()
        twice = next((token for token, other in pairwise(map(token_of, self.lines)) if token == other), None)
        if twice is not None:
            raise self._refused(f"two rows have the exchange token {twice.decode()}")
        for what, marks in (("key", self._keys), ("reference", self._references)):
            for mark in marks.settle():
                raise self._refused(f"two rows have the {what} {self._marked(what, mark)}")
        self._shared = frozenset(self._idle_keys.settle())
        self._check_known()

    def has_key(self, key: InstrumentKey) -> bool:
        return self._lists(str(key))

    def shares_key(self, key: InstrumentKey, row: MasterRow) -> bool:
        """Whether a row that can't be traded is called like another one: neither is worth a refusal of the rest."""
        idle = not row.tradable or row.doubt is not None
        return idle and (str(key) in self._keys or hash(str(key)) in self._shared)

    def witnessed(self, row: MasterRow) -> bool:
        """Whether other contracts say the same lot, and more of them than say another."""
        if row.root is None or row.lot is None or not row.venue.is_derivative:
            return False
        near = self._lots[row.venue, row.root, row.expiry]
        if near.total() == 1 and row.venue in LOT_VENUES:  # a future that expires alone, as commodities do
            near = self._lots[row.venue, row.root, None]
        return near[row.lot] >= _WITNESSES and near[row.lot] * 2 > near.total()

    def findings(self) -> SourceFindings:
        return SourceFindings(
            rows=self.rows,
            as_of=self._as_of,
            dropped=dict(self.dropped),
            doubted=dict(self.doubted),
            notes=tuple(self._notes),
        )

    def _check_not_too_many(self) -> None:
        before = self._terms.previous.get(self.source)
        most = self._terms.most if before is None else min(self._terms.most, int(before * (1 + _SWING)))
        if self.rows > most:
            than = "any master has" if before is None else f"the last load's {before} by more than a fifth"
            raise self._refused(f"it has over {most} rows, more than {than}")

    def _check_enough(self) -> None:
        before = self._terms.previous.get(self.source)
        if before is not None and self.rows < before * (1 - _SWING):
            raise self._refused(f"it has {self.rows} rows, less than the last load's {before} by more than a fifth")

    def _check_day(self) -> None:
        oldest = self._terms.oldest or self._terms.today
        if self._as_of is None or not oldest <= self._as_of <= self._terms.today:
            raise self._refused(f"it is of {self._as_of}, and today is {self._terms.today}")

    def _check_known(self) -> None:
        lost = [key for key in _KNOWN_KEYS if Venue(key.partition(":")[0]) in self._venues and not self._lists(key)]
        lost += [
            f"{venue}:{root}"
            for venue, root in _KNOWN_CONTRACTS
            if venue in self._venues and (venue, root, None) not in self._lots
        ]
        if lost:
            raise self._refused(f"it does not list {', '.join(lost)}")

    def _lists(self, key: str) -> bool:
        return key in self._keys or key in self._idle_keys

    def _marked(self, what: str, mark: int) -> str:
        for line in self.lines:
            row = unpacked(line)
            name = str(row.key()) if what == "key" else row.reference
            if hash(name) == mark:
                return name
        return "that can't be found again"  # pragma: no cover

    def _refused(self, reason: str) -> MasterRefused:
        return MasterRefused(self.source, reason)


class _Marks:
    """Names, by their 64-bit hashes: that two of a million share one happens in one load of thirty million."""

    def __init__(self) -> None:
        self._marks = array("q")

    def add(self, name: str) -> None:
        self._marks.append(hash(name))

    def settle(self) -> list[int]:
        """Put them in order; the marks of names that were added twice."""
        self._marks = array("q", sorted(self._marks))
        return [one for one, other in pairwise(self._marks) if one == other]

    def __contains__(self, name: str) -> bool:
        mark = hash(name)
        place = bisect_left(self._marks, mark)
        return place < len(self._marks) and self._marks[place] == mark
