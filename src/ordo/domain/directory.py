"""All instruments of a day in little memory, each found in microseconds."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from heapq import nsmallest
from itertools import accumulate, chain, islice
from threading import Lock
from typing import Final

from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import Instrument, InstrumentKey, Venue
from ordo.domain.likeness import close_roots, likest
from ordo.domain.packing import END, is_line, key_of, names_of, pack, unpack
from ordo.domain.places import PlaceIndex

_CACHED: Final = 8_192
_ASKED_FOR: Final = 2_048
_AROUND: Final = 16
_SAME_STRIKE: Final = 64
_MOST_RANKED: Final = 20_000
_WORDS_COUNTED: Final = 3
_MONTHS: Final = (
    "JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE",
    "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER",
)  # fmt: skip


class InstrumentDirectory:
    """An immutable, searchable set of instruments.

    A new day is a new directory, and whoever holds the old one keeps a consistent view. Raises `Invalid`
    (`INVALID_INSTRUMENT`) when two instruments share a key, a (venue, exchange token) or a broker's reference: such a
    set could send an order to the wrong contract. An empty exchange token is no token.
    """

    # Each instrument is a packed line, sorted by key, and no object until it is asked for.

    def __init__(self, instruments: Iterable[Instrument] = ()) -> None:
        self._hold(sorted(map(pack, instruments)))
        self.index()

    @classmethod
    def of_lines(cls, lines: Iterable[bytes]) -> InstrumentDirectory:
        """The directory of the `lines` of another, which were proven to be unique: instruments are found by key at
        once, and by all else after `index`, which the first look-up that needs it runs otherwise. Raises `ValueError`
        for what is no such line.
        """
        directory = cls()
        directory._hold(sorted(lines))
        if not all(map(is_line, directory._lines)):
            raise ValueError("a stored instrument is damaged")
        return directory

    def index(self) -> None:
        """Prepare the look-ups other than by key: a second or more for a full day, and nothing once it is done. May run
        in a thread of its own. Raises `Invalid` (`INVALID_INSTRUMENT`) like the constructor.
        """
        self._indexed()

    @property
    def lines(self) -> Sequence[bytes]:
        """The packed instruments in order of key, for whoever keeps them."""
        return self._lines

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Instrument]:
        """Every instrument, in order of key."""
        return map(unpack, self._lines)

    def get(self, key: InstrumentKey) -> Instrument | None:
        """The instrument of exactly this key."""
        return self._got(key.text)

    def by_token(self, venue: Venue, token: str) -> Instrument | None:
        """The instrument that an exchange knows under this token: the join between brokers (domain facts 3.2)."""
        place = self._indexed().tokens.find(f"{venue}:{token}")
        found = None if place is None else self._at(place)
        return found if found and (found.key.venue, found.exchange_token) == (venue, token) else None

    def by_reference(self, broker: str, reference: str) -> Instrument | None:
        """The instrument that a broker calls by this reference."""
        place = self._indexed().references.find(f"{broker}={reference}")
        found = None if place is None else self._at(place)
        return found if found and found.references.get(broker) == reference else None

    def contracts(self, venue: Venue, root: str, expiry: date | None = None) -> tuple[Instrument, ...]:
        """All futures and options of an underlying, of one expiry or of every one, in order of key: the skeleton of an
        option chain. A venue that trades none has none.
        """
        day = "" if expiry is None else f"{expiry:%Y%m%d}:"
        return tuple(unpack(self._lines[place]) for place in self._contracts(venue, root, day))

    def expiries(self, venue: Venue, root: str) -> tuple[date, ...]:
        """The days on which futures or options of an underlying expire, soonest first."""
        found: list[date] = []
        places = self._contracts(venue, root, "")
        place = places.start
        while place < places.stop:
            day = self._key(place).split(":")[2]
            found.append(date.fromisoformat(day))
            place = self._beginning(f"{venue}:{root}:{day}:").stop
        return tuple(found)

    def search(self, text: str, *, limit: int) -> tuple[Instrument, ...]:
        """Instruments whose key begins with the text, or whose key, name and month of expiry hold all of its words;
        best first, at most `limit`. Case does not matter.

        First come keys that begin with the text, then symbols that begin with one of the words, then the rest. Within
        the last two, what matches more words as a whole comes first, then shares before futures before options. Where
        even the rarest word is in more than 20,000 instruments, only so many are weighed.
        """
        wanted = " ".join(text.upper().split())
        words = sorted({_encoded(word) for word in wanted.replace(":", " ").split()}, key=len, reverse=True)
        if not words or limit <= 0:
            return ()
        found = dict.fromkeys(islice(self._beginning(wanted), limit))
        for places in (self._with_symbols, self._with_text):
            if len(found) < limit:
                fitting = (place for place in islice(places(words), _MOST_RANKED) if self._fits(place, words))
                more = ((self._rank(place, words), place) for place in fitting if place not in found)
                found |= {place: None for _, place in nsmallest(limit - len(found), more)}
        return tuple(map(self._at, found))

    def nearest(self, text: str, *, limit: int) -> tuple[Instrument, ...]:
        """What somebody may have meant by a name that is not known, the likeliest first, at most `limit`: for a
        message, never for an order. The name may be a key or in a broker's own spelling.
        """
        wanted = "".join(text.upper().split())
        venue, colon, rest = wanted.partition(":")
        symbol, _, tail = (rest if colon else venue).partition(":")
        pool = {
            place: self._key(place)
            for root in close_roots(symbol, self._indexed().roots)
            for one in Venue
            for place in self._around(f"{one}:{root}", tail, wanted.replace(":", ""))
        }
        return tuple(map(self._at, likest(wanted, pool, limit=limit)))

    def _hold(self, lines: list[bytes]) -> None:
        self._indexing = Lock()
        self._lines = lines
        self._index: _Index | None = None
        self._at = at = lru_cache(maxsize=_CACHED)(_reader(lines))
        # What is traded is asked for at every step of every order.
        self._got = lru_cache(maxsize=_ASKED_FOR)(_finder(lines, at))

    def _indexed(self) -> _Index:
        if self._index is None:
            # Whoever comes while another thread makes it waits for that: two at once take twice as long.
            with self._indexing:
                if self._index is None:
                    self._index = _Index(self._lines)
        return self._index

    def _key(self, place: int) -> str:
        return key_of(self._lines[place])

    def _beginning(self, prefix: str) -> range:
        begin = _encoded(prefix)
        first = bisect_left(self._lines, begin)
        return range(first, bisect_left(self._lines, begin + b"\xff", first))

    def _contracts(self, venue: Venue, root: str, day: str) -> range:
        named = venue.is_derivative and ":" not in root
        return self._beginning(f"{venue}:{root}:{day}") if named else range(0)

    def _with_symbols(self, words: list[bytes]) -> Iterable[int]:
        ranges = (self._beginning(f"{venue}:{word.decode()}") for word in words for venue in Venue)
        return dict.fromkeys(chain.from_iterable(ranges))

    def _with_text(self, words: list[bytes]) -> Iterator[int]:
        text, starts = self._indexed().words, self._indexed().starts
        rarest = min(words[:_WORDS_COUNTED], key=text.count)
        at = text.find(rarest)
        while at >= 0:
            place = bisect_right(starts, at) - 1
            yield place
            at = text.find(rarest, starts[place + 1])

    def _fits(self, place: int, words: list[bytes]) -> bool:
        found = self._indexed()
        text = found.words[found.starts[place] : found.starts[place + 1]]
        return all(word in text for word in words)

    def _rank(self, place: int, words: list[bytes]) -> tuple[int, int]:
        parts = self._lines[place].partition(END)[0].split(b":")
        return -sum(word in parts for word in words), len(parts)

    def _around(self, symbol: str, tail: str, glued: str) -> Iterator[int]:
        contracts = self._beginning(f"{symbol}:")
        here = bisect_left(self._lines, _encoded(f"{symbol}:{tail}"), contracts.start, contracts.stop)
        close = range(max(contracts.start, here - _AROUND), min(contracts.stop, here + _AROUND))
        # However the expiry was written, the strike and the right end the name.
        same = (place for place in contracts if glued.endswith("".join(self._key(place).split(":")[3:]) or ":"))
        return chain(self._beginning(symbol + END.decode()), close, islice(same, _SAME_STRIKE))


class _Index:
    """Where instruments stand by everything but their key. `words` holds what is searched, in one text; line n is found
    in it between `starts[n]` and `starts[n + 1]`.
    """

    def __init__(self, lines: list[bytes]) -> None:
        self.tokens, self.references = PlaceIndex(), PlaceIndex()
        texts: list[bytes] = []
        roots: set[str] = set()
        before = ""
        for place, line in enumerate(lines):
            key, name, token, references = names_of(line)
            if key == before:
                raise _twice("key", key, key)
            before = key
            venue, root, *_ = parts = key.split(":")
            roots.add(root)
            month = _MONTHS[int(parts[2][4:6]) - 1] if len(parts) > len("vrs") else ""
            texts.append(f"{key} {name} {month}".upper().encode() + END)
            if token:
                self.tokens.add(f"{venue}:{token}", place)
            for reference in references:
                self.references.add(reference, place)
        self.roots = tuple(sorted(roots))
        self.words = b"".join(texts)
        self.starts = array("I", accumulate(map(len, texts), initial=0))
        for what, places in (("exchange token", self.tokens), ("broker reference", self.references)):
            twins = places.settle()
            if twins is not None:
                raise _twice(what, *(key_of(lines[place]) for place in sorted(twins)))


def _reader(lines: list[bytes]) -> Callable[[int], Instrument]:
    # Of the lines alone: a cache that holds its directory keeps it alive until garbage is collected.
    return lambda place: unpack(lines[place])


def _finder(lines: list[bytes], at: Callable[[int], Instrument]) -> Callable[[str], Instrument | None]:
    def found(key: str) -> Instrument | None:
        wanted = key.encode() + END
        place = bisect_left(lines, wanted)
        return at(place) if place < len(lines) and lines[place].startswith(wanted) else None

    return found


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _twice(what: str, one: str, other: str) -> Invalid:
    return Invalid.field(
        "instrument",
        f"{one} and {other} have the same {what}, so an order could reach the wrong one; this set is not used",
        seen=other,
        code=ErrorCode.INVALID_INSTRUMENT,
    )
