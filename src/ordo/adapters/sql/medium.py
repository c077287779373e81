"""What holds the tables: a file or a server."""

from __future__ import annotations

import sqlite3
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from ordo.domain.errors import ErrorCode, Unavailable

T = TypeVar("T")
Job = Callable[[Connection], T]

# What prepared statements run over: SQLAlchemy's connection, or SQLite's own, which costs less.
Link = Connection | sqlite3.Connection
Look = Callable[[Link], T]


class CommitUnknown(Unavailable):
    """The connection was lost while a transaction was being committed: it took effect as a whole, or not at all."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.STORE_UNAVAILABLE,
            "The connection to the database was lost while it was writing, so what this call wrote may be there or not."
            " No order is ever sent before its record is known to be written. Try again with the same idempotency key:"
            " it never places a second order.",
        )


class Medium(Protocol):
    """The laws are those of `Database`."""

    @abstractmethod
    async def open(self) -> None: ...

    @abstractmethod
    async def close(self) -> None: ...

    @abstractmethod
    async def upgrade(self) -> tuple[str | None, str]: ...

    @abstractmethod
    def write(self, job: Job[T], undo: Job[object] | None, *, lasting: bool) -> Coroutine[Any, Any, T]: ...

    @abstractmethod
    def read(self, job: Job[T]) -> Coroutine[Any, Any, T]: ...

    @abstractmethod
    def glance(self, look: Look[T]) -> Coroutine[Any, Any, T]: ...
