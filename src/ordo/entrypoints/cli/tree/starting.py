"""Commands that begin something: an installation, a gateway, a session."""

from __future__ import annotations

from typing import Annotated

import typer

from ordo.entrypoints.cli.root import START, AccountId, AdapterId, Json, Token, Url, app, example


@app.command(rich_help_panel=START, epilog=example("ordo demo"))
def demo(*, as_json: Json = False) -> int:
    """Lose a broker's reply on purpose, and show that the order is found again. Needs no configuration."""
    from ordo.entrypoints.cli.demo import demo as implementation

    return implementation(as_json=as_json)


@app.command(rich_help_panel=START, epilog=example("ordo init", "ordo init --broker fyers --broker hdfc --json"))
def init(
    *,
    broker: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help="paper, fyers or hdfc; may be repeated. Without it you are asked."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Write ordo.toml and its keys into this folder, for your eyes only. Overwrites nothing."""
    from ordo.entrypoints.cli.beginning import init as implementation

    return implementation(broker, as_json=as_json)


@app.command(rich_help_panel=START, epilog=example("ordo serve", "ordo serve --port 9000"))
def serve(
    *,
    host: Annotated[
        str, typer.Option(help="Where to listen. Beyond this machine only with ORDO_TOKEN set.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes; over 1 needs PostgreSQL and Redis.")] = 1,
    as_json: Json = False,
) -> int:
    """Serve the HTTP API until SIGTERM or Ctrl-C."""
    from ordo.entrypoints.cli.serve import serve as implementation

    return implementation(host=host, port=port, workers=workers, as_json=as_json)


def _only_dash(value: str | None) -> str | None:
    if value not in (None, "-"):
        raise typer.BadParameter(
            "only - is taken, which reads it from standard input: others can see what stands on a command line, and the"
            " shell keeps it. Nothing was sent."
        )
    return value


FromInput = Annotated[
    str | None,
    typer.Option(
        metavar="-", callback=_only_dash, help="Read it from standard input: one line each, in the order asked."
    ),
]


@app.command(
    rich_help_panel=START,
    epilog=example("ordo login fyers XY12345", "ordo login hdfc 7000001 --otp -", "ordo login --all"),
)
def login(  # noqa: PLR0913  (the ways in which a login is answered)
    adapter_id: AdapterId = None,
    account_id: AccountId = None,
    *,
    everyone: Annotated[bool, typer.Option("--all", help="Every account whose session has ended, in turn.")] = False,
    username: Annotated[str | None, typer.Option(metavar="NAME", help="Where the broker asks for one.")] = None,
    password: FromInput = None,
    otp: FromInput = None,
    consent: Annotated[bool, typer.Option("--consent", help="You agree to the broker's terms, where it asks.")] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the broker's address, open nothing.")] = False,
    wait: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="For the browser to come back.")] = 300,
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> int:
    """Log in at a broker, as it wants it each day: in the browser, or by password and one-time code."""
    from ordo.entrypoints.cli import commands

    target = commands.Target(url=url, token=token)
    given = frozenset(name for name, value in (("otp", otp), ("password", password)) if value is not None)
    ways = commands.Ways(given=given, username=username, consent=consent, browser=not no_browser, wait=wait)
    if everyone:
        if adapter_id is not None:
            raise typer.BadParameter("--all takes no account")
        return commands.login_all(ways, target, as_json=as_json)
    return commands.login(_one_account(adapter_id, account_id), ways, target, as_json=as_json)


@app.command(rich_help_panel=START, epilog=example("ordo logout fyers XY12345"))
def logout(
    adapter_id: AdapterId = None,
    account_id: AccountId = None,
    *,
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> int:
    """Log out at a broker where it offers that, and forget the session."""
    from ordo.entrypoints.cli import commands

    target = commands.Target(url=url, token=token)
    return commands.logout(_one_account(adapter_id, account_id), target, as_json=as_json)


def _one_account(adapter_id: str | None, account_id: str | None) -> str:
    if adapter_id is None or account_id is None:
        raise typer.BadParameter("give ADAPTER_ID and ACCOUNT_ID, for example: fyers XY12345")
    return f"{adapter_id}/{account_id}"
