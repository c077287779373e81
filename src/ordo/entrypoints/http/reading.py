"""What callers send: read strictly, and refused with every field that is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, TypeVar, cast

from litestar import Request
from litestar.dto import AbstractDTO
from litestar.typing import FieldDefinition
from pydantic import ValidationError
from pydantic_core import ErrorDetails, to_json

from ordo.application.context import Context
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, FieldFault, Invalid
from ordo.domain.sessions import SECRET_NAMES
from ordo.entrypoints.http.auth import holder_of
from ordo.entrypoints.http.correlation import correlation_id
from ordo.entrypoints.http.errors import shortened
from ordo.schemas.v1.base import Asked
from ordo.schemas.v1.fields import NAMING, Naming

T = TypeVar("T", bound=Asked)
Call = Request[Any, Any, Any]

_MOST_FAULTS: Final = 20
_MESSAGES: Final = {"missing": "is required", "extra_forbidden": "is not a field of this request"}


class JsonBody(AbstractDTO[T]):
    """Validates the raw bytes of a body. Litestar on its own would decode first and then convert, which makes a number
    of `true` and a float of every price.
    """

    context: ClassVar[Mapping[str, Naming]] = {}

    def decode_bytes(self, value: bytes) -> T:
        _refuse_other_forms(self.asgi_connection.scope["headers"])
        try:
            read = self.model_type.model_validate_json(value, context=self.context)
        except ValidationError as error:
            raise _refusal(error, hidden=bool(self.model_type.model_config.get("hide_input_in_errors"))) from None
        _NAMED_ONCE.decode(value.decode())
        return read

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: type[Any] | None = None
    ) -> None:
        """There is nothing to prepare: pydantic has compiled the model."""


def with_names(body: type[Any], naming: Naming) -> type[Any]:
    """The same `JsonBody`, in which instruments may be named as `naming` understands them."""
    return type(body.__name__, (body,), {"context": {NAMING: naming}})


def asked(call: Call, query: type[T]) -> T:
    """What stands behind the question mark; raises `Invalid` (`VALIDATION_ERROR`)."""
    many = {name for name, field in query.model_fields.items() if field.annotation == tuple[str, ...]}
    values: dict[str, object] = {}
    for name, value in call.query_params.multi_items():
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


def account(call: Call) -> Account:
    """The account in the path; raises `Invalid` (`UNKNOWN_ACCOUNT`) for what can't be one."""
    return Account(adapter_id=call.path_params["adapter_id"], account_id=call.path_params["account_id"])


def context(call: Call) -> Context:
    """Who calls, under which correlation id, and what they may do."""
    principal, holder = holder_of(call.scope)
    grant = None if holder is None else holder.grant
    return Context(correlation_id=correlation_id(call.scope), principal=principal, grant=grant)


def key(call: Call) -> str:
    """The idempotency key; empty where there is none, which the use case refuses."""
    given = [value for name, value in call.scope["headers"] if name == b"idempotency-key"]
    if len(given) > 1:
        raise _unreadable((FieldFault(field="Idempotency-Key", message="must be given once"),))
    return given[0].strip(b" \t").decode("latin-1") if given else ""


def _refuse_other_forms(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Bodies are plain JSON in UTF-8, and say so."""
    told = {name: text.decode("latin-1").lower() for name, text in headers if name.startswith(b"content-")}
    media_type, _, parameters = told.get(b"content-type", "").partition(";")
    charset = parameters.partition("charset=")[2].strip().strip('"')
    encoding = told.get(b"content-encoding", "identity").strip()
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
