"""Finding instruments, and keeping them those of today."""

from __future__ import annotations

from ordo.application.aliases import named_so, resolve, unknown
from ordo.application.master_sync import MasterStanding, MasterSync, Progress
from ordo.domain.errors import Invalid
from ordo.domain.instruments import Instrument, InstrumentKey
from ordo.domain.masters import MasterReport
from ordo.ports.instruments import InstrumentStore


class InstrumentService:
    """The use cases of instruments. All but `sync` answer from memory."""

    def __init__(self, store: InstrumentStore, masters: MasterSync) -> None:
        self._store = store
        self._masters = masters

    def search(self, text: str, *, limit: int) -> tuple[Instrument, ...]:
        """Instruments whose key begins with the text, or that all of its words fit; best first, at most `limit`."""
        return self._store.directory().search(text, limit=limit)

    def get(self, key: InstrumentKey) -> Instrument | None:
        """The instrument of exactly this key."""
        return self._store.directory().get(key)

    def resolve(self, text: str) -> Instrument:
        """The one instrument that a key, or a spelling of FYERS, Kite or OpenAlgo, names.

        Raises `Invalid` (`INVALID_INSTRUMENT`) with the nearest candidates for a name of nothing or of several.
        """
        reports = self._store.reports()
        return resolve(self._store.directory(), text, brokers=[report.name for report in reports])

    def key_of(self, text: str) -> InstrumentKey:
        """The key that a name means, as `resolve` finds it.

        A well-formed key that is not listed, and is no spelling of anything, stays itself: what was traded under it
        can still be asked for. Raises `Invalid` (`INVALID_INSTRUMENT`) for everything else.
        """
        directory = self._store.directory()
        found = named_so(directory, text, brokers=(report.name for report in self._store.reports()))
        if found is not None:
            return found.key
        try:
            return InstrumentKey.parse(text)
        except Invalid:
            raise unknown(directory, text) from None

    def start_sync(self) -> tuple[MasterStanding, ...]:
        """Begin a load, unless one is under way, and tell how the sources stand; raises `Invalid` without a source."""
        self._masters.start()
        return self._masters.standings()

    async def sync(self, progress: Progress | None = None) -> tuple[MasterReport, ...]:
        """Load all masters; raises `Invalid` without a source, and `Unavailable` where one can't be read or trusted:
        then the instruments are what they were.
        """
        return await self._masters.sync(progress)
