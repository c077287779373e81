"""Masks what must never be written down, in every log line and every line of the trail."""

from __future__ import annotations

from collections.abc import Mapping

from structlog.typing import EventDict, WrappedLogger

from ordo.domain.secrecy import MASK, SECRET_NAMES, redact_text


def redact(value: object) -> object:
    """Mask every value under a secret name, however deep, and every secret written inside a text."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {
            name: MASK
            if str(name).lower() in SECRET_NAMES
            else redact_text(inner)
            if isinstance(inner, str)
            else redact(inner)
            for name, inner in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(inner) for inner in value]
    if isinstance(value, bytes):
        return redact_text(value.decode("utf-8", "replace"))
    return value


def redacting(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The structlog processor: last before rendering, so that nothing is added behind it."""
    return {name: MASK if name.lower() in SECRET_NAMES else redact(value) for name, value in event.items()}
