"""The states of circuits for as long as this process runs."""

from __future__ import annotations

from ordo.domain.circuits import Circuit, CircuitRecord
from ordo.ports.circuits import CircuitStates


class MemoryCircuitStates(CircuitStates):
    """For one event loop. A restart closes every circuit, and its first calls find out."""

    def __init__(self) -> None:
        self._records: dict[Circuit, CircuitRecord] = {}

    async def get(self, circuit: Circuit) -> CircuitRecord | None:
        return self._records.get(circuit)

    async def replace(self, record: CircuitRecord, *, replacing: CircuitRecord | None) -> bool:
        if self._records.get(record.circuit) != replacing:
            return False
        self._records[record.circuit] = record
        return True

    async def all(self) -> tuple[CircuitRecord, ...]:
        return tuple(self._records[circuit] for circuit in sorted(self._records))
