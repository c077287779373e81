"""Turns whatever was raised, by Ordo or by the framework, into the one shape of a failure."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp

from ordo.domain.errors import ErrorCode, Invalid, OrdoError, Outcome
from ordo.entrypoints.http.contract import contract_of
from ordo.entrypoints.http.correlation import correlation_id
from ordo.entrypoints.http.errors import answer_to, shortened

_log = logging.getLogger(__name__)
_FIRST_FAULT_OF_OURS: Final = 500

_WORDS: Final = {
    404: (ErrorCode.NOT_FOUND, "There is nothing under {method} {path}. /schema lists every address."),
    405: (
        ErrorCode.METHOD_NOT_ALLOWED,
        "Nothing was done: {path} does not take {method}; the header Allow lists what it takes.",
    ),
    413: (
        ErrorCode.BODY_TOO_LARGE,
        "Nothing was done: the body is larger than this gateway reads (ORDO_HTTP__MAX_BODY_BYTES).",
    ),
}


class _Unforeseen(OrdoError):
    """Whatever had been begun may have been done."""

    outcome = Outcome.UNKNOWN


def told(request: Request[Any, Any, Any], error: OrdoError) -> Response[bytes]:
    """A failure that Ordo knows."""
    contract = contract_of(request.scope.get("route_handler"))
    return answer_to(
        error,
        correlation_id=correlation_id(request.scope),
        order_write=contract is not None and contract.keyed,
    )


def found_by_framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """A request that Litestar turned down before any handler saw it."""
    if error.status_code >= _FIRST_FAULT_OF_OURS:
        return unexpected(request, error)
    code, words = _WORDS.get(error.status_code, (ErrorCode.VALIDATION_ERROR, "Nothing was done: {detail}."))
    message = words.format(method=request.method, path=shortened(request.scope["path"]), detail=error.detail)
    response = told(request, Invalid(code, message))
    if allow := (error.headers or {}).get("allow"):
        methods = {*allow.split(", ")}
        response.headers["Allow"] = ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
    return response


def unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A fault of ours: the log has all of it, the caller nothing but the name to find it by."""
    name = correlation_id(request.scope)
    _log.error("request %s failed: %s %s", name, request.method, request.scope["path"], exc_info=error)
    return told(
        request,
        _Unforeseen(
            ErrorCode.INTERNAL_ERROR,
            "Ordo failed in a way that it did not foresee. What it had begun is unknown to this answer: ask for the"
            f" order, or repeat a write with the same key. The log has the reason under {name}.",
        ),
    )


HANDLERS: Final[dict[int | type[Exception], Callable[[Request[Any, Any, Any], Any], Response[bytes]]]] = {
    OrdoError: told,
    HTTPException: found_by_framework,
    Exception: unexpected,
}


def answer(request: Request[Any, Any, Any], error: Exception) -> ASGIApp:
    """The answer to a failure, by the handler of the nearest kind, as Litestar would give it."""
    handler = next(HANDLERS[kind] for kind in type(error).__mro__ if kind in HANDLERS)
    return handler(request, error).to_asgi_response(app=None, request=request)
