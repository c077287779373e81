"""Which fields of an order go together, in JSON Schema, for people and tools that look before they ask. The rules
themselves are the domain's, and it alone enforces them.
"""

from __future__ import annotations

from typing import Any, Final

from ordo.domain.orders import OrderType, Product
from ordo.schemas.v1.fields import CASH_KEY

_CASH: Final = {"instrument": {"pattern": CASH_KEY}}


def _given(name: str, kind: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {"type": kind}}}


def _absent(name: str) -> dict[str, Any]:
    return {"properties": {name: {"type": "null"}}}


def _goes_with(name: str, order_types: list[OrderType]) -> dict[str, Any]:
    wanted = {"required": ["order_type"], "properties": {"order_type": {"enum": order_types}}}
    return {"if": wanted, "then": _given(name, "string"), "else": _absent(name)}


PLACE_RULES: Final[dict[str, Any]] = {
    "allOf": [
        _goes_with("price", [kind for kind in OrderType if kind.has_price]),
        _goes_with("trigger_price", [kind for kind in OrderType if kind.has_trigger]),
        {
            "if": {"required": ["instrument"], "properties": _CASH},
            "then": {"properties": {"product": {"enum": [Product.CNC, Product.MIS, Product.MTF]}}},
            "else": {"properties": {"product": {"enum": [Product.NRML, Product.MIS]}}},
        },
        {
            "if": _given("disclosed_quantity", "integer"),
            "then": {"properties": {**_CASH, "validity": {"const": "DAY"}}},
        },
    ]
}

MODIFY_RULES: Final[dict[str, Any]] = {
    "anyOf": [
        _given("quantity", "integer"),
        *(_given(name, "string") for name in ("order_type", "price", "trigger_price", "validity")),
    ]
}
