"""Which function answers which method and path."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Routes(Generic[T]):
    """Paths are literal, or have one segment in braces, which stands for any but an empty one: `/orders/{id}/sync`."""

    def __init__(self) -> None:
        self._literal: dict[tuple[str, str], T] = {}
        self._open: list[tuple[str, tuple[str, ...], T]] = []

    def add(self, method: str, path: str, value: T) -> None:
        if "{" in path:
            self._open.append((method, tuple(path.split("/")), value))
        else:
            self._literal[method, path] = value

    def on(self, method: str, path: str) -> Callable[[T], T]:
        """`add`, as a decorator."""

        def register(value: T) -> T:
            self.add(method, path, value)
            return value

        return register

    def find(self, method: str, path: str) -> tuple[T, tuple[str, ...]] | None:
        """The value and what stood in the braces, or None."""
        found = self._literal.get((method, path))
        if found is not None:
            return found, ()
        segments = path.split("/")
        for known, template, value in self._open:
            if known == method and len(template) == len(segments):
                pairs = list(zip(template, segments, strict=True))
                if all(b if a.startswith("{") else a == b for a, b in pairs):
                    return value, tuple(b for a, b in pairs if a.startswith("{"))
        return None
