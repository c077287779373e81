"""`ordo db`: what an operator does to the database itself."""

from __future__ import annotations

import asyncio
import json
import sys

from ordo.container.root import container_for
from ordo.entrypoints.cli.outcome import ExitCode, end
from ordo.schemas.config.settings import load_settings


def upgrade(*, as_json: bool) -> ExitCode:
    """Make or upgrade the tables, all or nothing."""
    try:
        former, now = asyncio.run(container_for(load_settings()).database().upgrade())
    except Exception as error:  # noqa: BLE001  (what is none of Ordo's own is raised again)
        return end(error, as_json=as_json)
    if as_json:
        text = json.dumps({"from": former, "to": now})
    elif former == now:
        text = f"The database is up to date: revision {now}. Nothing was changed."
    else:
        text = (
            f"The database was {'empty' if former is None else f'of revision {former}'}, and is now of revision {now}."
        )
    sys.stdout.write(text + "\n")
    return ExitCode.OK
