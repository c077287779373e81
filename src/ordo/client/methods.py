"""Calls as methods. A call is written once, as a function that builds it; here it becomes a method of either client,
with the same name, signature and text.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, Self, TypeVar, overload

from ordo.client.conversation import Call
from ordo.client.transport import AwaitingWire, BlockingWire

P = ParamSpec("P")
T_co = TypeVar("T_co", covariant=True)


class Blocking:
    """Whatever has blocking methods: the client and its parts."""

    def __init__(self, wire: BlockingWire) -> None:
        self._wire = wire


class Awaiting:
    """Whatever has awaiting methods."""

    def __init__(self, wire: AwaitingWire) -> None:
        self._wire = wire


class blocking(Generic[P, T_co]):  # noqa: N801  (used like a function)
    """Makes a blocking method of a call."""

    def __init__(self, build: Callable[P, Call[T_co]]) -> None:
        self.build = build

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: Blocking, owner: type) -> Callable[P, T_co]: ...

    def __get__(self, instance: Blocking | None, owner: type) -> Self | Callable[P, T_co]:
        if instance is None:
            return self
        wire, build = instance._wire, self.build  # noqa: SLF001  (the other half of the same class)

        def method(*args: P.args, **kwargs: P.kwargs) -> T_co:
            return wire.carry_out(build(*args, **kwargs))

        return update_wrapper(method, build)


class awaiting(Generic[P, T_co]):  # noqa: N801
    """Makes an awaiting method of a call."""

    def __init__(self, build: Callable[P, Call[T_co]]) -> None:
        self.build = build

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, T_co]]: ...

    def __get__(self, instance: Awaiting | None, owner: type) -> Self | Callable[P, Coroutine[Any, Any, T_co]]:
        if instance is None:
            return self
        wire, build = instance._wire, self.build  # noqa: SLF001

        async def method(*args: P.args, **kwargs: P.kwargs) -> T_co:
            return await wire.carry_out(build(*args, **kwargs))

        return update_wrapper(method, build)
