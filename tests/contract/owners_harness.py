"""What a module in `tests/contract/owners` offers: the port, and gateways that come and go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ordo.ports.owners import Owners


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateways:
    owners: Owners
    join: Callable[[str], Awaitable[None]]
    leave: Callable[[str], Awaitable[None]]
