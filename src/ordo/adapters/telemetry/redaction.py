"""Masks what must never be written down, in every log line and every line of the trail."""

from __future__ import annotations

import re
from collections.abc import Mapping

from structlog.typing import EventDict, WrappedLogger

from ordo.domain.sessions import SECRET_NAMES

MASK = "***"

_NAMES = "|".join(re.escape(name) for name in sorted(SECRET_NAMES, key=len, reverse=True))
_PAIR = re.compile(
    rf"""(?i)(?P<name>(?<![\w-])["']?(?:{_NAMES})["']?\s*[=:]\s*)(?P<value>"[^"]*"|'[^']*'|[^\s&,;}}\]]+)"""
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+")
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


def redact_text(text: str) -> str:
    """Mask what is written as `name=value`, as a bearer credential, or as a JSON web token."""
    # Most texts are short words: what can't hold a secret is told by a glance, a hundred times an order.
    if " " in text:
        text = _BEARER.sub(rf"\1 {MASK}", text)
    if "eyJ" in text:
        text = _JWT.sub(MASK, text)
    if "=" in text or ":" in text:
        text = _PAIR.sub(rf"\g<name>{MASK}", text)
    return text


def redact(value: object) -> object:
    """Mask every value under a secret name, however deep, and every secret written inside a text."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {name: MASK if str(name).lower() in SECRET_NAMES else redact(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(inner) for inner in value]
    if isinstance(value, bytes):
        return redact_text(value.decode("utf-8", "replace"))
    return value


def redacting(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The structlog processor: last before rendering, so that nothing is added behind it."""
    return {name: MASK if name.lower() in SECRET_NAMES else redact(value) for name, value in event.items()}
