"""The kill switch."""

from __future__ import annotations

from typing import Annotated

import typer

from ordo.entrypoints.cli.root import SAFETY, Json, OneAccount, Token, Url, app, example


@app.command(rich_help_panel=SAFETY, epilog=example("ordo halt", "ordo halt --reduce-only --account fyers/XY12345"))
def halt(
    *,
    reduce_only: Annotated[
        bool, typer.Option("--reduce-only", help="Let orders through that only make a position smaller.")
    ] = False,
    account: OneAccount = None,
    reason: Annotated[str, typer.Option(help="Why, for the audit trail.")] = "by `ordo halt`",
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> int:
    """Stop trading: when this returns, no new order leaves. Cancellations still pass."""
    from ordo.entrypoints.cli import commands

    state = "REDUCE_ONLY" if reduce_only else "HALTED"
    return commands.switch(state, reason, account, commands.Target(url=url, token=token), as_json=as_json)


@app.command(rich_help_panel=SAFETY, epilog=example("ordo resume", "ordo resume --account fyers/XY12345"))
def resume(
    *,
    account: OneAccount = None,
    reason: Annotated[str, typer.Option(help="Why, for the audit trail.")] = "by `ordo resume`",
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> int:
    """Let orders through again. An account that was halted by itself is resumed by itself."""
    from ordo.entrypoints.cli import commands

    return commands.switch("ACTIVE", reason, account, commands.Target(url=url, token=token), as_json=as_json)
