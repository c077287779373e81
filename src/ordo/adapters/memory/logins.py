"""Logins under way, within this process."""

from __future__ import annotations

from datetime import datetime

from ordo.domain.sessions import Secret
from ordo.ports.logins import LoginNotes


class MemoryLoginNotes(LoginNotes):
    """For one event loop. Nothing outlives the process."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Secret, datetime]] = {}

    async def keep(self, name: str, text: Secret, *, until: datetime, now: datetime) -> bool:
        self._kept = {other: note for other, note in self._kept.items() if note[1] > now}
        if name in self._kept:
            return False
        self._kept[name] = text, until
        return True

    async def find(self, name: str, *, now: datetime) -> Secret | None:
        text, until = self._kept.get(name, (None, now))
        return text if until > now else None

    async def take(self, name: str, *, now: datetime) -> Secret | None:
        found = await self.find(name, now=now)
        self._kept.pop(name, None)
        return found
