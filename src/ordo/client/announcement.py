"""How a running `ordo serve` is found by commands and programs in its folder: a small file beside its database."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A gateway that serves a database. `token` is there only where the gateway made it itself."""

    url: str
    pid: int
    token: str | None

    def __repr__(self) -> str:
        return f"Announcement(url={self.url!r}, pid={self.pid})"


def beside(database: Path) -> Path:
    """The file of the gateway that serves a database."""
    return database.with_name(database.name + ".serve.json")


def announce(path: Path, announcement: Announcement) -> None:
    """Write the file, for its owner's eyes only, in place of what an earlier gateway left."""
    # The name is taken only by a complete file, and mkstemp makes it 0600 before anything is in it.
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(announcement), file)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def read(path: Path) -> Announcement | None:
    """What the file says, or `None` where there is none that makes sense."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Announcement(url=str(told["url"]), pid=int(told["pid"]), token=told["token"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def withdraw(path: Path) -> None:
    """Remove the file, unless another gateway has put its own there meanwhile."""
    found = read(path)
    if found is not None and found.pid == os.getpid():
        with suppress(OSError):
            path.unlink()
