"""Commands that only read."""

from __future__ import annotations

from typing import Annotated

import typer

from ordo.entrypoints.cli.root import (
    DEMO_ACCOUNT,
    LOOK,
    Account,
    AccountOption,
    Instruments,
    Json,
    Token,
    Url,
    app,
    example,
)


@app.command(rich_help_panel=LOOK, epilog=example("ordo status"))
def status(*, as_json: Json = False, url: Url = None, token: Token = None) -> int:
    """Show sessions, stores, the kill switch, and orders whose outcome is unknown."""
    from ordo.entrypoints.cli import commands

    return commands.status(commands.Target(url=url, token=token), as_json=as_json)


@app.command(rich_help_panel=LOOK, epilog=example("ordo orders paper/DEMO"))
def orders(account: Account, *, as_json: Json = False, url: Url = None, token: Token = None) -> int:
    """List the trading day's orders."""
    from ordo.entrypoints.cli import commands

    return commands.orders(account, commands.Target(url=url, token=token), as_json=as_json)


@app.command(rich_help_panel=LOOK, epilog=example("ordo portfolio paper/DEMO"))
def portfolio(account: Account, *, as_json: Json = False, url: Url = None, token: Token = None) -> int:
    """Show cash, positions and holdings."""
    from ordo.entrypoints.cli import commands

    return commands.portfolio(account, commands.Target(url=url, token=token), as_json=as_json)


@app.command(
    rich_help_panel=LOOK,
    epilog=example("ordo quote NSE:SBIN NSE:TCS", "ordo quote NSE:SBIN --account fyers/XY12345"),
)
def quote(
    instruments: Instruments,
    *,
    account: AccountOption = DEMO_ACCOUNT,
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> int:
    """Show last prices, as the account's broker tells them."""
    from ordo.entrypoints.cli import commands

    return commands.quote(account, instruments, commands.Target(url=url, token=token), as_json=as_json)


@app.command(rich_help_panel=LOOK, epilog=example("ordo doctor", "ordo doctor --port 9000"))
def doctor(
    *,
    host: Annotated[str, typer.Option(help="Where `ordo serve` is to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Likewise.")] = 8000,
    as_json: Json = False,
) -> int:
    """Look at clock, keys, stores, broker hosts, sessions and masters: each is ok, or says what to do."""
    from ordo.entrypoints.cli.doctor import doctor as implementation

    return implementation(host, port, as_json=as_json)
