"""The commands as the shell sees them. What they do is imported when one is run: `ordo --help` loads none of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

DEMO_ACCOUNT = "paper/DEMO"

app = typer.Typer(
    name="ordo",
    help="One safe door to every Indian stock broker: an order is placed at most once, and its outcome can be proved.",
    add_completion=False,
    pretty_exceptions_enable=False,
)

instruments = typer.Typer(name="instruments", help="Load the brokers' instrument masters; find a key.")
app.add_typer(instruments)
database = typer.Typer(name="db", help="Look after the database.", no_args_is_help=True)
app.add_typer(database)
audit = typer.Typer(name="audit", help="Check the audit trail; find what it says.")
app.add_typer(audit)
tokens = typer.Typer(name="tokens", help="Make, list and revoke the tokens of the API.")
app.add_typer(tokens)
keys = typer.Typer(name="keys", help="Make and change the master keys that seal broker sessions.")
app.add_typer(keys)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, and nothing else there.")]
Url = Annotated[
    str | None,
    typer.Option(
        help="Address of the gateway [env: ORDO_URL]. Without it: the one that serves this database, or one of its own."
    ),
]
Token = Annotated[str | None, typer.Option(help="Bearer token of the gateway [env: ORDO_TOKEN].")]
Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="ADAPTER_ID/ACCOUNT_ID, for example paper/DEMO.")]
AccountOption = Annotated[str, typer.Option(metavar="ACCOUNT", help="ADAPTER_ID/ACCOUNT_ID.")]
Instrument = Annotated[str, typer.Argument(metavar="INSTRUMENT", help="A key such as NSE:SBIN.")]
Quantity = Annotated[int, typer.Argument(metavar="QUANTITY", help="Units: shares, or lots times the lot size.")]
Limit = Annotated[str | None, typer.Option(metavar="PRICE", help="Rupees. Alone: a LIMIT order. Without any: MARKET.")]
Trigger = Annotated[
    str | None, typer.Option(metavar="PRICE", help="Rupees. Alone: SL-M, fired at this price. With --limit: SL.")
]
Product = Annotated[str | None, typer.Option(help="CNC, MIS, NRML or MTF; CNC on NSE and BSE, else NRML.")]
AdapterId = Annotated[str | None, typer.Argument(metavar="ADAPTER_ID", help="The configured broker.")]
AccountId = Annotated[str | None, typer.Argument(metavar="ACCOUNT_ID", help="The client code there.")]


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
Key = Annotated[
    str | None,
    typer.Option(help="Idempotency key: however often the command is repeated with it, one order is placed."),
]

AllowDuplicate = Annotated[
    bool, typer.Option("--allow-duplicate", help="It is meant, though the same was ordered a moment ago.")
]


def run(arguments: list[str]) -> int:
    """Carry out one command line and return its exit code."""
    try:
        return app(arguments, prog_name="ordo", standalone_mode=False) or 0
    except typer.TyperException as error:
        from ordo.entrypoints.cli.outcome import InputError, end

        problem = InputError(f"{error.format_message()} See `ordo --help`, or `ordo COMMAND --help`.")
        return end(problem, as_json="--json" in arguments)


def _version(wanted: bool) -> None:  # noqa: FBT001  (typer calls it so)
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"ordo {version('ordo-gateway')}\n")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def ordo(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001  (its callback does the work)
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and leave.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")


@app.command()
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


@app.command()
def demo(*, as_json: Json = False) -> int:
    """Lose a broker's reply on purpose, and show that the order is found again. Needs no configuration."""
    from ordo.entrypoints.cli.demo import demo as implementation

    return implementation(as_json=as_json)


@app.command()
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


@app.command()
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


@app.command()
def status(*, as_json: Json = False, url: Url = None, token: Token = None) -> int:
    """Show sessions, stores, the kill switch, and orders whose outcome is unknown."""
    from ordo.entrypoints.cli import commands

    return commands.status(commands.Target(url=url, token=token), as_json=as_json)


