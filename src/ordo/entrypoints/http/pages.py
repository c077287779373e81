"""The contract for programs, and as a page for people."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

from litestar import Router, get
from litestar.enums import MediaType
from litestar.response.base import ASGIResponse
from pydantic_core import to_json

from ordo.entrypoints.http.contract import PUBLIC
from ordo.entrypoints.http.page import page, style


def routes(document: dict[str, Any]) -> Router:
    contract, text = to_json(document), page(document).encode()
    allowed = base64.b64encode(sha256(style().encode()).digest()).decode()
    headers = {
        # The page is all there is: no script, no picture, no font, and no other host.
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'; frame-ancestors"
            f" 'none'"
        ),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }

    @get("/openapi.json", opt=PUBLIC)
    async def show_contract() -> ASGIResponse:
        return ASGIResponse(body=contract, media_type=MediaType.JSON)

    @get("/", opt=PUBLIC)
    async def show_page() -> ASGIResponse:
        return ASGIResponse(body=text, headers=headers, media_type=MediaType.HTML)

    return Router("/schema", route_handlers=[show_contract, show_page])
