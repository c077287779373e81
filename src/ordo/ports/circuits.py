"""Circuits, entered by the application around every call to a broker."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from ordo.domain.circuits import Circuit, CircuitRecord


class Circuits(Protocol):
    """Refuses calls of a kind that has failed too often in a row, and lets one through now and then to find out.

    Only what `is_outage` says counts as a failure. A call that is cancelled, or that broke for another reason, proves
    nothing either way; a refusal proves that the broker serves. Calls of kind `CANCEL` are never refused. Where nobody
    can say how a circuit stands, orders are refused (`NotSent`, `STORE_UNAVAILABLE`) and reads are not; and what came
    of a call is told whether or not it can be noted.
    """

    @abstractmethod
    def guard(self, circuit: Circuit) -> AbstractAsyncContextManager[None]:
        """Enter around one call. Raises `NotSent` (`CIRCUIT_OPEN`, with `retry_after_ms`) while the circuit is open,
        and while another call tries it out.
        """

    @abstractmethod
    async def standings(self) -> tuple[CircuitRecord, ...]:
        """Every circuit that was ever entered, in order."""


class CircuitStates(Protocol):
    """Where the states of circuits are kept. Failure: `Unavailable` (`STORE_UNAVAILABLE`)."""

    @abstractmethod
    async def get(self, circuit: Circuit) -> CircuitRecord | None:
        """How a circuit stands, or `None` where nothing has failed yet."""

    @abstractmethod
    async def replace(self, record: CircuitRecord, *, replacing: CircuitRecord | None) -> bool:
        """Write a record in the place of exactly that one (`None`: of none); `False`, and nothing is written, where
        another stands there now. Atomic across every task and process that shares the store.
        """

    @abstractmethod
    async def all(self) -> tuple[CircuitRecord, ...]:
        """Every record, in the order of its circuits."""
