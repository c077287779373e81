"""FYERS' envelopes: `{"s", "code", "message", ...}`."""

from collections.abc import Mapping
from typing import Final

from ordo_emulators.server import Response, html_response, json_response

UNKNOWN_CODE: Final = -7077
"""Stands in no document of the broker's."""


class Failure(Exception):
    """An error envelope. `status` is HTTP's: 400 unless something else is recorded, which for most codes nothing is."""

    def __init__(self, code: int, message: str, *, status: int = 400, order_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.order_id = order_id

    def body(self) -> dict[str, object]:
        body: dict[str, object] = {"s": "error", "code": self.code, "message": self.message}
        if self.order_id is not None:
            body["id"] = self.order_id
        return body


def ok(code: int = 200, message: str = "", **payload: object) -> dict[str, object]:
    return {"s": "ok", "code": code, "message": message, **payload}


def invalid(message: str) -> Failure:
    """-50: a parameter is wrong, and the text says which."""
    return Failure(-50, message)


def over_the_limit(*, on_orders: bool, as_html: bool, retry_after_ms: int) -> Response:
    """Order endpoints say in headers, and only there, when to come back. The text is a guess."""
    if as_html:
        return html_response("429 Too Many Requests", status=429)
    headers: Mapping[str, str] = {}
    if on_orders:
        headers = {"Retry-After": str(-(-retry_after_ms // 1000)), "X-Retry-After-Ms": str(retry_after_ms)}
    return json_response(Failure(-429, "request limit reached").body(), status=429, headers=headers)


def loosened(value: object, name: str = "") -> object:
    """The same JSON with the types that some captures show instead of the documented ones."""
    if isinstance(value, dict):
        return {key: loosened(child, key) for key, child in value.items()}
    if isinstance(value, list):
        return [loosened(child, name) for child in value]
    if name in {"code", "exchange", "segment"} and isinstance(value, int):
        return str(value)
    if name in {"id", "orderNumber", "fyToken"} and isinstance(value, str) and value.isdigit():
        return int(value)
    return value
