"""Makes the day's directory of what today's masters say and of what stays from before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from ordo.domain.directory import InstrumentDirectory
from ordo.domain.instruments import Instrument


def assembled(
    loaded: Iterable[Instrument],
    always: Iterable[Instrument],
    before: InstrumentDirectory,
    lost: frozenset[str],
) -> InstrumentDirectory:
    """The instruments that were loaded, with the references that the `lost` sources gave them before; what only those
    listed, as it was; and what is `always` listed, unless it is already there.

    The same instrument has the same key and the same exchange token. Raises `Invalid` as the directory does.
    """
    if not lost:
        return InstrumentDirectory(_with(always, loaded))
    directory = InstrumentDirectory(_with_lost(loaded, before, lost))
    kept = (one for one in before if not lost.isdisjoint(one.references) and not _lists(directory, one))
    return InstrumentDirectory(_with(always, chain(directory, kept)))


def _with(always: Iterable[Instrument], loaded: Iterable[Instrument]) -> Iterator[Instrument]:
    missing = {one.key: one for one in always}
    tokens = {(one.key.venue, one.exchange_token): one.key for one in missing.values() if one.exchange_token}
    for one in loaded:
        missing.pop(one.key, None)
        same = tokens.get((one.key.venue, one.exchange_token))
        if same is not None:
            missing.pop(same, None)
        yield one
    yield from missing.values()


def _lists(directory: InstrumentDirectory, one: Instrument) -> bool:
    known = directory.get(one.key)
    return known is not None or directory.by_token(one.key.venue, one.exchange_token) is not None


def _with_lost(loaded: Iterable[Instrument], before: InstrumentDirectory, lost: frozenset[str]) -> Iterator[Instrument]:
    for one in loaded:
        known = before.get(one.key)
        if known is None or known.exchange_token != one.exchange_token or lost.isdisjoint(known.references):
            yield one
            continue
        references = {name: text for name, text in known.references.items() if name in lost}
        facts = {name: text for name, text in known.facts.items() if name.partition(".")[0] in lost}
        yield replace(one, references={**one.references, **references}, facts={**one.facts, **facts})
