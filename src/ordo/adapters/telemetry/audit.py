"""The auditor's trail: a hash chain of JSON lines, one chain a writer, appended to files that are never rewritten."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from ordo.adapters.telemetry.archive import HEAD_SUFFIX, active, archived, archives, stem
from ordo.adapters.telemetry.chain import (
    GENESIS,
    HEAD_BYTES,
    Head,
    Link,
    facts_of,
    lines_of,
    linked,
    read_link,
    tail_of,
)
from ordo.adapters.telemetry.redaction import redact
from ordo.domain.audit import AuditEvent
from ordo.domain.calendar import IST
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.secrecy import is_harmless, redact_text
from ordo.ports.audit import AuditLog

_log = logging.getLogger(__name__)
_MOST_WRITERS: Final = 256
_MADE: Final = re.compile("token:[0-9a-f]{12}")
FIVE_YEARS: Final = timedelta(days=1827)


class FileAuditLog(AuditLog):
    """Appends to the first chain in a directory of mode 0700 that nobody else writes.

    Each line is one unbuffered write to a file opened for appending, and then the record of the chain's head is
    overwritten beside it. When `append` returns, the operating system has both: they survive the death of the process,
    though not of the machine. A file holds one Indian day, or `max_bytes` of it; the chain runs on through all of
    them. A file whose last line is older than `keep` is removed, and the head says where the chain then begins.
    """

    def __init__(self, directory: Path, *, max_bytes: int = 64 << 20, keep: timedelta = FIVE_YEARS) -> None:
        self.directory = directory
        self._max_bytes = max_bytes
        self._keep = keep
        self._stem = ""
        self._head_file = -1
        self._file = -1
        self._failed: str | None = "the trail is closed"
        self._size = 0
        self._first = 0
        self._day: date | None = None
        self._head = Head(last=GENESIS)
        self._notes: dict[str, object] = {}

    @property
    def path(self) -> Path:
        """The file that is written now."""
        return active(self.directory, self._stem or stem(0))

    def open(self) -> None:
        """Make the directory, and take up a chain where it ended; raises `Unavailable` (`STORE_UNAVAILABLE`)."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._claim()
            self._take_up()
        except OSError as error:
            self.close()
            raise _unwritable(self.path, error) from None
        except Unavailable:
            self.close()
            raise
        _log.info("the audit chain %s goes on after line %d, %s", self._stem, *_told(self._head.last))

    def close(self) -> None:
        """Close the files and let the chain go; a closed trail may be opened again."""
        if self._file >= 0:
            _log.info("the audit chain %s ends for now with line %d, %s", self._stem, *_told(self._head.last))
        for descriptor in (self._file, self._head_file):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._head_file = -1
        self._failed = "the trail is closed"

    def append(self, event: AuditEvent) -> None:
        if self._head_file < 0:
            raise _unwritable(self.path, "the trail is closed")
        try:
            if self._failed is not None:
                self._take_up()
            at = event.at.astimezone(IST)
            day = at.date()
            fields = _fields(event, at)
            if self._notes:
                fields |= self._notes
            line, last = linked(fields, self._head.last)
            if self._first and (self._day != day or self._size + len(line) > self._max_bytes):
                self._rotate(event.at)
                line, last = linked(fields | self._notes, self._head.last)
            self._write(line)
            self._first = self._first or last.seq
            self._day = day
            self._notes.clear()
            self._tell(Head(last, self._head.base))
        except OSError as error:
            self._failed = str(error.strerror)
            raise _unwritable(self.path, error) from None

    def check(self) -> None:
        if self._head_file < 0 or self._failed is not None:
            raise _unwritable(self.path, self._failed)
        room = os.fstatvfs(self._file)
        if not room.f_bavail and room.f_blocks:
            raise _unwritable(self.path, "the disk is full")

    def _write(self, line: bytes) -> None:
        written = os.write(self._file, line)
        if written != len(line):
            # What was never promised is taken back; where it can't be, the next line says what stands before it.
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += written

    def _tell(self, head: Head) -> None:
        self._head = head
        os.pwrite(self._head_file, head.to_bytes(), 0)

    def _claim(self) -> None:
        """Take the first chain that nobody holds: the system drops the lock when its process ends."""
        for number in range(_MOST_WRITERS):
            path = self.directory / f"{stem(number)}{HEAD_SUFFIX}"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                continue
            self._stem, self._head_file = stem(number), descriptor
            return
        raise _unwritable(self.directory, f"{_MOST_WRITERS} gateways write there already")

    def _take_up(self) -> None:
        """Find where the chain ends, and whether a line was left unfinished there."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1
        path = self.path
        self._file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        self._size = os.fstat(self._file).st_size
        self._first, self._day, self._notes = 0, None, {}
        head = Head.of(os.pread(self._head_file, HEAD_BYTES, 0))
        last, unfinished = tail_of(path) if self._size else (None, b"")
        if head is None and last is not None and read_link(last) is None:
            self._set_aside(path)
            last, unfinished = None, b""
        head = self._end(head, last)
        if last is not None:
            self._first = _first_of(path)
            self._day = _day_of(last)
        if unfinished:
            self._write(b"\n")
            self._notes["torn"] = sha256(unfinished).hexdigest()
        self._failed = None
        self._tell(head)

    def _end(self, head: Head | None, last: bytes | None) -> Head:
        """Where the chain ends: by its head, or behind that where a crash came between line and head.

        A head ahead of the file means that lines are gone. The chain goes on from the head, so that the gap stays.
        """
        found = None if last is None else read_link(last)
        ends = GENESIS if found is None else found[0]
        if head is None:
            if found is not None:
                self._notes["head"] = "missing"
                _log.error("the head of the audit chain %s is gone: %s", self._stem, self.path)
            return Head(last=ends)
        if ends.seq > head.last.seq:
            return Head(last=ends, base=head.base)
        if ends.seq < head.last.seq and not self._rotated_at(head):
            _log.error("lines %d to %d of %s are gone: %s", ends.seq + 1, head.last.seq, self._stem, self.path)
        return head

    def _rotated_at(self, head: Head) -> bool:
        """Whether a file that holds nothing yet stands behind files that end where the head says."""
        if self._size:
            return False
        before = [path for _, path in archives(self.directory, self._stem)]
        if not before:
            return head.last == head.base
        last, _ = tail_of(before[-1])
        found = None if last is None else read_link(last)
        return found is not None and found[0] == head.last

    def _set_aside(self, path: Path) -> None:
        """Lines from before there were chains keep their file, under another name."""
        os.close(self._file)
        path.rename(path.with_suffix(".unchained"))
        self._file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        self._size = 0

    def _rotate(self, now: datetime) -> None:
        path = self.path
        os.fsync(self._file)
        path.rename(archived(self.directory, self._stem, self._first))
        os.close(self._file)
        self._file = -1
        self._file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        self._size = self._first = 0
        try:
            self._expire(now)
        except OSError as error:  # What is kept too long harms no order.
            _log.warning("old audit files can't be removed: %s", error)

    def _expire(self, now: datetime) -> None:
        for first, path in archives(self.directory, self._stem):
            last, _ = tail_of(path)
            found = None if last is None else read_link(last)
            day = None if last is None else _day_of(last)
            if found is None or day is None or day >= (now - self._keep).astimezone(IST).date():
                return
            # The head first: a file that is still there although it need not be is no gap.
            self._tell(Head(last=self._head.last, base=found[0]))
            path.unlink()
            self._notes["expired"] = f"lines {first} to {found[0].seq}"
            _log.info("audit lines %d to %d of %s were kept long enough: removed", first, found[0].seq, self._stem)


def _fields(event: AuditEvent, at: datetime) -> dict[str, object]:
    """What a line says of an event that happened at this time."""
    account = "" if event.account is None else str(event.account)
    fields: dict[str, object] = {
        "event": event.kind,
        "at": at,
        "actor": _named(event.actor),
        "correlation_id": event.correlation_id,
        "account": account or None,
        "order_id": event.order_id,
        "facts": event.facts,
    }
    texts = (event.correlation_id, account, event.order_id or "", *event.facts.values())
    if not is_harmless(event.facts, texts):
        fields |= {name: redact(fields[name]) for name in ("correlation_id", "account", "order_id", "facts")}
    return fields


@lru_cache(maxsize=1024)
def _named(actor: str) -> str:
    """Who acts, in words that may be written down: the id of a made token is no secret, although it stands behind that
    name.
    """
    return actor if _MADE.fullmatch(actor) else redact_text(actor)


def _first_of(path: Path) -> int:
    for _, line, _ in lines_of(path):
        found = read_link(line)
        if found is not None:
            return found[0].seq
    return 1


def _day_of(line: bytes) -> date | None:
    try:
        return datetime.fromisoformat(str(facts_of(line).get("at"))).astimezone(IST).date()
    except ValueError:
        return None


def _told(link: Link) -> tuple[int, str]:
    return link.seq, link.digest


def _unwritable(path: Path, reason: object) -> Unavailable:
    return Unavailable(
        ErrorCode.STORE_UNAVAILABLE,
        f"The audit trail {path} can't be written ({reason}). Without it no new order is sent, and cancellations pass;"
        " free space or mend the permissions, then try again.",
    )
