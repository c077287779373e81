"""Reading one field of an order. Whatever is not as documented is a `Failure` 400."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, TypeVar

from ordo_emulators.hdfc.answers import malformed

Fields = Mapping[str, object]
T = TypeVar("T")

_LARGEST: Final = 10**9
_LONGEST_REFERENCE: Final = 20


def choice(fields: Fields, name: str, choices: Mapping[str, T]) -> T:
    value = fields.get(name)
    if not isinstance(value, str) or value not in choices:
        raise malformed(name, f"one of {', '.join(choices)} is required")
    return choices[value]


def whole(fields: Fields, name: str) -> int:
    """0 where it is left out."""
    value = fields.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise malformed(name, "it must be a whole number")
    return value


def number(fields: Fields, name: str) -> Decimal:
    """0 where it is left out."""
    value = fields.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value <= _LARGEST:
        raise malformed(name, "it must be a number, and not below zero")
    return Decimal(value)


def text(fields: Fields, name: str) -> str:
    """Nothing where it is left out."""
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise malformed(name, "it must be a string")
    return value


def flag(fields: Fields, name: str) -> bool:
    """False where it is left out."""
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise malformed(name, "it must be true or false")
    return value


def reference(fields: Fields) -> str:
    """`external_reference_number` as a number or as text, up to 20 digits; nothing where it is left out."""
    name = "external_reference_number"
    value = fields.get(name)
    if value is None:
        return ""
    digits = value if isinstance(value, str) else str(value)
    plain = digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_REFERENCE
    if isinstance(value, bool) or not plain:
        raise malformed(name, "it must be numeric, with 20 digits at most")
    return digits
