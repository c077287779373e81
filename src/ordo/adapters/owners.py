"""The gateways of this machine: each holds a lock on a file, which the system drops when the process ends."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from ordo.domain.errors import ErrorCode, Unavailable
from ordo.ports.owners import Owners


class FileOwners(Owners):
    """Lock files in a directory beside the database. `kill -9` frees a lock; stopping or suspending keeps it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: dict[str, int] = {}

    async def is_alive(self, owner: str) -> bool:
        return self._is_locked(owner)

    def join(self, owner: str) -> None:
        """Let a gateway of this process be alive; raises `Unavailable` where its file can't be written."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep()
            # Locked before it can be found: an unlocked file is taken for that of a gateway that is gone.
            unseen = self._path(owner).with_suffix(".new")
            descriptor = os.open(unseen, os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            unseen.rename(self._path(owner))
        except OSError as error:
            raise self._unusable(error) from None
        self._held[owner] = descriptor

    def leave(self, owner: str) -> None:
        """Let it be gone; being gone already is success."""
        descriptor = self._held.pop(owner, None)
        if descriptor is not None:
            self._path(owner).unlink(missing_ok=True)
            os.close(descriptor)

    def _is_locked(self, owner: str) -> bool:
        try:
            descriptor = os.open(self._path(owner), os.O_RDWR)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._unusable(error) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _sweep(self) -> None:
        for path in self._directory.glob("*.lock"):
            if not self._is_locked(path.stem):
                with suppress(OSError):
                    path.unlink()

    def _path(self, owner: str) -> Path:
        return self._directory / f"{owner}.lock"

    def _unusable(self, error: OSError) -> Unavailable:
        return Unavailable(
            ErrorCode.STORE_UNAVAILABLE,
            f"The lock files in {self._directory} can't be used ({error.strerror}). Without them gateways that share a"
            " database can't tell each other's work; mend the permissions, then try again.",
        )
