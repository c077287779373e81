"""InvestRight's envelopes. Those of errors are the sibling platform's, or guesses: InvestRight publishes none."""

from collections.abc import Mapping
from typing import Final

from ordo_emulators.server import Response, json_response

UNKNOWN_CODE: Final = 77077
"""Stands in no document of the broker's."""
_SURPRISE: Final = "Something unexpected happened"


class Failure(Exception):
    """An answer that is not a success. `body` None is an empty one.

    `by_order_system`: the refusal comes from behind the gateway, and may wear HTTP status 200.
    """

    def __init__(self, status: int, body: Mapping[str, object] | None, *, by_order_system: bool = False) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.by_order_system = by_order_system

    def response(self, *, as_200: bool) -> Response:
        status = 200 if as_200 and self.by_order_system else self.status
        return empty(status) if self.body is None else json_response(self.body, status=status)


def ok(data: object) -> Response:
    return json_response({"status": "success", "data": data})


def empty(status: int) -> Response:
    return Response(status=status, content_type="text/plain")


def gateway(status: int, text: str) -> Failure:
    """The shape of the sibling platform's gateway."""
    return Failure(status, {"error": text})


def refused(message: str, *, status: int = 422) -> Failure:
    """By the order system. 422 is documented as understood but not processable; the body is a guess."""
    return Failure(status, {"status": "error", "message": message}, by_order_system=True)


def malformed(field: str, wanted: str) -> Failure:
    """400 is documented for it; the text is a guess that begins as the sibling platform's."""
    return refused(f"{field} is invalid: {wanted}", status=400)


def order_not_found() -> Failure:
    return refused("Order not found", status=404)


def dead_token() -> Failure:
    return gateway(401, "invalid credentials")


def over_the_limit() -> Failure:
    return gateway(429, "merchantKeyRateLimit - too many requests")


def surprise(*, of_quotes: bool) -> Response:
    """An error that stands in no document, with status 200; in the manner of `fetch-ltp`, which has no `status`."""
    if of_quotes:
        return json_response({"data": [], "meta": {"statusCode": str(UNKNOWN_CODE), "statusMsg": _SURPRISE}})
    return json_response({"status": "error", "message": _SURPRISE, "error_code": UNKNOWN_CODE, "data": {}})
