"""What schemathesis must find of callers who may not, or not all."""

from __future__ import annotations

from typing import Any, Final

import schemathesis

PUBLIC: Final = {"/health", "/ready", "/callback/{adapter_id}", "/schema", "/schema/openapi.json"}
_LOOKS: Final = {("POST", "previewOrder")}


@schemathesis.check
def lets_in_nobody(
    ctx: schemathesis.CheckContext,  # noqa: ARG001
    response: schemathesis.Response,
    case: schemathesis.Case[Any],
) -> None:
    """Without a token nothing is said but that one is needed."""
    if case.operation.path not in PUBLIC:
        assert response.status_code == 401, f"{case.method} {case.path}: {response.status_code} for a stranger"


@schemathesis.check
def writes_nothing(
    ctx: schemathesis.CheckContext,  # noqa: ARG001
    response: schemathesis.Response,
    case: schemathesis.Case[Any],
) -> None:
    """A token that reads does not write, whatever it sends."""
    told = f"{case.method} {case.path}: {response.status_code} for a token that only reads"
    if case.operation.path in PUBLIC:
        return
    assert response.status_code != 401, told
    name = case.operation.definition.raw.get("operationId")
    if case.method.upper() != "GET" and (case.method.upper(), name) not in _LOOKS:
        assert response.status_code == 403, told
