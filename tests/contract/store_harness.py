"""What a module in `tests/contract/stores` offers: facts and controls, never judgement."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from ordo.ports.idempotency import IdempotencyStore
from ordo.ports.instruments import InstrumentStore
from ordo.ports.journal import Journal
from ordo.ports.safety import SafetyStore
from ordo.ports.sessions import SessionStore
from ordo.ports.tokens import TokenStore
from tests.contract.discovery import harnesses


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """One family of stores, opened over one medium."""

    sessions: SessionStore
    idempotency: IdempotencyStore
    safety: SafetyStore
    journal: Journal
    tokens: TokenStore
    instruments: InstrumentStore  # Made with CATALOGUE and its report, and opened.


class StoreHarness(Protocol):
    DURABLE: bool  # What was written is there after the medium was closed, or its process killed, and opened again.
    SHARED: bool  # The address opens the same medium from another process at the same time.

    def address(self, folder: Path) -> str:
        """Where a new, empty medium is, in words that another process understands."""
        ...

    def opened(self, address: str) -> AbstractAsyncContextManager[Stores]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """One harness at one address."""

    name: str
    address: str

    def opened(self) -> AbstractAsyncContextManager[Stores]:
        return store_harnesses()[self.name].opened(self.address)


def store_harnesses() -> dict[str, StoreHarness]:
    return {name: cast("StoreHarness", module) for name, module in harnesses("stores").items()}
