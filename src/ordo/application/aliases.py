"""Other people's names of instruments: tickers of FYERS, spellings of Kite and OpenAlgo.

A spelling is never taken apart into facts: it either is a reference that a broker's master gives, or equals what a
listed contract would be spelt like. Names of nothing, and of more than one thing, are refused with what is near.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import ErrorCode, FieldFault, Invalid
from ordo.domain.instruments import Instrument, InstrumentKey, Venue, format_decimal

CANDIDATES: Final = 5
_LONGEST: Final = 64
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTH_LETTERS: Final = "123456789OND"


def resolve(directory: InstrumentDirectory, text: str, *, brokers: Iterable[str]) -> Instrument:
    """The one instrument that a canonical key, or a spelling of another house, names.

    `brokers` are those whose references count. A spelling begins with its venue and a colon; that of a derivative, or
    of a share with its series, may do without. Raises `Invalid`
    (`INVALID_INSTRUMENT`), with the nearest candidates, for a name of nothing or of several instruments.
    """
    found = named_so(directory, text, brokers=brokers)
    if found is None:
        raise unknown(directory, text)
    return found


def named_so(directory: InstrumentDirectory, text: str, *, brokers: Iterable[str]) -> Instrument | None:
    """As `resolve`, but `None` for a name of nothing."""
    wanted = text.strip()
    found = _by_key(directory, wanted)
    if found is not None:
        return found
    named = (directory.by_reference(broker, wanted) for broker in brokers)
    spelt = _spelt_so(directory, wanted) if len(wanted) <= _LONGEST else ()
    meant: dict[InstrumentKey, Instrument] = {one.key: one for one in (*named, *spelt) if one is not None}
    if len(meant) > 1:
        raise _refusal(text, "is the name of more than one instrument", tuple(meant))
    return next(iter(meant.values()), None)


def unknown(directory: InstrumentDirectory, text: str) -> Invalid:
    """The refusal of a name that nothing has, with what may have been meant."""
    return _refusal(text, "is not known", nearest(directory, text))


def nearest(directory: InstrumentDirectory, text: str) -> tuple[InstrumentKey, ...]:
    """The keys of what somebody may have meant: for a message, never for an order."""
    return tuple(one.key for one in directory.nearest(text[:_LONGEST], limit=CANDIDATES))


def advice(candidates: Iterable[InstrumentKey]) -> str:
    """How a message ends that names candidates, or what to do where there are none."""
    named = ", ".join(map(str, candidates))
    return f"nearest: {named}" if named else "search /api/v1/instruments for its key"


def _refusal(text: str, what: str, candidates: Iterable[InstrumentKey]) -> Invalid:
    shown = text[:_LONGEST]
    message = f"{what}; {advice(candidates)}"
    return Invalid(
        ErrorCode.INVALID_INSTRUMENT,
        f"Nothing was sent: instrument {shown} {message}.",
        fields=(FieldFault(field="instrument", message=message, seen=shown),),
    )


def _by_key(directory: InstrumentDirectory, text: str) -> Instrument | None:
    try:
        return directory.get(InstrumentKey.parse(text))
    except Invalid:
        return None


def _spelt_so(directory: InstrumentDirectory, text: str) -> Iterator[Instrument]:
    """Every listed instrument that one of its spellings makes equal to the text."""
    head, colon, rest = text.partition(":")
    venues = [venue for venue in Venue if venue == head] if colon else list(Venue)
    name = rest if colon else text
    if ":" in name:  # a key that is not listed, and no spelling of anything
        return
    for venue in venues:
        for end in range(1, len(name) + 1):
            found = _contracts if venue.is_derivative else _securities
            # A share's symbol alone does not say where it trades.
            yield from (one for one in found(directory, venue, name, end) if colon or name != one.key.root)


def _securities(directory: InstrumentDirectory, venue: Venue, name: str, end: int) -> Iterator[Instrument]:
    if name[end:] and name[end] != "-":
        return
    series = name[end + 1 :]
    for text in (f"{venue}:{name[:end]}", *((f"{venue}:{name[:end]}:{series}",) if series else ())):
        found = _by_key(directory, text)
        if found is not None and name in _security_spellings(found):
            yield found


def _security_spellings(one: Instrument) -> Iterator[str]:
    if one.key.series is None:
        yield one.key.root
    if one.series is not None:
        yield f"{one.key.root}-{one.series}"


def _contracts(directory: InstrumentDirectory, venue: Venue, name: str, end: int) -> Iterator[Instrument]:
    root = name[:end]
    expiries = directory.expiries(venue, root)
    for expiry in expiries:
        # A month's last expiry is spelt by its month alone; of another month's contracts nothing can be equal.
        monthly = not any(
            other > expiry and (other.year, other.month) == (expiry.year, expiry.month) for other in expiries
        )
        if not any(name.startswith(f"{root}{day}") for day in _days(expiry, monthly=monthly)):
            continue
        for one in directory.contracts(venue, root, expiry):
            if name in _contract_spellings(one.key, expiry, monthly=monthly):
                yield one


def _contract_spellings(key: InstrumentKey, expiry: date, *, monthly: bool) -> Iterator[str]:
    end = "FUT" if key.strike is None else f"{format_decimal(key.strike)}{key.right}"
    return (f"{key.root}{day}{end}" for day in _days(expiry, monthly=monthly))


def _days(expiry: date, *, monthly: bool) -> tuple[str, ...]:
    """How Kite writes an expiry (26DEC, or 26D01 where it is not the month's last), and how OpenAlgo does (01DEC26)."""
    year, month = f"{expiry:%y}", _MONTHS[expiry.month - 1]
    kite = f"{year}{month}" if monthly else f"{year}{_MONTH_LETTERS[expiry.month - 1]}{expiry:%d}"
    return kite, f"{expiry:%d}{month}{year}"
