"""Ordo: one safe door to every Indian stock broker."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ordo.entrypoints.embedded import open_gateway as open_gateway

__all__ = ["open_gateway"]


def __getattr__(name: str) -> object:
    # Resolved on first use, so that `import ordo.domain` loads neither pydantic nor SQLAlchemy.
    if name == "open_gateway":
        from ordo.entrypoints.embedded import open_gateway

        return open_gateway
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
