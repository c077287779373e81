"""Commands that write orders."""

from __future__ import annotations

from typing import Annotated

import typer

from ordo.entrypoints.cli.root import (
    DEMO_ACCOUNT,
    TRADE,
    Account,
    AccountOption,
    Instrument,
    Json,
    Key,
    OrderId,
    Token,
    Url,
    app,
    example,
)

Quantity = Annotated[int, typer.Argument(metavar="QUANTITY", help="Units: shares, or lots times the lot size.")]
Limit = Annotated[str | None, typer.Option(metavar="PRICE", help="Rupees. Alone: a LIMIT order. Without any: MARKET.")]
Trigger = Annotated[
    str | None, typer.Option(metavar="PRICE", help="Rupees. Alone: SL-M, fired at this price. With --limit: SL.")
]
Product = Annotated[str | None, typer.Option(help="CNC, MIS, NRML or MTF; CNC on NSE and BSE, else NRML.")]
AllowDuplicate = Annotated[
    bool, typer.Option("--allow-duplicate", help="It is meant, though the same was ordered a moment ago.")
]


def _order_command(side: str, *examples: str) -> None:
    @app.command(
        side.lower(), help=f"Place one order to {side.lower()}.", rich_help_panel=TRADE, epilog=example(*examples)
    )
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


_order_command(
    "BUY", "ordo buy NSE:SBIN 1 --limit 800.00", "ordo buy NSE:SBIN 10 --product MIS --account fyers/XY12345"
)
_order_command("SELL", "ordo sell NSE:SBIN 1 --trigger 790.00 --limit 789.50", "ordo sell NSE:SBIN 1 --key exit-today")


@app.command(rich_help_panel=TRADE, epilog=example("ordo modify paper/DEMO 375000000000001 --limit 801.00"))
def modify(  # noqa: PLR0913  (what can be changed)
    account: Account,
    order_id: OrderId,
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


@app.command(rich_help_panel=TRADE, epilog=example("ordo cancel paper/DEMO 375000000000001"))
def cancel(
    account: Account,
    order_id: OrderId,
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


@app.command(
    rich_help_panel=TRADE,
    epilog=example('ordo resolve paper/DEMO 375000000000001 not-placed --why "asked the broker\'s desk"'),
)
def resolve(
    account: Account,
    order_id: OrderId,
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
