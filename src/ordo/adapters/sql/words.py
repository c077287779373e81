"""Text of every kind, also where the database knows one kind less."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

_NUL = "\x00"
_ESCAPE = "\x01"
_ESCAPED = {ord(_NUL): _ESCAPE + "\x01", ord(_ESCAPE): _ESCAPE + "\x02"}


class Words(TypeDecorator[str]):
    """Any text that is valid Unicode. PostgreSQL can't hold the character 0, so there it and the character 1 are
    written as two, in a way that keeps the order.
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = Text
    cache_ok: bool | None = True

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None] | None:
        return _escaped if dialect.name == "postgresql" else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], str | None] | None:  # noqa: ARG002
        return _plain if dialect.name == "postgresql" else None


def _escaped(value: str | None) -> str | None:
    if value is None or (_NUL not in value and _ESCAPE not in value):
        return value
    return value.translate(_ESCAPED)


def _plain(value: str | None) -> str | None:
    if value is None or _ESCAPE not in value:
        return value
    return value.replace(_ESCAPED[ord(_NUL)], _NUL).replace(_ESCAPED[ord(_ESCAPE)], _ESCAPE)
