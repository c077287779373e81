"""`ordo doctor`: whether this installation could trade now, and what to do where it could not."""

from __future__ import annotations

import asyncio
import sys

from pydantic_core import to_json

from ordo.container.checkup import Check, checkup
from ordo.entrypoints.cli import pages
from ordo.entrypoints.cli.outcome import ExitCode, end
from ordo.schemas.config.settings import Settings, load_settings


def doctor(*, as_json: bool) -> ExitCode:
    """Look at every part; `UNAVAILABLE` where somebody has to do something."""
    try:
        checks = asyncio.run(_all(load_settings()))
    except Exception as error:  # noqa: BLE001  (what is none of Ordo's own is raised again)
        return end(error, as_json=as_json)
    well = all(check.ok for check in checks)
    if as_json:
        found = [{"name": check.name, "ok": check.ok, "says": check.says, "do": check.do or None} for check in checks]
        sys.stdout.write(to_json({"ok": well, "checks": found}).decode() + "\n")
    else:
        pages.show(pages.checks((check.ok, check.name, check.says, check.do) for check in checks))
    return ExitCode.OK if well else ExitCode.UNAVAILABLE


async def _all(settings: Settings) -> list[Check]:
    return [check async for check in checkup(settings)]
