"""Commands of commands: what an operator does now and then."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ordo.entrypoints.cli.root import Json, Token, Url, example, group

instruments = group("instruments", "Load the brokers' instrument masters; find a key.")
database = group("db", "Look after the database.")
audit = group("audit", "Check the audit trail; find what it says.")
tokens = group("tokens", "Make, list and revoke the tokens of the API.")
keys = group("keys", "Make and change the master keys that seal broker sessions.")


@instruments.command(epilog=example("ordo instruments sync"))
def sync(*, as_json: Json = False, url: Url = None, token: Token = None) -> int:
    """Load the masters now. What was loaded before stays where one can't be read or trusted."""
    from ordo.entrypoints.cli import commands

    return commands.sync(commands.Target(url=url, token=token), as_json=as_json)


@instruments.command(epilog=example("ordo instruments search NSE:SB", "ordo instruments search 'nifty 26000 ce dec'"))
def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The beginning of a key, or words: nifty 26000 ce dec.")],
    *,
    limit: Annotated[int, typer.Option(min=1, max=100, help="The most to show.")] = 20,
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> int:
    """Find an instrument by the beginning of its key, or by words."""
    from ordo.entrypoints.cli import commands

    return commands.search(text, limit, commands.Target(url=url, token=token), as_json=as_json)


@database.command(epilog=example("ordo db upgrade"))
def upgrade(*, as_json: Json = False) -> int:
    """Bring the tables up to date with this version. Make a back-up first, and stop every gateway."""
    from ordo.entrypoints.cli.database import upgrade as implementation

    return implementation(as_json=as_json)


@audit.command(epilog=example("ordo audit verify", "ordo audit verify /backup/audit"))
def verify(
    path: Annotated[
        Path | None, typer.Argument(metavar="PATH", help="A folder or a file of a trail; ORDO_AUDIT__DIR unless given.")
    ] = None,
    *,
    as_json: Json = False,
) -> int:
    """Check the hash chain of every writer, and name the first link that does not hold. Ends with 1 if there is one."""
    from ordo.entrypoints.cli import auditing

    return auditing.check(path, as_json=as_json)


@audit.command(epilog=example("ordo audit show --order 375000000000001"))
def show(
    *,
    order: Annotated[str | None, typer.Option(metavar="ID", help="Ordo's own id of an order.")] = None,
    correlation: Annotated[str | None, typer.Option(metavar="ID", help="X-Correlation-ID of a request.")] = None,
    as_json: Json = False,
) -> int:
    """Show every line about an order or a request."""
    from ordo.entrypoints.cli import auditing

    return auditing.show(order, correlation, as_json=as_json)


@tokens.command(
    epilog=example(
        "ordo tokens new --scope read --account 'paper/*'",
        "ordo tokens new --scope read,trade --account fyers/XY12345 --expires 30d --name rebalancer",
    )
)
def new(
    *,
    scope: Annotated[list[str], typer.Option(help="read, trade, cancel, admin; may be repeated. None holds another.")],
    account: Annotated[
        list[str],
        typer.Option(metavar="ACCOUNT", help="paper/DEMO, or paper/* for all of an adapter; may be repeated."),
    ],
    expires: Annotated[str, typer.Option(help="30d, 12h, 2027-03-31, or never.")] = "90d",
    name: Annotated[str, typer.Option(help="What you call it.")] = "",
    as_json: Json = False,
) -> int:
    """Make a token and show it, this once. Running gateways know it at once."""
    from ordo.entrypoints.cli import admission

    return admission.new(scope, account, expires, name, as_json=as_json)


@tokens.command(name="list", epilog=example("ordo tokens list"))
def list_tokens(*, as_json: Json = False) -> int:
    """List every token that was made, without the token itself."""
    from ordo.entrypoints.cli import admission

    return admission.listed(as_json=as_json)


@tokens.command(epilog=example("ordo tokens revoke 0123456789ab"))
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="TOKEN_ID", help="As `ordo tokens list` shows it.")],
    *,
    as_json: Json = False,
) -> int:
    """End a token, for every running gateway and at once."""
    from ordo.entrypoints.cli import admission

    return admission.revoke(token_id, as_json=as_json)


@keys.command(name="new", epilog=example("ordo keys new"))
def new_key(*, as_json: Json = False) -> int:
    """Make a master key and print it. Nothing is changed."""
    from ordo.entrypoints.cli import keyring

    return keyring.new(as_json=as_json)


@keys.command(epilog=example("ordo keys rotate"))
def rotate(
    *,
    forget_lost: Annotated[
        bool, typer.Option("--forget-lost", help="Remove sessions that were sealed by a key that is lost.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Seal everything anew with the first of ORDO_MASTER_KEYS, while gateways run, and say which keys may go."""
    from ordo.entrypoints.cli import keyring

    return keyring.rotate(forget_lost=forget_lost, as_json=as_json)
