"""Values made and copied in about half the time: an order is several values on its way, and is copied again and again.

A frozen value lets nobody set a field, so the constructor that `dataclasses` writes goes a long way round for each of
them. Here the slots are put directly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import cache
from types import MemberDescriptorType
from typing import TYPE_CHECKING, TypeVar, cast

T = TypeVar("T")
_Copy = Callable[[object], object]
_Put = Callable[[object, object], None]
_Check = Callable[[object, dict[str, object]], None]

if TYPE_CHECKING:
    from dataclasses import replace
else:

    def replace(value: T, **changes: object) -> T:
        """`dataclasses.replace` for values whose fields are all slots and all asked for by the constructor.

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


def quick(kind: type[T]) -> type[T]:
    """Give a class of frozen values with slots, all named by keyword, a constructor that does the same in less time.

    For the values of which every order needs some.
    """
    asked, lines, scope = [], [], dict[str, object](absent=MISSING)
    puts = _puts(kind)
    for item in fields(kind):  # type: ignore[arg-type]  # only decorates dataclasses
        name, value = item.name, item.name
        scope |= {f"put_{name}": puts[name], f"default_{name}": item.default, f"make_{name}": item.default_factory}
        if item.default_factory is not MISSING:
            asked.append(f"{name}=absent")
            value = f"make_{name}() if {name} is absent else {name}"
        else:
            asked.append(name if item.default is MISSING else f"{name}=default_{name}")
        lines.append(f"put_{name}(self, {value})")
    if hasattr(kind, "__post_init__"):
        lines.append("self.__post_init__()")
    made = _written(f"__init__(self, *, {', '.join(asked)})", lines, scope)
    made.__annotations__, made.__qualname__ = kind.__init__.__annotations__, f"{kind.__qualname__}.__init__"
    type.__setattr__(kind, "__init__", made)
    return kind


@cache
def _ways(kind: type) -> tuple[_Copy, dict[str, _Put], _Check | None]:
    """How a class is copied, how each field is put, and how what has changed is checked."""
    puts = _puts(kind)
    scope = {"make": object.__new__, "kind": kind} | {f"put_{name}": put for name, put in puts.items()}
    lines = ["copy = make(kind)", *(f"put_{name}(copy, value.{name})" for name in puts), "return copy"]
    check: _Check | None = getattr(kind, "recheck", None)
    if check is None and hasattr(kind, "__post_init__"):
        check = _check_all
    return _written("copied(value)", lines, scope), puts, check


def _puts(kind: type) -> dict[str, _Put]:
    """How each field of a class is put."""
    puts: dict[str, _Put] = {}
    for item in fields(kind):
        slot = getattr(kind, item.name, None)
        if not item.init or not isinstance(slot, MemberDescriptorType):
            raise TypeError(f"{kind.__name__}.{item.name} can't be put past the constructor")
        puts[item.name] = slot.__set__
    return puts


def _written(head: str, lines: list[str], scope: dict[str, object]) -> Callable[..., object]:
    """A function written out with a line for each field, as `dataclasses` does it: a loop would take twice as long."""
    exec(f"def {head}:\n  " + "\n  ".join(lines), scope)  # noqa: S102  (of names of fields, which are ours)
    return cast("Callable[..., object]", scope[head.partition("(")[0]])


def _check_all(value: object, _: dict[str, object]) -> None:
    value.__post_init__()  # type: ignore[attr-defined]  # whoever has no such method is not checked


__all__ = ["quick", "replace"]
