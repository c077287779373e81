"""What a module in `budgets`, `circuit_states` or `caches` offers: facts and controls, never judgement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ordo.ports.budget import OrderBudget
from ordo.ports.cache import PortfolioCache
from ordo.ports.circuits import CircuitStates

PassTime = Callable[[float], Awaitable[None]]
"""Lets so many seconds pass for the implementation, however it tells the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUnderTest:
    budget: OrderBudget
    pass_time: PassTime


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheUnderTest:
    cache: PortfolioCache
    pass_time: PassTime


class BudgetHarness(Protocol):
    def opened(self, folder: Path) -> AbstractAsyncContextManager[BudgetUnderTest]: ...


class CacheHarness(Protocol):
    def opened(self, folder: Path) -> AbstractAsyncContextManager[CacheUnderTest]: ...


class CircuitStatesHarness(Protocol):
    def opened(self, folder: Path) -> AbstractAsyncContextManager[CircuitStates]: ...
