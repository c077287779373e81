"""The states of circuits in the database, so that they outlive a restart."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

# SQLite's own form of this statement has the same text, but only this one compiles for both.
from sqlalchemy.dialects.postgresql import insert

from ordo.adapters.sql.database import Database
from ordo.adapters.sql.models import DbCircuitBreakerState
from ordo.domain.circuits import CallKind, Circuit, CircuitRecord, CircuitState
from ordo.ports.circuits import CircuitStates

_TABLE = DbCircuitBreakerState.__table__
_OF_CIRCUIT = (_TABLE.c.adapter_id == bindparam("adapter")) & (_TABLE.c.kind == bindparam("call"))
_GET = select(_TABLE).where(_OF_CIRCUIT)
_ALL = select(_TABLE).order_by(_TABLE.c.adapter_id, _TABLE.c.kind)
_ADD = insert(DbCircuitBreakerState).on_conflict_do_nothing().returning(_TABLE.c.adapter_id)
_REPLACE = (
    update(DbCircuitBreakerState)
    .where(
        _OF_CIRCUIT,
        _TABLE.c.state == bindparam("former_state"),
        _TABLE.c.failure_count == bindparam("former_failures"),
        _TABLE.c.last_failure_at.is_not_distinct_from(bindparam("former_failure_at")),
        _TABLE.c.changed_at == bindparam("former_changed_at"),
    )
    .returning(_TABLE.c.adapter_id)
)


class SqlCircuitStates(CircuitStates):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, circuit: Circuit) -> CircuitRecord | None:
        row = await self._database.read(partial(_get, circuit=circuit))
        return None if row is None else _record(row)

    async def replace(self, record: CircuitRecord, *, replacing: CircuitRecord | None) -> bool:
        return await self._database.write(partial(_replace, record=record, replacing=replacing))

    async def all(self) -> tuple[CircuitRecord, ...]:
        return tuple(_record(row) for row in await self._database.read(_all))


def _get(connection: Connection, circuit: Circuit) -> Row[Any] | None:
    return connection.execute(_GET, _named(circuit)).one_or_none()


def _all(connection: Connection) -> list[Row[Any]]:
    return list(connection.execute(_ALL))


def _replace(connection: Connection, record: CircuitRecord, replacing: CircuitRecord | None) -> bool:
    values = {
        "state": record.state.value,
        "failure_count": record.failures,
        "last_failure_at": record.last_failure_at,
        "changed_at": record.changed_at,
    }
    if replacing is None:
        row = {"adapter_id": record.circuit.adapter_id, "kind": record.circuit.kind.value, **values}
        return connection.execute(_ADD, row).one_or_none() is not None
    former = {
        "former_state": replacing.state.value,
        "former_failures": replacing.failures,
        "former_failure_at": replacing.last_failure_at,
        "former_changed_at": replacing.changed_at,
    }
    done = connection.execute(_REPLACE.values(**values), {**_named(record.circuit), **former})
    return done.one_or_none() is not None


def _named(circuit: Circuit) -> dict[str, str]:
    return {"adapter": circuit.adapter_id, "call": circuit.kind.value}


def _record(row: Row[Any]) -> CircuitRecord:
    return CircuitRecord(
        circuit=Circuit(adapter_id=row.adapter_id, kind=CallKind(row.kind)),
        state=CircuitState(row.state),
        failures=row.failure_count,
        last_failure_at=row.last_failure_at,
        changed_at=row.changed_at,
    )
