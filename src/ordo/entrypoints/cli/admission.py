"""`ordo tokens`: who may come in through the gateway's door."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar

from pydantic_core import to_json
from rich.console import Group, RenderableType
from rich.text import Text

from ordo.application.tokens import TokenService
from ordo.container.administration import administration
from ordo.domain.calendar import IST
from ordo.domain.sessions import Secret
from ordo.domain.tokens import ApiToken, Scope
from ordo.entrypoints.cli import pages
from ordo.entrypoints.cli.outcome import ExitCode, InputError, end
from ordo.schemas.config.settings import load_settings

R = TypeVar("R")
_SPAN = re.compile(r"([1-9][0-9]{0,4})([hd])")
_NEVER = "never"


def new(scopes: list[str], accounts: list[str], expires: str, name: str, *, as_json: bool) -> ExitCode:
    async def make(tokens: TokenService) -> tuple[ApiToken, Secret]:
        return await tokens.make(
            scopes=_scopes(scopes), accounts=tuple(_split(accounts)), name=name, expires_at=_moment(expires)
        )

    def page(made: tuple[ApiToken, Secret]) -> RenderableType:
        token, text = made
        return Group(
            Text(text.reveal()),
            Text(
                f"Keep it now: it is not shown again. It opens {_told(token)}. Its id is {token.token_id}.", style="dim"
            ),
        )

    return _carried_out(make, page, lambda made: _document(made[0]) | {"token": made[1].reveal()}, as_json=as_json)


def listed(*, as_json: bool) -> ExitCode:
    async def all_of(tokens: TokenService) -> tuple[ApiToken, ...]:
        return await tokens.all()

    return _carried_out(
        all_of,
        lambda found: pages.tokens(tuple(_document(token) for token in found)),
        lambda found: [_document(token) for token in found],
        as_json=as_json,
    )


def revoke(token_id: str, *, as_json: bool) -> ExitCode:
    async def ended(tokens: TokenService) -> ApiToken:
        return await tokens.revoke(_id(token_id))

    return _carried_out(
        ended, lambda token: Text(f"{token.token_id} opens nothing any more."), _document, as_json=as_json
    )


def _carried_out(
    ask: Callable[[TokenService], Awaitable[R]],
    page: Callable[[R], RenderableType],
    document: Callable[[R], object],
    *,
    as_json: bool,
) -> ExitCode:
    async def asked() -> R:
        async with administration(load_settings()) as container:
            return await ask(container.tokens())

    try:
        result = asyncio.run(asked())
    except Exception as error:  # noqa: BLE001  (what is none of Ordo's own is raised again)
        return end(error, as_json=as_json)
    if as_json:
        sys.stdout.write(to_json(document(result)).decode() + "\n")
    else:
        pages.show(page(result))
    return ExitCode.OK


def _document(token: ApiToken) -> dict[str, object]:
    over = "revoked" if token.revoked_at else "expired" if token.is_over(datetime.now(tz=UTC)) else "open"
    return {
        "id": token.token_id,
        "name": token.name,
        "for": str(token.realm),
        "scopes": sorted(token.scopes),
        "accounts": list(token.accounts),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "state": over,
    }


def _told(token: ApiToken) -> str:
    until = _NEVER if token.expires_at is None else f"{token.expires_at.astimezone(IST):%Y-%m-%d %H:%M} IST"
    return f"{', '.join(token.accounts)} for {', '.join(sorted(token.scopes))}, expires {until}"


def _split(given: list[str]) -> list[str]:
    return [part.strip() for text in given for part in text.split(",") if part.strip()]


def _scopes(given: list[str]) -> frozenset[Scope]:
    try:
        return frozenset(Scope(text.lower()) for text in _split(given))
    except ValueError:
        raise InputError(f"--scope must be some of {', '.join(Scope)}. No token was made.") from None


def _moment(text: str) -> datetime | None:
    """`30d`, `12h`, `never`, or a date, of which the whole day in India still counts."""
    if text == _NEVER:
        return None
    span = _SPAN.fullmatch(text)
    if span is not None:
        hours = int(span[1]) * (24 if span[2] == "d" else 1)
        return datetime.now(tz=UTC) + timedelta(hours=hours)
    try:
        day = datetime.fromisoformat(text)
        if day.time() == time() and day.tzinfo is None:
            day += timedelta(days=1)
    except (ValueError, OverflowError):
        raise InputError("--expires must be such as 30d, 12h, 2027-03-31, or never. No token was made.") from None
    return day if day.tzinfo is not None else day.replace(tzinfo=IST)


def _id(text: str) -> str:
    """The id, also out of a whole token: who has lost one has often nothing else at hand."""
    found = re.fullmatch(r"(?:ordo_(?:paper|live)_)?([0-9a-f]{12})(?:_.*)?", text)
    if found is None:
        raise InputError("TOKEN_ID must be 12 hexadecimal digits, as `ordo tokens list` shows them.")
    return found[1]
