"""Success, as bytes: a view is serialised once, by pydantic, and goes out as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar

from litestar.types import Receive, Scope, Send
from pydantic import TypeAdapter

from ordo.application.fanout import PortfolioLeg
from ordo.domain import orders as domain
from ordo.domain.book import Snapshot
from ordo.entrypoints.http.errors import location, told
from ordo.entrypoints.http.showing import order_text, orders_text
from ordo.schemas.v1.base import View
from ordo.schemas.v1.fields import time_text
from ordo.schemas.v1.portfolio import Portfolio
from ordo.schemas.v1.portfolio import PortfolioLeg as LegView

T = TypeVar("T")


class Reply:
    """An answer that is ready to be sent. Plain ASGI: what Litestar's own response adds is not needed, and costs."""

    __slots__ = ("_body", "_headers", "_status")

    def __init__(
        self,
        body: bytes,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = "application/json",
    ) -> None:
        """Without a `media_type` there is no body."""
        self._body = body
        self._status = status
        self._headers: list[tuple[bytes, bytes]] = []
        if media_type is not None:
            self._headers += ((b"content-type", media_type.encode()), (b"content-length", b"%d" % len(body)))
        if headers is not None:
            self._headers += [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await send({"type": "http.response.start", "status": self._status, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


def one(view: View[Any], *, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """One view."""
    body = view.__pydantic_serializer__.to_json(view)
    return Reply(body, status=status, headers=headers)


def many(
    view: type[View[T]], values: Iterable[T], *, status: int = 200, headers: dict[str, str] | None = None
) -> Reply:
    """A bare array of views."""
    adapter = _array_of(view)
    body = adapter.serializer.to_json(adapter.validator.validate_python(tuple(values)))
    return Reply(body, status=status, headers=headers)


def all_of(view: type[View[T]], snapshot: Snapshot[T]) -> Reply:
    """A bare array of the rows that a broker gave, and when it gave them."""
    return many(view, snapshot.items, headers={"X-Ordo-As-Of": time_text(snapshot.as_of)})


def portfolios(legs: tuple[PortfolioLeg, ...], *, correlation_id: str) -> Reply:
    """A leg for each account; 207 where one failed."""
    views = tuple(
        LegView(
            account=str(leg.account),
            portfolio=None if leg.portfolio is None else Portfolio.of(leg.portfolio),
            error=None if leg.error is None else told(leg.error, correlation_id=correlation_id, order_write=False),
        )
        for leg in legs
    )
    return many(LegView, views, status=200 if all(leg.error is None for leg in legs) else 207)


def order(value: domain.Order, *, status: int = 200) -> Reply:
    """An order after a write; the repeated answer to an earlier call says so."""
    headers = {"Location": location(value)}
    if value.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Reply(order_text(value), status=status, headers=headers)


def read_order(value: domain.Order) -> Reply:
    """An order as somebody asked for it."""
    return Reply(order_text(value))


def orders(snapshot: Snapshot[domain.Order]) -> Reply:
    """As `all_of`, for orders."""
    return Reply(orders_text(snapshot.items), headers={"X-Ordo-As-Of": time_text(snapshot.as_of)})


NOTHING: Final = Reply(b"", status=204, media_type=None)
"""That it is done, and no more."""


@lru_cache(maxsize=64)
def _array_of(view: type[View[Any]]) -> TypeAdapter[tuple[View[Any], ...]]:
    return TypeAdapter(tuple[view, ...])  # type: ignore[valid-type]
