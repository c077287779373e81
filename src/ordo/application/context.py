"""Who asks, and under which name the request can be found again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

OWNER = "owner"
"""The account holder: the principal of the single bearer token and of direct use alike, so that they share
their keys.
"""


def new_correlation_id() -> str:
    """32 hexadecimal digits that no other request has."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The caller of a use case. Without one, the use case runs for the owner under a new correlation id."""

    principal: str = OWNER
    correlation_id: str = field(default_factory=new_correlation_id)
