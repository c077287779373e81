"""Circuits by purgatory, whose state machine counts and switches; who may enter is decided here.

purgatory by itself lets every caller through a half-open circuit, takes a cancelled call for a failed one, and raises
one and the same exception for every refusal, which then holds on to every traceback. So its machine sees only the calls
that are let in, and of those only what proves something.
"""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from purgatory.domain.model import CLOSED, HALF_OPENED, OPENED, Context
from purgatory.typing import StateName

from ordo.domain.circuits import CallKind, Circuit, CircuitRecord, CircuitState, is_outage, proves_service
from ordo.domain.errors import ErrorCode, NotSent, Unavailable
from ordo.ports.circuits import Circuits, CircuitStates
from ordo.ports.clock import Clock

_TRIES: Final = 8
_MS: Final = 1000
_NAMES: Final[dict[CircuitState, StateName]] = {
    CircuitState.CLOSED: CLOSED,
    CircuitState.OPEN: OPENED,
    CircuitState.HALF_OPEN: HALF_OPENED,
}
_STATES: Final = {name: state for state, name in _NAMES.items()}


class PurgatoryCircuits(Circuits):
    """Opens a circuit after `threshold` failures in a row, and tries it out every `cool`. States are shared by all who
    share their store, and with them the one call that tries.
    """

    def __init__(
        self, states: CircuitStates, clock: Clock, *, threshold: int = 5, cool: timedelta = timedelta(seconds=15)
    ) -> None:
        self._states = states
        self._clock = clock
        self._threshold = threshold
        self._cool = cool

    def guard(self, circuit: Circuit) -> _Guard:
        return _Guard(self, circuit)

    async def standings(self) -> tuple[CircuitRecord, ...]:
        return await self._states.all()

    async def enter(self, circuit: Circuit) -> CircuitRecord | None:
        """The half-open record where this call is the one that tries; `None` where nothing stood in the way."""
        if circuit.kind is CallKind.CANCEL:
            return None
        try:
            record = await self._states.get(circuit)
        except Unavailable as error:
            if circuit.kind is CallKind.READ:
                return None  # To ask a broker that may be away harms nobody.
            raise NotSent(error.code, f"Nothing was sent: {error.message}") from error
        if record is None or record.state is CircuitState.CLOSED:
            return None
        left = self._left(record)
        if left <= timedelta():
            # The cooling is over by Ordo's clock; purgatory, which has another, is told that it is long over.
            context = Context(str(circuit), self._threshold, 0, state=OPENED, opened_at=0.0)
            context.handle_new_request()
            trial = replace(record, state=_STATES[context.state], changed_at=self._clock.now())
            if await self._states.replace(trial, replacing=record):
                return trial
            left = self._cool
        raise NotSent(
            ErrorCode.CIRCUIT_OPEN,
            f"Nothing was sent: {circuit.adapter_id} did not serve {record.failures} calls in a row ({circuit.kind}),"
            f" so Ordo lets it rest and tries again within {left.total_seconds():.0f} s. Cancellations are tried all"
            " the same.",
            broker_id=circuit.adapter_id,
            retry_after_ms=max(1, round(left.total_seconds() * _MS)),
        )

    async def came(self, circuit: Circuit, trial: CircuitRecord | None, error: BaseException | None) -> None:
        """Note what came of a call, which is true whether or not it can be noted."""
        try:
            if error is None or proves_service(error):
                await self._note(circuit, failed=False)
            elif is_outage(error):
                await self._note(circuit, failed=True)
            elif trial is not None:
                # It proved nothing, so that the next call may try at once.
                await self._states.replace(replace(trial, state=CircuitState.OPEN), replacing=trial)
        except Unavailable:
            return

    def _left(self, record: CircuitRecord) -> timedelta:
        """How long nobody may try. A trial that never came back keeps others out for no longer than a failed one."""
        passed = self._clock.now() - record.changed_at
        # A wall clock that was set back must not keep a circuit open for longer than it should be.
        return timedelta() if passed < timedelta() else self._cool - passed

    async def _note(self, circuit: Circuit, *, failed: bool) -> None:
        for _ in range(_TRIES):
            record = await self._states.get(circuit)
            if record is None and not failed:
                return
            after = self._after(circuit, record, failed=failed)
            if after is None or await self._states.replace(after, replacing=record):
                return

    def _after(self, circuit: Circuit, record: CircuitRecord | None, *, failed: bool) -> CircuitRecord | None:
        """The record after one more call; `None` where it stays as it is."""
        state, failures = (CircuitState.CLOSED, 0) if record is None else (record.state, record.failures)
        if state is CircuitState.OPEN and circuit.kind is CallKind.CANCEL:
            state = CircuitState.HALF_OPEN  # Whoever may always try is always a trial.
        if (not failed and not failures) or state is CircuitState.OPEN:
            return None
        context = Context(str(circuit), self._threshold, 0, state=_NAMES[state], failure_count=failures)
        if failed:
            context.handle_exception(_Failure())
        else:
            context.handle_end_request()
        now = self._clock.now()
        return CircuitRecord(
            circuit=circuit,
            state=_STATES[context.state],
            failures=failures + 1 if failed else 0,
            last_failure_at=now if failed or record is None else record.last_failure_at,
            changed_at=now,
        )


class _Guard(AbstractAsyncContextManager[None]):
    """One call: `async with` around it."""

    def __init__(self, circuits: PurgatoryCircuits, circuit: Circuit) -> None:
        self._circuits = circuits
        self._circuit = circuit
        self._trial: CircuitRecord | None = None

    async def __aenter__(self) -> None:
        self._trial = await self._circuits.enter(self._circuit)

    def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> Coroutine[Any, Any, None]:
        return self._circuits.came(self._circuit, self._trial, error)


class _Failure(Exception):
    """What purgatory is told of a failure: it needs an exception, and must hold on to none of Ordo's."""
