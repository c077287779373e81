"""What schemathesis must be told of Ordo beyond the document."""

from __future__ import annotations

from typing import Any

import schemathesis


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext,  # noqa: ARG001
    case: schemathesis.Case[Any],
    kwargs: dict[str, Any],  # noqa: ARG001
) -> None:
    """Spell integers as Ordo reads them, and keep trading.

    JSON Schema holds `10.0` for an integer, and can't say otherwise. Ordo reads a quantity without a point only
    (`test_http_bad_orders` shows it). And a switch that is halted once would turn every later order away unseen.
    """
    if isinstance(case.body, dict):
        body: dict[str, Any] = {name: _spelled(value) for name, value in case.body.items()}
        case.body = {**body, "state": "ACTIVE"} if body.get("state") == "HALTED" else body


def _spelled(value: object) -> object:
    if isinstance(value, dict):
        return {name: _spelled(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_spelled(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
