"""Values of the domain as JSON text: decimals as strings, times with their offset from UTC (whole minutes, as in
RFC 3339). What was written reads back equal.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.idempotency import Failure
from ordo.domain.orders import ModifyOrder, Order

T = TypeVar("T")


class Document(Generic[T]):
    """Reads and writes one kind of value. Raises `Unavailable` (`STORE_UNAVAILABLE`), and names no content."""

    def __init__(self, name: str, adapter: TypeAdapter[T], *, without: frozenset[str] = frozenset()) -> None:
        self._name = name
        self._adapter = adapter
        self._without = set(without) or None

    def dump(self, value: T) -> str:
        try:
            return self._adapter.dump_json(value, exclude=self._without).decode()
        except PydanticSerializationError:
            raise Unavailable(
                ErrorCode.STORE_UNAVAILABLE,
                f"The {self._name} was not written down: it holds text that is not valid Unicode.",
            ) from None

    def load(self, text: str) -> T:
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            faults = ", ".join(
                f"{'.'.join(map(str, fault['loc'])) or 'text'} ({fault['type']})" for fault in error.errors()
            )
            raise Unavailable(
                ErrorCode.STORE_UNAVAILABLE,
                f"A stored {self._name} can't be read: {faults}. Nothing was sent by this call. It was altered, or"
                " written by another version of Ordo; run that version, or restore the database from a backup.",
            ) from None


ORDER = Document("order", TypeAdapter(Order), without=frozenset({"replayed"}))
CHANGE = Document("modification", TypeAdapter(ModifyOrder))
FAILURE = Document("failure", TypeAdapter(Failure))
METADATA = Document("session metadata", TypeAdapter(dict[str, str]))
