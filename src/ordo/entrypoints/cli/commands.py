"""What the commands do, beyond serving: ask a gateway one thing and show the answer."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic_core import to_json
from rich.console import RenderableType

from ordo.client import AsyncOrdoClient, OutcomeUnknown
from ordo.client.requests import new_key
from ordo.entrypoints.cli import pages
from ordo.entrypoints.cli.loading import loaded
from ordo.entrypoints.cli.logging_in import Ways, all_logged_in, ending_of_all, logged_in, logged_out
from ordo.entrypoints.cli.outcome import ExitCode, end
from ordo.entrypoints.cli.reach import Target, reached

R = TypeVar("R")

__all__ = [
    "Change", "Found", "Target", "Ways", "Wish", "cancel", "login", "login_all", "logout", "modify", "orders", "place",
    "portfolio", "quote", "resolve", "search", "status", "switch", "sync",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An order as it was written on the command line."""

    account: str
    instrument: str
    side: str
    quantity: int
    limit: str | None
    trigger: str | None
    product: str | None
    allow_duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an operator found out, as it was written on the command line."""

    finding: str
    why: str
    broker_order_id: str | None


def place(wish: Wish, key: str | None, target: Target, *, as_json: bool) -> ExitCode:
    key = key or new_key()
    return _carry_out(
        lambda ordo: ordo.orders.place(
            wish.account,
            wish.instrument,
            wish.side,
            wish.quantity,
            limit=wish.limit,
            trigger=wish.trigger,
            product=wish.product,
            allow_duplicate=wish.allow_duplicate or None,
            key=key,
        ),
        pages.order,
        target,
        as_json=as_json,
        key=key,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What `modify` shall change; what is `None` stays."""

    quantity: int | None
    limit: str | None
    trigger: str | None


def modify(account: str, order_id: str, change: Change, key: str | None, target: Target, *, as_json: bool) -> ExitCode:
    key = key or new_key()
    return _carry_out(
        lambda ordo: ordo.orders.modify(
            account, order_id, quantity=change.quantity, limit=change.limit, trigger=change.trigger, key=key
        ),
        pages.order,
        target,
        as_json=as_json,
        key=key,
    )


def cancel(account: str, order_id: str, key: str | None, target: Target, *, force: bool, as_json: bool) -> ExitCode:
    key = key or new_key()
    return _carry_out(
        lambda ordo: ordo.orders.cancel(account, order_id, force=force, key=key),
        pages.order,
        target,
        as_json=as_json,
        key=key,
    )


def switch(state: str, reason: str, account: str | None, target: Target, *, as_json: bool) -> ExitCode:
    return _carry_out(
        lambda ordo: ordo.kill_switch.set(state, reason, account=account), pages.switch, target, as_json=as_json
    )


def resolve(account: str, order_id: str, found: Found, target: Target, *, as_json: bool) -> ExitCode:
    return _carry_out(
        lambda ordo: ordo.orders.resolve(
            account,
            order_id,
            found.finding.upper().replace("-", "_"),
            found.why,
            broker_order_id=found.broker_order_id,
        ),
        pages.order,
        target,
        as_json=as_json,
    )


def orders(account: str, target: Target, *, as_json: bool) -> ExitCode:
    return _carry_out(lambda ordo: ordo.orders.list(account), pages.orders, target, as_json=as_json)


def portfolio(account: str, target: Target, *, as_json: bool) -> ExitCode:
    return _carry_out(lambda ordo: ordo.portfolio(account), pages.portfolio, target, as_json=as_json)


def quote(account: str, instruments: list[str], target: Target, *, as_json: bool) -> ExitCode:
    return _carry_out(lambda ordo: ordo.quotes(account, *instruments), pages.quotes, target, as_json=as_json)


def search(text: str, limit: int, target: Target, *, as_json: bool) -> ExitCode:
    return _carry_out(
        lambda ordo: ordo.instruments.search(text, limit=limit), pages.instruments, target, as_json=as_json
    )


def sync(target: Target, *, as_json: bool) -> ExitCode:
    return _carry_out(lambda ordo: loaded(ordo, show=not as_json), pages.masters, target, as_json=as_json)


def status(target: Target, *, as_json: bool) -> ExitCode:
    return _carry_out(lambda ordo: ordo.status(), pages.status, target, as_json=as_json)


def login(account: str, ways: Ways, target: Target, *, as_json: bool) -> ExitCode:
    return _carry_out(lambda ordo: logged_in(ordo, account, ways), pages.session, target, as_json=as_json)


def login_all(ways: Ways, target: Target, *, as_json: bool) -> ExitCode:
    return _carry_out(
        lambda ordo: all_logged_in(ordo, ways), pages.attempts, target, as_json=as_json, ending=ending_of_all
    )


def logout(account: str, target: Target, *, as_json: bool) -> ExitCode:
    return _carry_out(lambda ordo: logged_out(ordo, account), pages.session, target, as_json=as_json)


def _carry_out(
    ask: Callable[[AsyncOrdoClient], Awaitable[R]],
    page: Callable[[R], RenderableType],
    target: Target,
    *,
    as_json: bool,
    key: str | None = None,
    ending: Callable[[R], ExitCode] = lambda _: ExitCode.OK,
) -> ExitCode:
    try:
        result = asyncio.run(_asked(ask, target))
    except KeyboardInterrupt:
        if key is None:
            return ExitCode.INTERRUPTED
        message = f"You interrupted a write that may have been sent. To repeat it safely, give it --key {key}."
        return end(OutcomeUnknown(message, key=key), as_json=as_json)
    except Exception as error:  # noqa: BLE001  (what is none of Ordo's own is raised again)
        try:
            return end(error, as_json=as_json)
        except Exception:
            if key is None:
                raise
            traceback.print_exc()
            return end(OutcomeUnknown(_broke(error, key), key=key), as_json=as_json)
    if as_json:
        sys.stdout.write(to_json(result).decode() + "\n")
    else:
        pages.show(page(result))
    return ending(result)


def _broke(error: Exception, key: str) -> str:
    return (
        f"Ordo itself failed ({type(error).__name__}), and a write may have been sent. To repeat it safely, give it"
        f" --key {key}."
    )


async def _asked(ask: Callable[[AsyncOrdoClient], Awaitable[R]], target: Target) -> R:
    async with reached(target) as client:
        return await ask(client)
