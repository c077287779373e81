"""Whatever is done to the files of a trail, the look through it says where."""

from __future__ import annotations

import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordo.adapters.telemetry.archive import ChainReport, said, verify
from ordo.adapters.telemetry.audit import FileAuditLog
from ordo.adapters.telemetry.chain import Head
from ordo.domain.audit import AuditEvent, AuditKind
from ordo.domain.errors import Unavailable

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LINES = 7


def event(number: int = 0, *, at: datetime = AT, fact: str = "x") -> AuditEvent:
    return AuditEvent(
        kind=AuditKind.ORDER_PLACED,
        at=at,
        actor="owner",
        correlation_id=f"c-{number}",
        order_id=f"{373000000000000 + number}",
        facts={"n": str(number), "fact": fact},
    )


@contextmanager
def writing(folder: Path, **limits: object) -> Iterator[FileAuditLog]:
    log = FileAuditLog(folder, **limits)  # type: ignore[arg-type]
    log.open()
    try:
        yield log
    finally:
        log.close()


def write(folder: Path, *events: AuditEvent, **limits: object) -> None:
    with writing(folder, **limits) as log:
        for one in events:
            log.append(one)


def only(folder: Path) -> ChainReport:
    (report,) = verify(folder)
    return report


def broken_at(folder: Path) -> tuple[str, int]:
    fault = only(folder).fault
    assert fault is not None
    return fault.path.name, fault.line


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pristine") / "audit"
    write(folder, *(event(number, fact='₹ \n\t "prev":"') for number in range(1, LINES + 1)))
    return folder


