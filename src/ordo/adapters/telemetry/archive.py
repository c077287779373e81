"""Reads trails: how their files are named, whether their chains hold, and what they say of one order."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from ordo.adapters.telemetry.chain import GENESIS, Head, Link, facts_of, lines_of, read_link, tail_of

HEAD_SUFFIX: Final = ".head"
_NAME: Final = re.compile(r"(?P<stem>audit(?:-[1-9][0-9]*)?)(?:\.(?P<first>[0-9]{12}))?\.(?:jsonl|head)")


def stem(number: int) -> str:
    """The name of a chain; the first has no number."""
    return f"audit-{number}" if number else "audit"


def active(directory: Path, name: str) -> Path:
    """The file that a chain is written to."""
    return directory / f"{name}.jsonl"


def archived(directory: Path, name: str, first: int) -> Path:
    """The file that begins with a line of a chain, once it is full."""
    return directory / f"{name}.{first:012d}.jsonl"


def archives(directory: Path, name: str) -> list[tuple[int, Path]]:
    """The full files of a chain in order, each with the number of its first line."""
    found = ((_NAME.fullmatch(path.name), path) for path in directory.glob(f"{name}.*.jsonl"))
    return sorted((int(match["first"]), path) for match, path in found if match and match["first"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The first thing in a chain that is not as it was written: where, and what."""

    path: Path
    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What a look through one chain found. `lines` were in order before the fault, or all of them; `last` is where the
    chain ends then. `anchored`: its head was there, so that a cut tail would have been seen.
    """

    name: str
    lines: int
    last: Link
    anchored: bool
    fault: Fault | None = None


def verify(place: Path) -> tuple[ChainReport, ...]:
    """A report on each chain in a directory, or on the one that a file belongs to. Raises `OSError`.

    A chain shows that nothing was altered, added, dropped or moved up to where its head says; whoever can write both
    its files and its head can make another chain. Compare `last` with a copy that is kept elsewhere.
    """
    if place.is_dir():
        names = {match["stem"] for path in place.iterdir() if (match := _NAME.fullmatch(path.name))}
        return tuple(_verified(place, name) for name in sorted(names))
    place.stat()  # A file that is not there has no chain, not an empty one.
    match = _NAME.fullmatch(place.name)
    if match is not None and match["first"] is None:
        return (_verified(place.parent, match["stem"]),)
    return (_walked(place.name, [place], None),)


def said(place: Path, *, order_id: str | None, correlation_id: str | None) -> list[dict[str, object]]:
    """What the trails in a directory say of an order, a request or both, by time. Raises `OSError`."""
    place.stat()
    found = []
    for path in sorted(place.glob("audit*.jsonl")):
        for _, line, _ in lines_of(path):
            told = facts_of(line)
            if (
                told
                and order_id in (None, told.get("order_id"))
                and correlation_id in (None, told.get("correlation_id"))
            ):
                found.append(told)
    return sorted(found, key=lambda told: (str(told.get("at")), int(str(told.get("seq", 0)))))


def said_last(place: Path) -> datetime | None:
    """When the last line of all chains in a directory was written; `None` where there is none."""
    times = []
    for path in place.glob("audit*.jsonl"):
        last, _ = tail_of(path)
        if last is not None and read_link(last) is not None:
            times.append(datetime.fromisoformat(str(facts_of(last)["at"])))
    return max(times, default=None)


def _verified(directory: Path, name: str) -> ChainReport:
    # The head first: lines that a gateway writes meanwhile stand behind it, and may be unfinished.
    place = directory / f"{name}{HEAD_SUFFIX}"
    head = Head.of(place.read_bytes()) if place.exists() else None
    base = 0 if head is None else head.base.seq
    paths = [path for first, path in archives(directory, name) if first > base]
    current = active(directory, name)
    report = _walked(name, [*paths, current] if current.exists() or not paths else paths, head)
    if head is None and report.lines and report.fault is None:
        why = "the record of the head of the chain is missing: nobody can tell whether the end was cut off"
        return replace(report, fault=Fault(path=place, line=1, why=why))
    return report


def _walked(name: str, paths: list[Path], head: Head | None) -> ChainReport:
    walk = _Walk(head)
    fault = None
    path, number = paths[-1], 0
    for path in paths:
        number = 0
        for number, line, whole in lines_of(path) if path.exists() else ():
            fault = walk.step(path, number, line, whole=whole)
            if fault is not None:
                break
        if fault is not None:
            break
    else:
        fault = walk.end(path, number + 1)
    return ChainReport(name=name, lines=walk.lines, last=walk.last, anchored=head is not None, fault=fault)


class _Walk:
    """Goes along a chain, line by line."""

    def __init__(self, head: Head | None) -> None:
        self._head = None if head is None else head.last
        self._base = None if head is None else head.base
        self._torn: tuple[Fault, str] | None = None
        self.last = self._base or GENESIS
        self.lines = 0

    def step(self, path: Path, number: int, line: bytes, *, whole: bool) -> Fault | None:
        """What is wrong with the next line, or with the one before it."""
        found = read_link(line)
        if found is None or not whole:
            return self._unread(Fault(path=path, line=number, why="it is not as it was written"), line, whole=whole)
        told = facts_of(line)
        if self._torn is not None and told.get("torn") != self._torn[1]:
            return self._torn[0]
        link, before = found
        if self._base is None and not self.lines:
            # Of a file that came alone, only what stands in it can be shown.
            self.last = Link(seq=link.seq - 1, digest=before)
        why = self._misplaced(link, before, told)
        if why is not None:
            return Fault(path=path, line=number, why=why)
        self.last, self._torn, self.lines = link, None, self.lines + 1
        return None

    def end(self, path: Path, number: int) -> Fault | None:
        """What is missing at the end, if anything."""
        if self._torn is not None:
            return self._torn[0]
        if self._head is not None and self.last.seq < self._head.seq:
            why = f"cut off: lines {self.last.seq + 1} to {self._head.seq} of the chain are missing"
            return Fault(path=path, line=number, why=why)
        return None

    def _unread(self, fault: Fault, line: bytes, *, whole: bool) -> Fault | None:
        """A line that died with its gateway is named by the next one; an unfinished last one nobody has promised."""
        if self._torn is not None:
            return self._torn[0]
        if whole:
            self._torn = fault, sha256(line).hexdigest()
            return None
        return fault if self._head is not None and self.last.seq < self._head.seq else None

    def _misplaced(self, link: Link, before: str, told: dict[str, object]) -> str | None:
        due = self.last.seq + 1
        if link.seq > due:
            return f"lines {due} to {link.seq - 1} of the chain are missing before it"
        if link.seq < due:
            return f"it is line {link.seq} of the chain, and stands where line {due} should"
        if before != self.last.digest:
            return "it does not follow the line before it"
        if self._head is not None and link.seq == self._head.seq and link.digest != self._head.digest:
            return "it is not the line that the record of the head names"
        if "head" in told:
            return "the record of the head was gone when a gateway wrote this: what was cut off before it can't be told"
        return None
