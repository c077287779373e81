"""What stands beside what: ratios of two rows of one run, and how much of an order's time is the disk's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench import disk, growth, place, scale, stores
from bench.rows import Row, the

_PAIRS = (
    ("place", place.ORDO, place.DIRECT),
    ("place", place.ORDO, place.BARE),
    ("place", place.ORDO, place.MEMORY),
    *(("stores", name, place.ORDO) for name in stores.NAMES),
    *(("scale", name, scale.NAMES[0]) for name in scale.NAMES[1:]),
    *(("growth", *pair) for pair in growth.PAIRS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How often the first holds the second. `None`: one of them did not measure it."""

    section: str
    what: str
    connections: int
    p50: float | None
    p99: float | None
    cpu: float | None
    rate: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One order at a time: how much of its p50 is one sync of the disk, which it waits for, and what is left."""

    what: str
    p50_us: float
    sync_p50_us: float
    sync_p99_us: float
    rest_us: float


def ratios(rows: Sequence[Row]) -> list[Ratio]:
    """Every pair at every number of connections at which both were measured."""
    return [found for pair in _PAIRS for found in _each(rows, *pair)]


def shares(rows: Sequence[Row]) -> list[Share]:
    placing = [row for row in rows if row.section == "place"]
    try:
        sync, order = the(placing, disk.SYNC, 1), the(placing, place.ORDO, 1)
    except LookupError:  # The section was not measured.
        return []
    rest = order.p50_us - sync.p50_us
    return [Share(what=order.name, p50_us=order.p50_us, sync_p50_us=sync.p50_us, sync_p99_us=sync.p99_us, rest_us=rest)]


def _each(rows: Sequence[Row], section: str, first: str, second: str) -> Iterator[Ratio]:
    found = [row for row in rows if row.section == section]
    for row in found:
        if row.name != first:
            continue
        try:
            base = the(found, second, row.connections)
        except LookupError:
            continue
        yield Ratio(
            section=section,
            what=f"{first} : {second}",
            connections=row.connections,
            p50=_over(row.p50_us, base.p50_us),
            p99=_over(row.p99_us, base.p99_us),
            cpu=_over(row.cpu_us, base.cpu_us),
            rate=_over(row.per_second, base.per_second),
        )


def _over(first: float, second: float) -> float | None:
    return first / second if first and second else None
