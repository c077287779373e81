"""Whatever is done to the trail of two writers, in many files: the chain that it was done to names the first line that
is not as it was, and the other chain holds.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordo.adapters.telemetry.archive import verify
from tests.unit.adapters.telemetry.test_audit_chain import event, writing

Lines = list[tuple[str, bytes]]
"""A chain, line by line, each with the file that it stands in."""


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rotated") / "audit"
    with writing(folder, max_bytes=1200) as first, writing(folder, max_bytes=1200) as second:
        for number in range(14):
            for log in (first, second):
                log.append(event(number))
    return folder


def number_of(path: Path) -> float:
    """Full files are numbered; the one that is written now comes last."""
    digits = path.name.split(".")[1]
    return int(digits) if digits.isdigit() else float("inf")


def chains(folder: Path) -> dict[str, Lines]:
    found: dict[str, Lines] = {}
    for path in sorted(folder.glob("*.jsonl"), key=number_of):
        lines = path.read_bytes().splitlines(keepends=True)
        found.setdefault(path.name.split(".")[0], []).extend((path.name, line) for line in lines)
    return found


def flipped(lines: Lines, place: int, bit: int) -> Lines:
    name, line = lines[place]
    changed = bytearray(line)
    # Any byte but the line feed, of which the next test is about.
    changed[bit % (len(line) - 1)] ^= 1 << bit % 7
    return [*lines[:place], (name, bytes(changed)), *lines[place + 1 :]]


def dropped(lines: Lines, place: int, _: int) -> Lines:
    return lines[:place] + lines[place + 1 :]


def swapped(lines: Lines, place: int, apart: int) -> Lines:
    other = (place + 1 + apart % (len(lines) - 1)) % len(lines)
    texts = [text for _, text in lines]
    texts[place], texts[other] = texts[other], texts[place]
    return [(name, text) for (name, _), text in zip(lines, texts, strict=True)]


def repeated(lines: Lines, place: int, _: int) -> Lines:
    return [*lines[: place + 1], lines[place], *lines[place + 1 :]]


def cut(lines: Lines, place: int, kept: int) -> Lines:
    name, line = lines[place]
    left = line[: kept % len(line)]
    return [*lines[:place], *([(name, left)] if left else [])]


def first_difference(before: Lines, after: Lines) -> tuple[str, int]:
    """The file and the line of the first text that is not the one that was there. Where only the end is gone, it is
    missing from the file that is written now.
    """
    place = next(
        (place for place, (one, other) in enumerate(zip(before, after, strict=False)) if one[1] != other[1]),
        min(len(before), len(after)),
    )
    name = after[place][0] if place < len(after) else before[-1][0]
    return name, sum(one[0] == name for one in after[:place]) + 1


def test_the_trail_is_long_enough_to_prove_something(trail: Path) -> None:
    assert {report.name: report.fault for report in verify(trail)} == {"audit": None, "audit-1": None}
    assert {name: len({file for file, _ in lines}) > 2 for name, lines in chains(trail).items()} == {
        "audit": True,
        "audit-1": True,
    }


@settings(max_examples=150, deadline=None)
@given(
    chain=st.sampled_from(["audit", "audit-1"]),
    place=st.integers(0, 13),
    change=st.sampled_from([flipped, dropped, swapped, repeated, cut]),
    how=st.integers(0, 10_000),
)
def test_the_first_line_that_is_not_as_it_was_is_named(
    trail: Path, chain: str, place: int, change: Callable[[Lines, int, int], Lines], how: int
) -> None:
    before = chains(trail)[chain]
    after = change(before, place, how)
    with tempfile.TemporaryDirectory() as name:
        folder = shutil.copytree(trail, Path(name) / "audit")
        for file in {file for file, _ in before}:
            (folder / file).write_bytes(b"".join(text for named, text in after if named == file))
        reports = {report.name: report for report in verify(folder)}
        other = "audit" if chain == "audit-1" else "audit-1"
        assert reports[other].fault is None
        fault = reports[chain].fault
        assert fault is not None
        assert (fault.path.name, fault.line) == first_difference(before, after)
