"""The name under which a request can be found again: every answer, whoever gives it, carries it."""

from __future__ import annotations

import re
from typing import Final

from litestar.types import Scope

from ordo.entrypoints.http.heads import Heads

HEADER: Final = b"x-correlation-id"
_STATE: Final = "correlation_id"
_SANE = re.compile(rb"[A-Za-z0-9._-]{1,128}")


def name(scope: Scope, correlation_id: str) -> None:
    """Give a request its correlation id."""
    scope["state"][_STATE] = correlation_id


def correlation_id(scope: Scope) -> str:
    """The correlation id of a request that came through `Front`."""
    correlation_id: str = scope["state"][_STATE]
    return correlation_id


def wanted(heads: Heads) -> str | None:
    """The correlation id that the caller sent, where it is one and sane."""
    value = heads.only(HEADER)
    return value.decode() if value is not None and _SANE.fullmatch(value) else None
