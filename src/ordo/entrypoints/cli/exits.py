"""How a command ends, for the shell. Standard library only: the help shows this table, and loads nothing for it."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the shell is told."""

    OK = 0
    BROKEN_PROMISE = 1
    REFUSED = 2
    UNKNOWN = 3
    INPUT = 4
    UNAVAILABLE = 5
    INTERRUPTED = 130


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "done",
    ExitCode.BROKEN_PROMISE: "broken: the audit trail, the demo's story, or Ordo itself (a bug)",
    ExitCode.REFUSED: "refused by the broker or by a check; nothing was done",
    ExitCode.UNKNOWN: "OUTCOME UNKNOWN: the order may exist; repeat with the same --key only",
    ExitCode.INPUT: "something is missing or wrong in what was given; nothing was done",
    ExitCode.UNAVAILABLE: "network, gateway, store or broker is away; a fault found by doctor",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C",
}
"""One row a code; the help of `ordo` and docs/login.md say the same."""
