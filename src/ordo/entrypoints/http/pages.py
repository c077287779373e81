"""The contract for programs, and as a page for people."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

from litestar import Router, get
from pydantic_core import to_json

from ordo.entrypoints.http.answers import Reply
from ordo.entrypoints.http.contract import PUBLIC
from ordo.entrypoints.http.page import page, style


def routes(document: dict[str, Any]) -> Router:
    contract, text = to_json(document), page(document).encode()
    headers = alone(style())

    @get("/openapi.json", opt=PUBLIC)
    async def show_contract() -> Reply:
        return Reply(contract)

    @get("/", opt=PUBLIC)
    async def show_page() -> Reply:
        return Reply(text, headers=headers, media_type="text/html; charset=utf-8")

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
