"""`ordo keys`: the master keys that seal broker sessions."""

from __future__ import annotations

import asyncio
import sys

from pydantic_core import to_json
from rich.console import Console, Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from ordo.application.keys import Rotation
from ordo.container.administration import administration, new_master_key
from ordo.entrypoints.cli import pages
from ordo.entrypoints.cli.outcome import ExitCode, InputError, end
from ordo.schemas.config.settings import Settings, load_settings


def new(*, as_json: bool) -> ExitCode:
    key = new_master_key().reveal()
    sys.stdout.write((to_json({"master_key": key}).decode() if as_json else key) + "\n")
    if not as_json:
        sys.stderr.write(
            "Put it behind the others in ORDO_MASTER_KEYS and restart every gateway; then put it first, and restart"
            " again. `ordo keys rotate` says when the old one may go.\n"
        )
    return ExitCode.OK


def rotate(*, forget_lost: bool, as_json: bool) -> ExitCode:
    try:
        settings = load_settings()
        _need_keys(settings)
        done = asyncio.run(_rotated(settings, forget_lost=forget_lost, show=not as_json))
    except Exception as error:  # noqa: BLE001  (what is none of Ordo's own is raised again)
        return end(error, as_json=as_json)
    if as_json:
        told = {"resealed": done.resealed, "sealing": done.sealing, "rows": dict(done.rows), "retired": done.retired}
        sys.stdout.write(to_json(told).decode() + "\n")
    else:
        rest = [f"No row uses {key} any more: take it out of ORDO_MASTER_KEYS." for key in done.retired]
        pages.show(Group(Text(f"{done.resealed} sealed anew with {done.sealing}."), *(Text(line) for line in rest)))
    return ExitCode.OK


async def _rotated(settings: Settings, *, forget_lost: bool, show: bool) -> Rotation:
    async with administration(settings, of_sessions=True) as container:
        keys = container.keys()
        if not forget_lost:
            await keys.require()
        with Progress(
            TextColumn("sealing anew"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("rows"),
            console=Console(file=sys.stderr),
            disable=not show,
        ) as bar:
            task = bar.add_task("rows", total=None)
            return await keys.rotate(
                forget_lost=forget_lost, progress=lambda done, of: bar.update(task, completed=done, total=of)
            )


def _need_keys(settings: Settings) -> None:
    if settings.master_keys is None:
        path = settings.database_path.with_name(settings.database_path.name + ".key")
        raise InputError(
            f"The master key is the one that is kept in {path}. To change it, set ORDO_MASTER_KEYS to a new key"
            " (`ordo keys new`), a comma, and the key in that file; restart the gateway; then rotate. Nothing was done."
        )
