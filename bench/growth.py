"""What grows must not slow an order down: kept keys, unknown orders, accounts, books, days, instruments, trails.

The gateways of a part are measured in turn, and while one is, the others stand still. So what a gateway does in the
background for its many accounts or unknown orders counts for it alone.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import house
from bench.filling import fill, lengthen, unknown_in
from bench.house import House
from bench.load import driven
from bench.processes import Server, other_cores
from bench.rows import Effort, Row, Target, measured

EMPTY, FULL = "place, an empty store", "place, 100,000 keys and 10,000 unknown"
IDLE, WARM, AFTER = "before the first order", "place, among the first orders", "place, after 100,000 orders"
_KEPT, _CONNECTIONS, _FIRST = 100_000, 8, "first"
_UNKNOWN, _ACCOUNTS, _MASTERS = (0, 1_000, 10_000), (1, 10, 100, 1_000), (2_000, 20_000, 200_000)
_BOOKS = (10, 100, 1_000, 10_000)
_DAYS, _TRAILS = (10, 1_000, 10_000), (0, 100)
# So that no order stops to be unknown while it is measured.
_LONG_UNKNOWN = {"ORDO_IDEMPOTENCY__ABSENCE_SECONDS": "3600"}
_by_unknown, _by_accounts, _by_book, _by_bound, _by_one, _by_day, _by_master, _by_trail = (
    "place, {:,} unknown orders",
    "place, {:,} accounts",
    "place, {:,} open orders",
    "place, {:,} open orders, and a bound on them",
    "one order, {:,} open orders",
    "one order, {:,} orders of the day",
    "place, a master of {:,}",
    "place, a trail of {:,} MB",
)
PAIRS: tuple[tuple[str, str], ...] = (
    (FULL, EMPTY),
    *(
        (name.format(sizes[-1]), name.format(sizes[0]))
        for name, sizes in (
            (_by_unknown, _UNKNOWN),
            (_by_accounts, _ACCOUNTS),
            (_by_book, _BOOKS),
            (_by_bound, _BOOKS),
            (_by_one, _BOOKS),
            (_by_day, _DAYS),
            (_by_master, _MASTERS),
            (_by_trail, _TRAILS),
        )
    ),
)


def endurance(effort: Effort) -> list[Row]:
    """The same gateway before its first order and after 100,000."""
    with _place() as (folder, double), house.ordo(folder, double, name="long") as gateway:
        idle = Row(section="endurance", name=IDLE, resident_mb=gateway.server.resident_mb())
        warm = _measured([_order(WARM, gateway)], effort, section="endurance")
        _say("100,000 orders")
        driven(gateway.server.port, gateway.place, connections=32, requests=_KEPT)
        return [idle, *warm, *_measured([_order(AFTER, gateway)], effort, section="endurance")]


def keys(effort: Effort) -> list[Row]:
    return _stores({EMPTY: (0, 0), FULL: (_KEPT, _UNKNOWN[-1])}, effort)


def unknown(effort: Effort) -> list[Row]:
    return _stores({_by_unknown.format(number): (0, number) for number in _UNKNOWN}, effort)


def day(effort: Effort) -> list[Row]:
    """One order, which the book shows; every read of the book is compared with all that was placed on the day."""
    with _place() as (folder, double), ExitStack() as stack:
        order = _begun(folder, double)
        house.called(double.port, "PUT", "/bench/book/1")
        targets = []
        for number in _DAYS:
            gateway = stack.enter_context(_copied(folder, double, f"day-{number}", today=number - 1))
            targets.append(_one(_by_day.format(number), gateway, order))
        return _measured(targets, effort)


def accounts(effort: Effort) -> list[Row]:
    """An order for one account after the other."""
    with _place() as (folder, double), ExitStack() as stack:
        targets = []
        for number in _ACCOUNTS:
            names = [f"XE{one:05d}" for one in range(1, number + 1)]
            gateway = stack.enter_context(house.ordo(folder, double, name=f"accounts-{number}", accounts=names))
            targets.append(_order(_by_accounts.format(number), gateway))
        return _measured(targets, effort)


def books(effort: Effort) -> list[Row]:
    """Reading one order that stands in a book of so many, and then placing beside it."""
    with _books({}) as gateways:
        asking = [_one(_by_one.format(number), gateway, order) for number, gateway, order in gateways]
        placing = [_order(_by_book.format(number), gateway) for number, gateway, _ in gateways]
        return [*_measured(asking, effort), *_measured(placing, effort)]


def bounds(effort: Effort) -> list[Row]:
    """Where open orders are bound, every order reads the book."""
    with _books({"ORDO_LIMITS__MAX_OPEN_ORDERS": "1000000"}) as gateways:
        return _measured([_order(_by_bound.format(number), gateway) for number, gateway, _ in gateways], effort)


def masters(effort: Effort) -> list[Row]:
    """The second start finds the master loaded."""
    with _place() as (folder, double), ExitStack() as stack:
        targets = []
        for number in _MASTERS:
            with house.ordo(folder, double, name=f"master-{number}", instruments=number):
                pass
            again = house.ordo(folder, double, name=f"master-{number}", instruments=number, log_in=False)
            targets.append(_order(_by_master.format(number), stack.enter_context(again)))
        return _measured(targets, effort)


def trails(effort: Effort) -> list[Row]:
    with _place() as (folder, double), ExitStack() as stack:
        _begun(folder, double)
        targets = []
        for size in _TRAILS:
            gateway = stack.enter_context(_copied(folder, double, f"trail-{size}", trail_mb=size))
            targets.append(_order(_by_trail.format(size), gateway))
        return _measured(targets, effort)


def _stores(kinds: dict[str, tuple[int, int]], effort: Effort) -> list[Row]:
    """Gateways that keep so many more keys, and so many unknown orders, which are as unknown at the end."""
    with _place() as (folder, double), ExitStack() as stack:
        _begun(folder, double)
        targets = []
        for number, (name, (kept, doubtful)) in enumerate(kinds.items()):
            gateway = _copied(folder, double, f"store-{number}", kept=kept, unknown=doubtful)
            targets.append(_order(name, stack.enter_context(gateway)))
        rows = _measured(targets, effort)
        for number, (name, (_, doubtful)) in enumerate(kinds.items()):
            if (left := unknown_in(folder / f"store-{number}")) != doubtful:
                raise RuntimeError(f"{name}: {left} orders are unknown")
        return rows


@contextmanager
def _place() -> Iterator[tuple[Path, Server]]:
    with tempfile.TemporaryDirectory() as name, other_cores(), house.broker(Path(name)) as double:
        yield Path(name), double


@contextmanager
def _books(settings: dict[str, str]) -> Iterator[list[tuple[int, House, str]]]:
    """By the length of the book: a gateway with a broker of its own, and an order of it that the book shows."""
    with tempfile.TemporaryDirectory() as name, other_cores(), ExitStack() as stack:
        found = []
        for number in _BOOKS:
            folder = Path(name) / str(number)
            double = stack.enter_context(house.broker(folder))
            gateway = stack.enter_context(house.ordo(folder, double, settings=settings))
            (order,) = gateway.placed(1)
            house.called(double.port, "PUT", f"/bench/book/{number}")
            found.append((number, gateway, order))
        yield found


def _begun(folder: Path, double: Server) -> str:
    """A gateway that has placed one order and has ended: the id of the order. `_copied` begins with what it left."""
    with house.ordo(folder, double, name=_FIRST) as gateway:
        return gateway.placed(1)[0]


@contextmanager
def _copied(
    folder: Path, double: Server, name: str, *, kept: int = 0, today: int = 0, unknown: int = 0, trail_mb: int = 0
) -> Iterator[House]:
    shutil.copytree(folder / _FIRST, folder / name)
    fill(folder / name, kept=kept, today=today, unknown=unknown)
    lengthen(folder / name / "audit", trail_mb)
    with house.ordo(folder, double, name=name, settings=_LONG_UNKNOWN, log_in=False) as gateway:
        yield gateway


def _order(name: str, gateway: House) -> Target:
    return Target(name=name, server=gateway.server, request=gateway.place)


def _one(name: str, gateway: House, order: str) -> Target:
    return Target(name=name, server=gateway.server, request=gateway.get(f"/orders/{order}"))


def _measured(targets: Sequence[Target], effort: Effort, *, section: str = "growth") -> list[Row]:
    _say(", ".join(target.name for target in targets))
    return measured(section, targets, _CONNECTIONS, effort, apart=True)


def _say(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr)
