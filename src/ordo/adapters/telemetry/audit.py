"""The auditor's trail: one JSON document a line, appended to a file that is never rewritten."""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path

import orjson
import structlog
from structlog.typing import EventDict, WrappedLogger

from ordo.adapters.telemetry.redaction import redacting
from ordo.domain.audit import AuditEvent
from ordo.domain.calendar import IST
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.ports.audit import AuditLog

FILE_NAME = "audit.jsonl"


def _line(_: WrappedLogger, __: str, event: EventDict) -> bytes:
    return orjson.dumps(event)


class FileAuditLog(AuditLog):
    """Appends to `audit.jsonl` in a directory of mode 0700; several processes may append to the same file.

    Each line is one unbuffered write to a file opened for appending, so lines never mix. When `append`
    returns, the operating system has the line; it survives the death of the process, though not of the
    machine.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME
        self._log: structlog.BoundLogger | None = None
        self._file: FileIO | None = None

    def open(self) -> None:
        """Make the directory and open the file; raises `Unavailable` (`STORE_UNAVAILABLE`)."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        except OSError as error:
            raise _unwritable(self.path, error) from None
        self._file = os.fdopen(descriptor, "ab", buffering=0)
        self._log = structlog.wrap_logger(
            structlog.BytesLogger(self._file),
            processors=[redacting, _line],
            wrapper_class=structlog.BoundLogger,
        )

    def close(self) -> None:
        """Close the file; a closed trail may be opened again."""
        if self._file is not None:
            self._file.close()
        self._log = None
        self._file = None

    def append(self, event: AuditEvent) -> None:
        if self._log is None:
            raise _unwritable(self.path, "the trail is closed")
        try:
            self._log.info(
                str(event.kind),
                at=event.at.astimezone(IST).isoformat(),
                actor=event.actor,
                correlation_id=event.correlation_id,
                account=None if event.account is None else str(event.account),
                order_id=event.order_id,
                facts=event.facts,
            )
        except OSError as error:
            raise _unwritable(self.path, error) from None


def _unwritable(path: Path, reason: object) -> Unavailable:
    return Unavailable(
        ErrorCode.STORE_UNAVAILABLE,
        f"The audit trail {path} can't be written ({reason}). Without it no new order is sent; free space or mend"
        " the permissions, then try again.",
    )
