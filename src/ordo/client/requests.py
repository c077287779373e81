"""What every call is built from: paths, keys, prices, and the reading of answers."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter

from ordo.client.errors import OrdoApiError

T = TypeVar("T")

Price = str | Decimal | int
"""Rupees, exactly. Never a float: `0.1` is not 0.1 there."""

_KEY = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?")


def new_key() -> str:
    """An idempotency key that no other call has."""
    return secrets.token_urlsafe(24)


def checked_key(key: str | None) -> str:
    """The key, or a new one; raises `OrdoApiError` where HTTP could not carry it unchanged."""
    if key is None:
        return new_key()
    if not _KEY.fullmatch(key):
        raise OrdoApiError(
            "VALIDATION_ERROR",
            "Nothing was sent: an idempotency key is 1 to 255 printable ASCII characters, with no space at either end.",
            details={"outcome": "not_sent"},
        )
    return key


def account_path(account: str, *rest: str) -> str:
    """The path of something that belongs to an account `ADAPTER_ID/ACCOUNT_ID`."""
    return path("accounts", *account_parts(account), *rest)


def account_parts(account: str) -> tuple[str, str]:
    """The two ids of an account; raises `OrdoApiError` for anything else."""
    adapter_id, slash, account_id = account.partition("/")
    if not (adapter_id and slash and account_id) or "/" in account_id:
        raise OrdoApiError(
            "UNKNOWN_ACCOUNT",
            f"Nothing was sent: an account is ADAPTER_ID/ACCOUNT_ID, like paper/DEMO, not {account!r}.",
        )
    return adapter_id, account_id


def path(*parts: str) -> str:
    """A path of API v1."""
    return "/".join(("/api/v1", *(quote(part, safe="") for part in parts)))


def price_text(name: str, price: Price | None) -> str | None:
    """A price as it is sent; raises `TypeError` for a float."""
    if price is None or isinstance(price, str):
        return price
    if isinstance(price, bool) or not isinstance(price, Decimal | int):
        raise TypeError(
            f'{name} is the {type(price).__name__} {price!r}. Prices are exact: write text, {name}="812.50", or a'
            " Decimal. Nothing was sent."
        )
    return f"{price:f}" if isinstance(price, Decimal) else str(price)


def body(**fields: object) -> bytes:
    """A request's document: the fields that were given."""
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def reading(shape: type[T]) -> Callable[[bytes], T]:
    """Read an answer of this shape."""
    read: Callable[[bytes], T] = _adapter(shape).validate_json  # type: ignore[arg-type]  # types can be hashed
    return read


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:  # noqa: ANN401  (whatever pydantic can read)
    return TypeAdapter(shape)


def nothing(_: bytes) -> None:
    """An answer that says only that it is done."""
