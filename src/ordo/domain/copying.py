"""Values with some fields changed, at a third of the cost: every order is copied several times on its way."""

from __future__ import annotations

from dataclasses import MISSING, fields
from functools import cache
from types import MemberDescriptorType
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import replace

    _Copy = Callable[[object], object]
    _Put = Callable[[object, object], None]
    _Check = Callable[[object, dict[str, object]], None]
else:
    T = TypeVar("T")

    def replace(value: T, **changes: object) -> T:
        """`dataclasses.replace` for values whose fields are all slots, and asked for by the constructor or else made by
        `__post_init__`.

        The slots are copied past the constructor, and then the invariants are checked again: by `__post_init__`, or by
        `recheck`, which is told the changed fields, where a class knows which invariants those can't break.
        """
        copied, put, check = _ways(type(value))
        copy = copied(value)
        for name, held in changes.items():
            if name not in put:
                raise TypeError(f"{type(value).__name__} has no field {name}")
            put[name](copy, held)
        if check is not None:
            check(copy, changes)
        return copy


@cache
def _ways(kind: type) -> tuple[_Copy, dict[str, _Put], _Check | None]:
    """How a class is copied, how each field is put, and how what has changed is checked."""
    put: dict[str, _Put] = {}
    recheck: _Check | None = getattr(kind, "recheck", None)
    for item in fields(kind):
        if recheck is None and not item.init and item.default is MISSING and item.default_factory is MISSING:
            continue  # Made of the others by `__post_init__`, as it will be in the copy.
        slot = getattr(kind, item.name, None)
        if not item.init or not isinstance(slot, MemberDescriptorType):
            raise TypeError(f"{kind.__name__}.{item.name} can't be copied past the constructor")
        put[item.name] = slot.__set__
    check = _check_all if recheck is None and hasattr(kind, "__post_init__") else recheck
    return _copier(kind, put), put, check


def _copier(kind: type, put: dict[str, _Put]) -> _Copy:
    """A function with one line for each slot, made as `dataclasses` makes constructors: a loop takes twice as long."""
    lines = "".join(f"  put_{name}(copy, value.{name})\n" for name in put)
    scope = {"make": object.__new__, "kind": kind} | {f"put_{name}": one for name, one in put.items()}
    exec(f"def copied(value):\n  copy = make(kind)\n{lines}  return copy", scope)  # noqa: S102  (our own field names)
    return cast("_Copy", scope["copied"])


def _check_all(value: object, _: dict[str, object]) -> None:
    value.__post_init__()  # type: ignore[attr-defined]  # whoever has no such method is not checked


__all__ = ["replace"]
