"""Success, as bytes: a view is serialised once, by pydantic, and goes out as it is."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeVar

from litestar.enums import MediaType
from litestar.response.base import ASGIResponse
from pydantic import TypeAdapter

from ordo.domain import orders as domain
from ordo.domain.book import Snapshot
from ordo.entrypoints.http.errors import location
from ordo.schemas.v1.base import View
from ordo.schemas.v1.fields import time_text
from ordo.schemas.v1.orders import Order

T = TypeVar("T")


def one(view: View[Any], *, status: int = 200, headers: dict[str, str] | None = None) -> ASGIResponse:
    """One view."""
    body = view.__pydantic_serializer__.to_json(view)
    return ASGIResponse(body=body, status_code=status, headers=headers, media_type=MediaType.JSON)


def many(
    view: type[View[T]], values: Iterable[T], *, status: int = 200, headers: dict[str, str] | None = None
) -> ASGIResponse:
    """A bare array of views."""
    adapter = _array_of(view)
    body = adapter.dump_json(adapter.validate_python(tuple(values)))
    return ASGIResponse(body=body, status_code=status, headers=headers, media_type=MediaType.JSON)


def all_of(view: type[View[T]], snapshot: Snapshot[T]) -> ASGIResponse:
    """A bare array of the rows that a broker gave, and when it gave them."""
    return many(view, snapshot.items, headers={"X-Ordo-As-Of": time_text(snapshot.as_of)})


def order(value: domain.Order, *, status: int = 200) -> ASGIResponse:
    """An order after a write; the repeated answer to an earlier call says so."""
    headers = {"Location": location(value)}
    if value.replayed:
        headers["Idempotency-Replayed"] = "true"
    return one(Order.of(value), status=status, headers=headers)


@lru_cache(maxsize=64)
def _array_of(view: type[View[Any]]) -> TypeAdapter[tuple[View[Any], ...]]:
    return TypeAdapter(tuple[view, ...])  # type: ignore[valid-type]
