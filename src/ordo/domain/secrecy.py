"""What must never be shown or written down, and how it is found in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

MASK = "***"
"""What stands in place of a secret."""

SECRET_NAMES = frozenset(
    {
        "access_token", "accesstoken", "answers", "api_key", "api_secret", "apisecret", "app_secret", "appidhash",
        "auth_code", "authorization", "code_verifier", "cookie", "jwt", "master_key", "master_keys", "otp", "pan",
        "passwd", "password", "pin", "redirect_url", "refresh_token", "refreshtoken", "request_token", "requesttoken",
        "secret", "secret_key", "set-cookie", "token", "totp", "x-api-key",
    }
)  # fmt: skip
"""The one list of names under which secrets travel, in lower case. What stands under one is never shown or kept."""

_NAMES = "|".join(re.escape(name) for name in sorted(SECRET_NAMES, key=len, reverse=True))
_PAIR = re.compile(
    rf"""(?i)(?P<name>(?:(?<![\w-])|(?<=%[0-9a-f]{{2}}))["']?(?:{_NAMES})\\*["']?\s*(?:[=:]|%3[ad])\s*)"""
    r"""(?P<value>"[^"]*"|'[^']*'|[^\s&,;}\]]+)"""
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+")
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_OWN = re.compile(r"\bordo_(paper|live)_([0-9a-f]{12})_[A-Za-z0-9_-]+")


_HARMLESS: set[str] = set()
_MOST_HARMLESS = 4096
_SHORT = 64


def redact_text(text: str) -> str:
    """Mask what is written as `name=value`, percent-encoded or not, as a bearer credential, as a JSON web token, or as
    a token of Ordo's own, of which the id stays.
    """
    # What has been looked at and holds none, such as the name of an instrument, need not be looked at again.
    if text in _HARMLESS or _is_plain(text):
        return text
    found = text
    if " " in found or not found.isprintable():
        found = _BEARER.sub(rf"\1 {MASK}", found)
    if "eyJ" in found:
        found = _JWT.sub(MASK, found)
    if "ordo_" in found:
        found = _OWN.sub(rf"ordo_\1_\2_{MASK}", found)
    if "=" in found or ":" in found or "%3" in found:
        found = _PAIR.sub(rf"\g<name>{MASK}", found)
        if found == text and len(text) <= _SHORT:
            if len(_HARMLESS) >= _MOST_HARMLESS:
                _HARMLESS.clear()
            _HARMLESS.add(text)
    return found


def is_harmless(names: Iterable[str], texts: Iterable[str]) -> bool:
    """Whether nothing is to be masked in texts that stand under these names, told by one glance at all of them; `False`
    where that takes a closer look at each.
    """
    return _is_plain(",".join([text for text in texts if text not in _HARMLESS])) and _are_open(tuple(names))


def _is_plain(text: str) -> bool:
    """Whether a text has nothing of what every secret that is known by its form has. No mark holds a comma, so that
    texts are plain together where each of them is. Of what parts words, only a blank is printable.
    """
    return text.isprintable() and not (
        ":" in text or "=" in text or " " in text or "%3" in text or "eyJ" in text or "ordo_" in text
    )


@lru_cache(maxsize=256)
def _are_open(names: tuple[str, ...]) -> bool:
    """Whether none of these is the name of a secret. Few lists of names are ever asked for."""
    return SECRET_NAMES.isdisjoint(map(str.lower, names))


def without(text: str, secrets: Iterable[str]) -> str:
    """Mask these very texts wherever they stand, and whatever `redact_text` knows by its form: for the words of
    somebody who was sent them, and may repeat them.
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return redact_text(text)
