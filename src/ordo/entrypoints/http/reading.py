"""What callers send: read strictly, and refused with every field that is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

from litestar import Request
from litestar.exceptions import ClientException, InternalServerException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import BaseRouteHandler
from litestar.types import Receive
from pydantic import ValidationError
from pydantic_core import ErrorDetails, to_json

from ordo.application.context import Context
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, FieldFault, Invalid
from ordo.domain.sessions import SECRET_NAMES
from ordo.entrypoints.http.auth import account_named, holder_of
from ordo.entrypoints.http.correlation import correlation_id
from ordo.entrypoints.http.errors import shortened
from ordo.entrypoints.http.heads import Heads, heads_of
from ordo.schemas.v1.base import Asked
from ordo.schemas.v1.fields import NAMING, Naming

T = TypeVar("T", bound=Asked)
Call = Request[Any, Any, Any]

_BODY: Final = "body"
_PLAIN_JSON: Final = b"application/json"
_MOST_FAULTS: Final = 20
_MESSAGES: Final = {"missing": "is required", "extra_forbidden": "is not a field of this request"}


Reader = Callable[[bytes, Heads], Asked]
"""Makes a model of a body; raises `Invalid`."""


def reads(model: type[Asked], naming: Naming | None = None) -> dict[str, Reader]:
    """The options of a route whose handler is given its body, as this model. With a `naming`, instruments may be named
    as it understands them.

    The raw bytes are validated. Litestar on its own would decode first and then convert, which makes a number of `true`
    and a float of every price.
    """
    validator = model.__pydantic_validator__
    hidden = bool(model.model_config.get("hide_input_in_errors"))
    about = {} if naming is None else {NAMING: naming}

    def read(value: bytes, heads: Heads) -> Asked:
        if not value:
            raise Invalid(
                ErrorCode.VALIDATION_ERROR,
                "Nothing was done: the body is empty; send a JSON object.",
                fields=(FieldFault(field="body", message="must be a JSON object"),),
            )
        if heads.last(b"content-type") != _PLAIN_JSON or heads.last(b"content-encoding") is not None:
            _refuse_other_forms(heads)
        try:
            asked: Asked = validator.validate_json(value, context=about)
        except ValidationError as error:
            raise _refusal(error, hidden=hidden) from None
        # Every member of an object but the last is followed by a comma, so that so few leave no room for a name that
        # stands twice. Where a text holds a comma, or an object holds another, the slow look decides.
        if value.count(b",") + 1 != len(asked.__pydantic_fields_set__):
            _NAMED_ONCE.decode(value.decode())
        return asked

    return {_BODY: read}


def reader_of(handler: BaseRouteHandler) -> Reader | None:
    """How the body of a route is read; `None` where it reads none."""
    return cast("Reader | None", handler.opt.get(_BODY))


async def body_of(heads: Heads, receive: Receive, *, most: int) -> bytes:
    """The body of a request, of at most so many bytes; raises what Litestar raises for one that can't be had."""
    told = heads.last(b"content-length")
    if told is not None and _length(told) > most:
        raise RequestEntityTooLarge
    parts: list[bytes] = []
    left = most
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise InternalServerException("client disconnected prematurely")
        part = message["body"]
        left -= len(part)
        if left < 0:
            raise RequestEntityTooLarge
        if not message.get("more_body", False):
            return b"".join((*parts, part)) if parts else part
        parts.append(part)


def _length(told: bytes) -> int:
    try:
        return int(told)
    except ValueError:
        raise ClientException(f"Invalid content-length: {told.decode('latin-1')!r}") from None


def asked(call: Call, query: type[T]) -> T:
    """What stands behind the question mark; raises `Invalid` (`VALIDATION_ERROR`)."""
    many = _many(query)
    values: dict[str, object] = {}
    pairs = call.query_params.multi_items() if call.scope["query_string"] else ()
    for name, value in pairs:
        if name in many:
            values[name] = (*cast("tuple[str, ...]", values.get(name, ())), value)
        elif name in values:
            raise _unreadable((FieldFault(field=name, message="must be given once", seen=value),))
        else:
            values[name] = value
    try:
        return query.model_validate(values)
    except ValidationError as error:
        raise _refusal(error, hidden=False) from None


