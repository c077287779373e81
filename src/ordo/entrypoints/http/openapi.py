"""The contract as an OpenAPI document, made of the routes, their contracts and the models of API v1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final, Literal

from litestar import Router
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from ordo.domain.errors import ErrorCode
from ordo.entrypoints.http.contract import COMMON, PUBLIC_OPTION, Answer, Contract, contract_of
from ordo.entrypoints.http.errors import ROWS
from ordo.entrypoints.http.words import DESCRIPTION, HEADERS, PARAMETERS, TAGS
from ordo.schemas.v1.base import Asked
from ordo.schemas.v1.errors import ApiError

Json = dict[str, Any]
_Model = tuple[type[BaseModel], Literal["serialization", "validation"]]
_KEY: Final = "Idempotency-Key"
_REFERENCE: Final = "#/components/schemas/{model}"
_SAME_ORDER: Final = {
    "adapter_id": "$request.path.adapter_id",
    "account_id": "$request.path.account_id",
    "order_id": "$response.body#/order_id",
}
_PAGE: Final = {"text/html": {"schema": {"type": "string"}}}
_METHODS: Final = ("get", "put", "post", "patch", "delete")
_REPLAYED: Final = frozenset({401, 403, 409, 422, 429, 502, 503})
_RETRIED: Final = frozenset(
    {
        ErrorCode.IDEMPOTENCY_IN_FLIGHT,
        ErrorCode.RATE_LIMITED,
        ErrorCode.ORDER_BUDGET,
        ErrorCode.TOO_MANY_REQUESTS,
    }
)


class _Schemas(GenerateJsonSchema):
    """Without a title for every field: it says what its name says."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002  (pydantic's own signature)
        return False


def document(doors: Iterable[Router]) -> Json:
    """The whole document. A route without a contract is not in it."""
    described = sorted(
        (found for door in doors for found in _described(door)), key=lambda found: (found[0], _METHODS.index(found[1]))
    )
    models: set[_Model] = {(ApiError, "serialization")}
    paths: Json = {}
    for path, method, handler, promise in described:
        models.update(_models(handler, promise))
        paths.setdefault(path, {})[method] = _operation(handler, promise, path)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ordo",
            "version": "1.0.0",
            "summary": "One safe door to every Indian stock broker.",
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The gateway's own token: `ORDO_TOKEN`, or one that `ordo tokens new` made.",
                }
            },
            "parameters": {name: {"name": name, "required": True, **told} for name, told in PARAMETERS.items()},
            "headers": HEADERS,
            "schemas": _schemas(models),
        },
    }


def _described(door: Router) -> Iterator[tuple[str, str, HTTPRouteHandler, Contract]]:
    for route in (route for route in door.routes if isinstance(route, HTTPRoute)):
        for handler in route.route_handlers:
            promise = contract_of(handler)
            if promise is not None:
                for method in handler.http_methods:
                    yield route.path_format, method.lower(), handler, promise


def _operation(handler: HTTPRouteHandler, promise: Contract, path: str) -> Json:
    public = bool(handler.opt.get(PUBLIC_OPTION))
    operation: Json = {
        "operationId": handler.operation_id,
        "summary": handler.summary,
        "description": handler.description,
        "tags": sorted(handler.resolve_tags()),
        "parameters": list(_parameters(promise, path)),
        "responses": _responses(promise, public=public),
    }
    if public:
        operation["security"] = []
    body = _body(handler)
    if body is not None:
        examples = promise.examples or {"example": _examples(body)[0]}
        content = {
            "schema": _reference(body),
            "examples": {name: {"value": value} for name, value in examples.items()},
        }
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    return operation


def _parameters(promise: Contract, path: str) -> Iterator[Json]:
    yield from (_shared("parameters", name) for name in PARAMETERS if f"{{{name}}}" in path)
    if promise.query is not None:
        schema = _schemas({(promise.query, "validation")})[promise.query.__name__]
        for name, told in schema["properties"].items():
            described = {key: value for key, value in told.items() if key not in ("description", "examples")}
            yield {
                "name": name,
                "in": "query",
                "required": name in schema.get("required", ()),
                "description": told["description"],
                "schema": described,
                **({"example": told["examples"][0]} if "examples" in told else {}),
            }
    if promise.keyed:
        yield _shared("parameters", _KEY)


def _responses(promise: Contract, *, public: bool) -> Json:
    responses = {str(status): _success(answer, pages=promise.pages) for status, answer in promise.answers.items()}
    codes = {*promise.raises, *(COMMON if not public else (ErrorCode.INTERNAL_ERROR,))}
    for status in sorted({ROWS[code].status for code in codes}):
        told = [code for code in ROWS if code in codes and ROWS[code].status == status]
        headers = ["X-Correlation-ID"]
        if status == HTTPStatus.UNAUTHORIZED:
            headers.append("WWW-Authenticate")
        if not _RETRIED.isdisjoint(told):
            headers.append("Retry-After")
        if promise.keyed and status in _REPLAYED:
            headers.append("Idempotency-Replayed")
        responses[str(status)] = {
            "description": "\n".join(f"- `{code}`: {ROWS[code].meaning}." for code in told),
            "headers": _headers(headers),
            "content": _PAGE
            if promise.pages and status != HTTPStatus.INTERNAL_SERVER_ERROR
            else {"application/json": {"schema": _failure(told)}},
        }
    return responses


def _success(answer: Answer, *, pages: bool) -> Json:
    told: Json = {
        "description": answer.meaning,
        "headers": _headers(["X-Correlation-ID", *answer.headers]),
    }
    if pages:
        told["content"] = _PAGE
    elif answer.view is not None:
        schema = _reference(answer.view)
        told["content"] = {
            "application/json": {"schema": {"type": "array", "items": schema} if answer.many else schema}
        }
    if answer.links:
        told["links"] = {name: {"operationId": name, "parameters": _SAME_ORDER} for name in answer.links}
    return told


def _failure(codes: list[ErrorCode]) -> Json:
    return {"allOf": [_reference(ApiError), {"properties": {"error_code": {"enum": codes}}}]}


def _headers(names: list[str]) -> Json:
    return {name: _shared("headers", name) for name in names}


def _shared(group: str, name: str) -> Json:
    return {"$ref": f"#/components/{group}/{name}"}


def _body(handler: HTTPRouteHandler) -> type[Asked] | None:
    field = handler.parsed_fn_signature.parameters.get("data")
    return None if field is None else field.annotation


def _examples(model: type[BaseModel]) -> list[Json]:
    extra = model.model_config.get("json_schema_extra")
    return extra["examples"] if isinstance(extra, dict) else []  # type: ignore[return-value]


def _reference(model: type[BaseModel]) -> Json:
    return {"$ref": _REFERENCE.format(model=model.__name__)}


def _models(handler: HTTPRouteHandler, promise: Contract) -> Iterator[_Model]:
    body = _body(handler)
    if body is not None:
        yield body, "validation"
    for answer in promise.answers.values():
        if answer.view is not None:
            yield answer.view, "serialization"


def _schemas(models: set[_Model]) -> Json:
    ordered = sorted(models, key=lambda model: model[0].__name__)
    _, built = models_json_schema(ordered, ref_template=_REFERENCE, schema_generator=_Schemas)
    return {name: _unwrapped(schema) for name, schema in sorted(built["$defs"].items())}


def _unwrapped(schema: Mapping[str, Any]) -> Json:
    """A docstring is wrapped for its source file, not for a reader of the document."""
    text = schema.get("description")
    return {**schema, "description": " ".join(text.split())} if text else dict(schema)
