"""Instruments held in memory, ready to be found."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import chain, islice, takewhile

from ordo.domain.instruments import Instrument, InstrumentKey
from ordo.ports.instruments import InstrumentStore


class MemoryInstruments(InstrumentStore):
    """A replaceable set of instruments. Searching ignores case."""

    def __init__(self, instruments: Iterable[Instrument] = ()) -> None:
        self._by_key: dict[InstrumentKey, Instrument] = {}
        self._names: list[str] = []
        self._entries: list[tuple[str, Instrument]] = []
        self.replace(instruments)

    def replace(self, instruments: Iterable[Instrument]) -> None:
        """Let these be all the instruments from now on; a later one of the same key wins."""
        by_key = {instrument.key: instrument for instrument in instruments}
        ordered = sorted((str(key), instrument) for key, instrument in by_key.items())
        self._entries = [(f"{name} {one.name}".upper(), one) for name, one in ordered]
        self._names = [name for name, _ in ordered]
        self._by_key = by_key

    def get(self, key: InstrumentKey) -> Instrument | None:
        return self._by_key.get(key)

    def search(self, text: str, *, limit: int) -> tuple[Instrument, ...]:
        """The key itself comes first, then keys that begin with the text, then symbols that do, then the rest; each
        in order of key.
        """
        wanted = text.strip().upper()
        words = wanted.split()
        first = bisect_left(self._names, wanted)
        by_key = takewhile(lambda place: self._names[place].startswith(wanted), range(first, len(self._names)))
        others = [one for entry, one in self._entries if all(word in entry for word in words)]
        by_symbol = (one for one in others if one.key.root.startswith(wanted))
        best_first = chain((self._entries[place][1] for place in by_key), by_symbol, others)
        return tuple(islice({one.key: one for one in best_first}.values(), limit))