@lru_cache(maxsize=64)
def _many(query: type[Asked]) -> frozenset[str]:
    """The parameters that may be given more than once."""
    return frozenset(name for name, field in query.model_fields.items() if field.annotation == tuple[str, ...])


def account(call: Call) -> Account:
    """The account in the path; raises `Invalid` (`UNKNOWN_ACCOUNT`) for what can't be one."""
    return account_named(call.path_params["adapter_id"], call.path_params["account_id"])


def context(call: Call) -> Context:
    """Who calls, under which correlation id, and what they may do."""
    principal, holder = holder_of(call.scope)
    grant = None if holder is None else holder.grant
    return Context(correlation_id=correlation_id(call.scope), principal=principal, grant=grant)


def key(call: Call) -> str:
    """The idempotency key; empty where there is none, which the use case refuses."""
    heads = heads_of(call.scope)
    if heads.is_several(b"idempotency-key"):
        raise _unreadable((FieldFault(field="Idempotency-Key", message="must be given once"),))
    return (heads.last(b"idempotency-key") or b"").strip(b" \t").decode("latin-1")


def _refuse_other_forms(heads: Heads) -> None:
    """Bodies are plain JSON in UTF-8, and say so."""
    form, encoded = heads.last(b"content-type") or b"", heads.last(b"content-encoding")
    media_type, _, parameters = form.decode("latin-1").lower().partition(";")
    charset = parameters.partition("charset=")[2].strip().strip('"')
    encoding = "identity" if encoded is None else encoded.decode("latin-1").lower().strip()
    for name, seen, right in (
        ("Content-Type", media_type, media_type.strip() == "application/json"),
        ("Content-Type", charset, charset in ("", "utf-8", "utf8")),
        ("Content-Encoding", encoding, encoding == "identity"),
    ):
        if not right:
            raise Invalid(
                ErrorCode.UNSUPPORTED_MEDIA_TYPE,
                "Nothing was done: the body must be plain JSON in UTF-8, with Content-Type: application/json.",
                fields=(FieldFault(field=name, message="must be application/json, in UTF-8, not encoded", seen=seen),),
            )


def _refusal(error: ValidationError, *, hidden: bool) -> Invalid:
    """The domain's own word where only the domain objects; otherwise every field that can't be read."""
    faults = error.errors(include_url=False)
    objections = [cause for fault in faults if isinstance(cause := fault.get("ctx", {}).get("error"), Invalid)]
    if len(objections) == len(faults) == 1:
        return objections[0]
    more = len(faults) - _MOST_FAULTS
    return _unreadable(tuple(_fault(fault, hidden=hidden) for fault in faults[:_MOST_FAULTS]), more=max(0, more))


def _unreadable(faults: tuple[FieldFault, ...], *, more: int = 0) -> Invalid:
    told = "; ".join(f"{shortened(fault.field)} {fault.message}" for fault in faults)
    rest = f"; and {more} more" if more else ""
    return Invalid(
        ErrorCode.VALIDATION_ERROR,
        f"Nothing was done: the request can't be read as it stands: {told}{rest}.",
        fields=faults,
    )


def _fault(fault: ErrorDetails, *, hidden: bool) -> FieldFault:
    kind = fault["type"]
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, Invalid) and cause.fields:
        return cause.fields[0]
    name = ".".join(str(part) for part in fault["loc"]) or "body"
    message = _MESSAGES.get(kind) or fault["msg"].replace("Input should be", "must be").removeprefix("Value error, ")
    if hidden or kind in ("missing", "json_invalid") or name.rpartition(".")[2].lower() in SECRET_NAMES:
        return FieldFault(field=name, message=message)
    return FieldFault(field=name, message=message, seen=_seen(fault["input"]))


def _seen(value: object) -> str:
    return value if isinstance(value, str) else to_json(value, fallback=str).decode()


def _named_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names: dict[str, object] = {}
    for name, value in pairs:
        if name in names:
            raise _unreadable((FieldFault(field=name, message="stands twice in the body"),))
        names[name] = value
    return names


# JSON lets a name stand twice, and readers differ in which value they take: no order may depend on that.
_NAMED_ONCE: Final = json.JSONDecoder(object_pairs_hook=_named_once)
