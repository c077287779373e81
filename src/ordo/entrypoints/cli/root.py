"""What all commands have in common: the program itself, and the options that many of them take."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ordo.entrypoints.cli.exits import MEANINGS

DEMO_ACCOUNT = "paper/DEMO"

START, TRADE, LOOK, SAFETY, UPKEEP = "Start", "Trade", "Look", "Safety", "Upkeep"
"""The headings of `ordo --help`."""

_ENDINGS = "\n\n".join(f"{code:>3}  {meaning}" for code, meaning in MEANINGS.items())

app = typer.Typer(
    name="ordo",
    help="One safe door to every Indian stock broker: an order is placed at most once, and its outcome can be proved.",
    epilog=f"How commands end (exit codes):\n\n{_ENDINGS}\n\nBegin with: ordo demo, then ordo init.",
    pretty_exceptions_enable=False,
)


def example(*lines: str) -> str:
    """The end of a command's help: how it is used. Each is a whole command line."""
    return "\n\n".join(("Example:" if len(lines) == 1 else "Examples:", *lines))


def group(name: str, about: str) -> typer.Typer:
    """A command of commands, which by itself shows what it has."""
    made = typer.Typer(name=name, help=about)

    @made.callback(invoke_without_command=True)
    def show(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            sys.stdout.write(context.get_help() + "\n")

    app.add_typer(made, rich_help_panel=UPKEEP)
    return made


def _accounts(incomplete: str) -> list[str]:
    from ordo.entrypoints.cli.completing import accounts

    return accounts(incomplete)


def _adapters(incomplete: str) -> list[str]:
    from ordo.entrypoints.cli.completing import adapters

    return adapters(incomplete)


def _account_ids(context: typer.Context, incomplete: str) -> list[str]:
    from ordo.entrypoints.cli.completing import account_ids

    return account_ids(context.params.get("adapter_id"), incomplete)


def _instruments(incomplete: str) -> list[str]:
    from ordo.entrypoints.cli.completing import instruments

    return instruments(incomplete)


Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, and nothing else there.")]
Url = Annotated[
    str | None,
    typer.Option(
        help="Address of the gateway; else ORDO_URL. Without either: the one that serves this database, or its own."
    ),
]
Token = Annotated[str | None, typer.Option(help="Bearer token of the gateway; else ORDO_TOKEN.")]
Account = Annotated[
    str,
    typer.Argument(metavar="ACCOUNT", help="ADAPTER_ID/ACCOUNT_ID, for example paper/DEMO.", autocompletion=_accounts),
]
AccountOption = Annotated[str, typer.Option(metavar="ACCOUNT", help="ADAPTER_ID/ACCOUNT_ID.", autocompletion=_accounts)]
OneAccount = Annotated[
    str | None,
    typer.Option(
        metavar="ACCOUNT",
        help="Only ADAPTER_ID/ACCOUNT_ID; without it the whole gateway.",
        autocompletion=_accounts,
    ),
]
AdapterId = Annotated[
    str | None, typer.Argument(metavar="ADAPTER_ID", help="The configured broker.", autocompletion=_adapters)
]
AccountId = Annotated[
    str | None, typer.Argument(metavar="ACCOUNT_ID", help="The client code there.", autocompletion=_account_ids)
]
Instrument = Annotated[
    str, typer.Argument(metavar="INSTRUMENT", help="A key such as NSE:SBIN.", autocompletion=_instruments)
]
Instruments = Annotated[
    list[str], typer.Argument(metavar="INSTRUMENT...", help="Keys such as NSE:SBIN.", autocompletion=_instruments)
]
OrderId = Annotated[str, typer.Argument(metavar="ORDER_ID", help="Ordo's own id, 15 digits.")]
Key = Annotated[
    str | None,
    typer.Option(help="Idempotency key: however often the command is repeated with it, one order is placed."),
]


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
