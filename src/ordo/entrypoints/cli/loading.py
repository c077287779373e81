"""Loads the instrument masters in the gateway, and shows how far that is."""

from __future__ import annotations

import asyncio
import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ordo.client import AsyncOrdoClient
from ordo.entrypoints.cli.outcome import NotServed
from ordo.schemas.v1.status import Master

_LOOK_SECONDS = 0.2


async def loaded(ordo: AsyncOrdoClient, *, show: bool) -> tuple[Master, ...]:
    """The sources after a load; raises `NotServed` with the reasons where one was refused or can't be reached."""
    with _Bars(show=show) as bars:
        masters = await ordo.instruments.sync()
        while any(one.reading is not None for one in masters):
            bars.tell(masters)
            await asyncio.sleep(_LOOK_SECONDS)
            masters = (await ordo.status()).masters
    failed = [f"{one.name}: {one.stale_reason}" for one in masters if one.stale_reason is not None]
    if failed:
        raise NotServed(f"The instruments that were loaded before stay. {' '.join(failed)}")
    return masters


class _Bars(Progress):
    """One bar a source, on standard error, measured by the rows of its last load."""

    def __init__(self, *, show: bool) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("rows"),
            TimeElapsedColumn(),
            console=Console(file=sys.stderr),
            disable=not show,
        )
        self._bars: dict[str, TaskID] = {}

    def tell(self, masters: tuple[Master, ...]) -> None:
        for one in masters:
            if one.reading is not None:
                if one.name not in self._bars:
                    self._bars[one.name] = self.add_task(one.name, total=one.rows or None)
                self.update(self._bars[one.name], completed=one.reading)
