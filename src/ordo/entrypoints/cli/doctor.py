"""`ordo doctor`: whether this installation could trade now, and what to do where it could not."""

from __future__ import annotations

import asyncio
import sys

from pydantic_core import to_json
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ordo.client.announcement import beside, read
from ordo.container.checkup import Check, Site, checkup
from ordo.entrypoints.cli import pages
from ordo.entrypoints.cli.outcome import ExitCode, end
from ordo.entrypoints.cli.reach import serves
from ordo.schemas.config.secret_files import secret_files
from ordo.schemas.config.settings import load_settings


def doctor(host: str, port: int, *, as_json: bool) -> ExitCode:
    """Look at every part; `UNAVAILABLE` where somebody has to do something."""
    try:
        checks = asyncio.run(_all(host, port))
    except Exception as error:  # noqa: BLE001  (what is none of Ordo's own is raised again)
        return end(error, as_json=as_json)
    faults = sum(not check.ok for check in checks)
    if as_json:
        found = [
            {
                "name": check.name,
                "ok": check.ok,
                "says": check.says,
                "means": check.means or None,
                "do": check.do or None,
            }
            for check in checks
        ]
        sys.stdout.write(to_json({"ok": not faults, "checks": found}).decode() + "\n")
    else:
        pages.show(_page(checks))
    return ExitCode.UNAVAILABLE if faults else ExitCode.OK


async def _all(host: str, port: int) -> list[Check]:
    settings = load_settings()
    found = read(beside(settings.database_path))
    served = found.url if found is not None and await serves(found) else None
    site = Site(settings=settings, host=host, port=port, served=served, secret_files=secret_files())
    return [check async for check in checkup(site)]


def _page(checks: list[Check]) -> RenderableType:
    """A line for what is well; for a fault what happened, what it means and what to do."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for check in checks:
        if check.ok:
            table.add_row(Text("ok", style="green"), Text(check.name), Text(check.says))
            continue
        what = Text(check.says)
        if check.means:
            what.append(f"\nIt means: {check.means}.")
        what.append(f"\nTo do: {check.do}.", style="bold")
        table.add_row(Text("FAULT", style="bold red"), Text(check.name, style="bold"), what)
    faults = sum(not check.ok for check in checks)
    well = Text("Everything is well.", style="green")
    return Group(table, well if not faults else Text(f"{faults} to mend, of {len(checks)}.", style="bold red"))
