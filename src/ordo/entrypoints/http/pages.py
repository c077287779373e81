"""The contract for programs, and as a page for people."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Any

from litestar import Router, get
from pydantic_core import to_json

from ordo.entrypoints.http.answers import Reply
from ordo.entrypoints.http.contract import PUBLIC
from ordo.entrypoints.http.page import page, style


def routes(document: Callable[[], dict[str, Any]]) -> Router:
    """The document is made when somebody wants it first: orders need none."""
    headers = alone(style())

    @cache
    def shown() -> tuple[bytes, bytes]:
        made = document()
        return to_json(made), page(made).encode()

    @get("/openapi.json", opt=PUBLIC)
    async def show_contract() -> Reply:
        return Reply(shown()[0])

    @get("/", opt=PUBLIC)
    async def show_page() -> Reply:
        return Reply(shown()[1], headers=headers, media_type="text/html; charset=utf-8")

    return Router("/schema", route_handlers=[show_contract, show_page])


def alone(style: str) -> dict[str, str]:
    """The headers of a page that is all there is: no script, no picture, no font, no other host, and this one style."""
    allowed = base64.b64encode(sha256(style.encode()).digest()).decode()
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'; frame-ancestors"
            " 'none'"
        ),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