@contextmanager
def copy(pristine: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield shutil.copytree(pristine, Path(folder) / "audit")


def test_an_untouched_trail_holds(pristine: Path) -> None:
    report = only(pristine)
    assert (report.fault, report.lines, report.last.seq, report.anchored) == (None, LINES, LINES, True)


@given(data=st.data())
def test_a_flipped_bit_is_found_where_it_is(pristine: Path, data: st.DataObject) -> None:
    text = (pristine / "audit.jsonl").read_bytes()
    place = data.draw(st.integers(0, len(text) - 1))
    flipped = bytearray(text)
    flipped[place] ^= 1 << data.draw(st.integers(0, 7))
    line = text.count(b"\n", 0, place) + 1
    with copy(pristine) as folder:
        (folder / "audit.jsonl").write_bytes(flipped)
        assert broken_at(folder) == ("audit.jsonl", line)


def drop(lines: list[bytes], place: int) -> list[bytes]:
    return lines[:place] + lines[place + 1 :]


def swap(lines: list[bytes], place: int) -> list[bytes]:
    other = (place + 1) % len(lines)
    lines = list(lines)
    lines[place], lines[other] = lines[other], lines[place]
    return lines


def repeat(lines: list[bytes], place: int) -> list[bytes]:
    return [*lines[: place + 1], lines[place], *lines[place + 1 :]]


def add(lines: list[bytes], place: int) -> list[bytes]:
    return [*lines[:place], b'{"event":"order.placed"}\n', *lines[place:]]


@pytest.mark.parametrize("place", range(LINES))
@pytest.mark.parametrize(
    ("change", "line"),
    [
        (drop, lambda place: place + 1),
        (swap, lambda place: 1 if place == LINES - 1 else place + 1),
        (repeat, lambda place: place + 2),
        (add, lambda place: place + 1),
    ],
)
def test_what_is_dropped_moved_or_added_is_found(
    pristine: Path, place: int, change: Callable[[list[bytes], int], list[bytes]], line: Callable[[int], int]
) -> None:
    lines = (pristine / "audit.jsonl").read_bytes().splitlines(keepends=True)
    with copy(pristine) as folder:
        (folder / "audit.jsonl").write_bytes(b"".join(change(lines, place)))
        assert broken_at(folder) == ("audit.jsonl", line(place))


@given(data=st.data())
def test_a_cut_end_is_found_where_it_begins(pristine: Path, data: st.DataObject) -> None:
    text = (pristine / "audit.jsonl").read_bytes()
    kept = text[: data.draw(st.integers(0, len(text) - 1))]
    with copy(pristine) as folder:
        (folder / "audit.jsonl").write_bytes(kept)
        assert broken_at(folder) == ("audit.jsonl", kept.count(b"\n") + 1)
        # The gateway that starts next goes on behind the gap, which stays; a line feed alone it can put back.
        write(folder, event(99))
        if len(kept) < len(text) - 1:
            assert broken_at(folder)[1] - kept.count(b"\n") in (1, 2)


def test_a_chain_that_was_made_anew_does_not_end_as_its_head_says(tmp_path: Path) -> None:
    write(tmp_path / "a", *(event(number) for number in range(3)))
    write(tmp_path / "b", *(event(number) for number in (0, 7, 2)))
    shutil.copy(tmp_path / "b" / "audit.jsonl", tmp_path / "a" / "audit.jsonl")
    assert broken_at(tmp_path / "a") == ("audit.jsonl", 3)


def test_a_head_that_is_gone_is_told_for_ever(tmp_path: Path) -> None:
    write(tmp_path, event(1), event(2))
    (tmp_path / "audit.head").unlink()
    assert broken_at(tmp_path) == ("audit.head", 1)
    write(tmp_path, event(3))
    assert broken_at(tmp_path) == ("audit.jsonl", 3)


def test_a_file_that_came_alone_is_checked_in_itself(pristine: Path, tmp_path: Path) -> None:
    lines = (pristine / "audit.jsonl").read_bytes().splitlines(keepends=True)
    alone = tmp_path / "copy.jsonl"
    alone.write_bytes(b"".join(lines[2:5]))
    (report,) = verify(alone)
    assert (report.lines, report.last.seq, report.anchored, report.fault) == (3, 5, False, None)
    alone.write_bytes(lines[2] + lines[4])
    (report,) = verify(alone)
    assert report.fault is not None
    assert report.fault.line == 2
    (named,) = verify(pristine / "audit.jsonl")
    assert named == only(pristine)


def test_the_chain_runs_on_through_days_sizes_and_restarts(tmp_path: Path) -> None:
    for day in range(3):
        at = AT + timedelta(days=day)
        write(tmp_path, *(event(number, at=at, fact="y" * 600) for number in range(4)), max_bytes=2500)
    files = sorted(path.name for path in tmp_path.glob("*.jsonl"))
    assert files[:2] == ["audit.000000000001.jsonl", "audit.000000000003.jsonl"]
    assert len(files) > 4
    report = only(tmp_path)
    assert (report.lines, report.fault) == (12, None)
    (tmp_path / files[1]).unlink()
    assert broken_at(tmp_path) == (files[2], 1)


def test_what_was_kept_long_enough_is_removed_and_no_gap(tmp_path: Path) -> None:
    for day in range(8):
        write(tmp_path, event(day, at=AT + timedelta(days=day)), keep=timedelta(days=3))
    report = only(tmp_path)
    assert (report.lines, report.last.seq, report.fault) == (4, 8, None)
    assert b'"expired":"lines 4 to 4"' in (tmp_path / "audit.jsonl").read_bytes()
    min(tmp_path.glob("audit.0*.jsonl")).unlink()
    assert only(tmp_path).fault is not None


def test_a_crash_between_line_and_head_is_no_gap(tmp_path: Path) -> None:
    write(tmp_path, event(1))
    before = (tmp_path / "audit.head").read_bytes()
    write(tmp_path, event(2))
    (tmp_path / "audit.head").write_bytes(before)
    assert only(tmp_path).lines == 2
    write(tmp_path, event(3))
    assert (only(tmp_path).lines, only(tmp_path).fault) == (3, None)


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_line_that_died_with_its_gateway_is_named_by_the_next(tmp_path: Path, cut: int) -> None:
    write(tmp_path, event(1))
    with (tmp_path / "audit.jsonl").open("ab") as file:
        file.write((tmp_path / "audit.jsonl").read_bytes()[:cut])
    assert (only(tmp_path).lines, only(tmp_path).fault) == (1, None)
    write(tmp_path, event(2))
    assert (only(tmp_path).lines, only(tmp_path).fault) == (2, None)
    text = (tmp_path / "audit.jsonl").read_bytes()
    (tmp_path / "audit.jsonl").write_bytes(text.replace(b'{"seq', b'{"sEq', 2).replace(b'{"sEq', b'{"seq', 1))
    assert only(tmp_path).fault is not None


def test_a_crash_after_the_rename_of_a_full_file_is_no_gap(tmp_path: Path) -> None:
    write(tmp_path, event(1))
    (tmp_path / "audit.jsonl").rename(tmp_path / "audit.000000000001.jsonl")
    write(tmp_path, event(2))
    assert (only(tmp_path).lines, only(tmp_path).fault) == (2, None)


def test_each_writer_has_a_chain_and_takes_up_one_that_nobody_holds(tmp_path: Path) -> None:
    with writing(tmp_path) as first, writing(tmp_path) as second:
        for number in range(3):
            first.append(event(number))
            second.append(event(number))
        assert (first.path.name, second.path.name) == ("audit.jsonl", "audit-1.jsonl")
    write(tmp_path, event(9))
    assert [(report.name, report.lines, report.fault) for report in verify(tmp_path)] == [
        ("audit", 4, None),
        ("audit-1", 3, None),
    ]
    found = said(tmp_path, order_id="373000000000002", correlation_id=None)
    assert [line["seq"] for line in found] == [3, 3]
    assert said(tmp_path, order_id="373000000000002", correlation_id="c-1") == []


def test_lines_from_before_there_were_chains_are_set_aside(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_text('{"event":"order.placed","facts":{}}\n')
    write(tmp_path, event(1))
    assert only(tmp_path).fault is None
    assert "order.placed" in (tmp_path / "audit.unchained").read_text()


def test_half_a_line_is_taken_back_and_the_trail_fails_until_it_can_be_written_again(tmp_path: Path) -> None:
    with writing(tmp_path) as log:
        log.append(event(1))
        log.check()
        size = log.path.stat().st_size
        with room_for(size + 50), pytest.raises(Unavailable, match="cancellations pass"):
            log.append(event(2))
        assert log.path.stat().st_size == size
        with pytest.raises(Unavailable, match="can't be written"):
            log.check()
        log.append(event(2))
        log.check()
    with pytest.raises(Unavailable):
        log.check()
    assert (only(tmp_path).lines, only(tmp_path).fault) == (2, None)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Files of this process can't grow beyond a size: what does not fit is written in part."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@given(st.binary(max_size=300))
def test_a_head_is_what_was_written_or_nothing(text: bytes) -> None:
    head = Head.of(text)
    assert head is None or Head.of(head.to_bytes()) == head
