"""The states of circuits, shared by all workers: one hash, with a field a circuit."""

from __future__ import annotations

from typing import Final

from ordo.adapters.moments import from_microseconds, to_microseconds
from ordo.adapters.redis.server import RedisServer, Script
from ordo.domain.circuits import CallKind, Circuit, CircuitRecord, CircuitState
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.ports.circuits import CircuitStates

_WEEK: Final = 604_800

_GET = Script("return redis.call('HGET', P .. 'circuits', ARGV[2])")
_REPLACE = Script(
    """
if (redis.call('HGET', P .. 'circuits', ARGV[2]) or '') ~= ARGV[3] then return 0 end
redis.call('HSET', P .. 'circuits', ARGV[2], ARGV[4])
redis.call('EXPIRE', P .. 'circuits', ARGV[5])
return 1
"""
)
_ALL = Script("return redis.call('HGETALL', P .. 'circuits')")


class RedisCircuitStates(CircuitStates):
    """A circuit that nothing has been heard of for a week is forgotten, and is found out anew."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server

    async def get(self, circuit: Circuit) -> CircuitRecord | None:
        text = await self._server.run(_GET, str(circuit))
        return None if text is None else _record(str(circuit), text)

    async def replace(self, record: CircuitRecord, *, replacing: CircuitRecord | None) -> bool:
        former = "" if replacing is None else _text(replacing)
        return bool(await self._server.run(_REPLACE, str(record.circuit), former, _text(record), _WEEK))

    async def all(self) -> tuple[CircuitRecord, ...]:
        flat = await self._server.run(_ALL)
        records = [_record(name, text) for name, text in zip(flat[::2], flat[1::2], strict=True)]
        return tuple(sorted(records, key=lambda record: record.circuit))


def _text(record: CircuitRecord) -> str:
    last = record.last_failure_at
    moments = ("-" if last is None else to_microseconds(last), to_microseconds(record.changed_at))
    return " ".join(map(str, (record.state.value, record.failures, *moments)))


def _record(name: str, text: str) -> CircuitRecord:
    adapter_id, _, kind = name.rpartition("/")
    try:
        state, failures, last, changed = text.split(" ")
        return CircuitRecord(
            circuit=Circuit(adapter_id=adapter_id, kind=CallKind(kind)),
            state=CircuitState(state),
            failures=int(failures),
            last_failure_at=None if last == "-" else from_microseconds(int(last)),
            changed_at=from_microseconds(int(changed)),
        )
    except ValueError:
        raise Unavailable(
            ErrorCode.STORE_UNAVAILABLE,
            f"The stored state of circuit {name} can't be read: another version of Ordo, or another program, has"
            " written it. Nothing was sent. Give this version a prefix of its own in ORDO_REDIS__PREFIX.",
        ) from None