@app.command()
def doctor(*, as_json: Json = False) -> int:
    """Look at clock, keys, stores, broker hosts, sessions and masters: each is ok, or says what to do."""
    from ordo.entrypoints.cli.doctor import doctor as implementation

    return implementation(as_json=as_json)


def _order_command(side: str) -> None:
    @app.command(side.lower(), help=f"Place one order to {side.lower()}.")
    def place(  # noqa: PLR0913  (the options of an order)
        instrument: Instrument,
        quantity: Quantity,
        *,
        limit: Limit = None,
        trigger: Trigger = None,
        product: Product = None,
        account: AccountOption = DEMO_ACCOUNT,
        allow_duplicate: AllowDuplicate = False,
        key: Key = None,
        as_json: Json = False,
        url: Url = None,
        token: Token = None,
    ) -> int:
        from ordo.entrypoints.cli import commands

        wish = commands.Wish(
            account=account,
            instrument=instrument,
            side=side,
            quantity=quantity,
            limit=limit,
            trigger=trigger,
            product=product,
            allow_duplicate=allow_duplicate,
        )
        return commands.place(wish, key, commands.Target(url=url, token=token), as_json=as_json)


_order_command("BUY")
_order_command("SELL")


@app.command()
def modify(  # noqa: PLR0913  (what can be changed)
    account: Account,
    order_id: Annotated[str, typer.Argument(metavar="ORDER_ID", help="Ordo's own id, 15 digits.")],
    *,
    quantity: Annotated[int | None, typer.Option(help="The new total in units, what is filled included.")] = None,
    limit: Limit = None,
    trigger: Trigger = None,
    key: Key = None,
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> int:
    """Change a live order; what is not given stays."""
    from ordo.entrypoints.cli import commands

    change = commands.Change(quantity=quantity, limit=limit, trigger=trigger)
    target = commands.Target(url=url, token=token)
    return commands.modify(account, order_id, change, key, target, as_json=as_json)


@app.command()
def cancel(
    account: Account,
    order_id: Annotated[str, typer.Argument(metavar="ORDER_ID", help="Ordo's own id, 15 digits.")],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also one that protects an open position while trading is halted.")
    ] = False,
    key: Key = None,
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> int:
    """Cancel a live order."""
    from ordo.entrypoints.cli import commands

    return commands.cancel(account, order_id, key, commands.Target(url=url, token=token), force=force, as_json=as_json)


@app.command()
def halt(
    *,
    reduce_only: Annotated[
        bool, typer.Option("--reduce-only", help="Let orders through that only make a position smaller.")
    ] = False,
    account: Annotated[
        str | None, typer.Option(metavar="ACCOUNT", help="Only ADAPTER_ID/ACCOUNT_ID; without it every account.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for the audit trail.")] = "by `ordo halt`",
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> int:
    """Stop trading: when this returns, no new order leaves. Cancellations still pass."""
    from ordo.entrypoints.cli import commands

    state = "REDUCE_ONLY" if reduce_only else "HALTED"
    return commands.switch(state, reason, account, commands.Target(url=url, token=token), as_json=as_json)


@app.command()
def resume(
    *,
    account: Annotated[
        str | None, typer.Option(metavar="ACCOUNT", help="Only ADAPTER_ID/ACCOUNT_ID; without it the gateway's switch.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for the audit trail.")] = "by `ordo resume`",
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> int:
    """Let orders through again. An account that was halted by itself is resumed by itself."""
    from ordo.entrypoints.cli import commands

    return commands.switch("ACTIVE", reason, account, commands.Target(url=url, token=token), as_json=as_json)


@app.command()
def resolve(
    account: Account,
    order_id: Annotated[str, typer.Argument(metavar="ORDER_ID", help="Ordo's own id, 15 digits.")],
    finding: Annotated[str, typer.Argument(metavar="placed|not-placed", help="What you found out at the broker.")],
    *,
    why: Annotated[str, typer.Option(help="How you know, for the audit trail.")],
    broker_order_id: Annotated[str | None, typer.Option(help="The broker's id of an order found placed.")] = None,
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> int:
    """Settle by hand an order whose outcome stays unknown. Sends nothing."""
    from ordo.entrypoints.cli import commands

    found = commands.Found(finding=finding, why=why, broker_order_id=broker_order_id)
    return commands.resolve(account, order_id, found, commands.Target(url=url, token=token), as_json=as_json)


@app.command()
def orders(account: Account, *, as_json: Json = False, url: Url = None, token: Token = None) -> int:
    """List the trading day's orders."""
    from ordo.entrypoints.cli import commands

    return commands.orders(account, commands.Target(url=url, token=token), as_json=as_json)


@app.command()
def portfolio(account: Account, *, as_json: Json = False, url: Url = None, token: Token = None) -> int:
    """Show cash, positions and holdings."""
    from ordo.entrypoints.cli import commands

    return commands.portfolio(account, commands.Target(url=url, token=token), as_json=as_json)


@app.command()
def quote(
    instruments: Annotated[list[str], typer.Argument(metavar="INSTRUMENT...", help="Keys such as NSE:SBIN.")],
    *,
    account: AccountOption = DEMO_ACCOUNT,
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> int:
    """Show last prices, as the account's broker tells them."""
    from ordo.entrypoints.cli import commands

    return commands.quote(account, instruments, commands.Target(url=url, token=token), as_json=as_json)


@instruments.command()
def sync(*, as_json: Json = False, url: Url = None, token: Token = None) -> int:
    """Load the masters now. What was loaded before stays where one can't be read or trusted."""
    from ordo.entrypoints.cli import commands

    return commands.sync(commands.Target(url=url, token=token), as_json=as_json)


@instruments.command()
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


@database.command()
def upgrade(*, as_json: Json = False) -> int:
    """Bring the tables up to date with this version. Make a back-up first, and stop every gateway."""
    from ordo.entrypoints.cli.database import upgrade as implementation

    return implementation(as_json=as_json)


@audit.command()
def verify(
    path: Annotated[
        Path | None, typer.Argument(metavar="[PATH]", help="A folder or a file of a trail [default: ORDO_AUDIT__DIR].")
    ] = None,
    *,
    as_json: Json = False,
) -> int:
    """Check the hash chain of every writer, and name the first link that does not hold. Ends with 1 if there is one."""
    from ordo.entrypoints.cli import auditing

    return auditing.check(path, as_json=as_json)


@audit.command()
def show(
    *,
    order: Annotated[str | None, typer.Option(metavar="ID", help="Ordo's own id of an order.")] = None,
    correlation: Annotated[str | None, typer.Option(metavar="ID", help="X-Correlation-ID of a request.")] = None,
    as_json: Json = False,
) -> int:
    """Show every line about an order or a request."""
    from ordo.entrypoints.cli import auditing

    return auditing.show(order, correlation, as_json=as_json)


@tokens.command()
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


@tokens.command(name="list")
def list_tokens(*, as_json: Json = False) -> int:
    """List every token that was made, without the token itself."""
    from ordo.entrypoints.cli import admission

    return admission.listed(as_json=as_json)


@tokens.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="TOKEN_ID", help="As `ordo tokens list` shows it.")],
    *,
    as_json: Json = False,
) -> int:
    """End a token, for every running gateway and at once."""
    from ordo.entrypoints.cli import admission

    return admission.revoke(token_id, as_json=as_json)


@keys.command(name="new")
def new_key(*, as_json: Json = False) -> int:
    """Make a master key and print it. Nothing is changed."""
    from ordo.entrypoints.cli import keyring

    return keyring.new(as_json=as_json)


@keys.command()
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
