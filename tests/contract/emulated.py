"""The venue behind an emulated broker: seen past the wire, and made to fail on it."""

from __future__ import annotations

from collections.abc import Mapping

from ordo.domain.errors import ErrorCode
from ordo.testing.contract.harness import BrokerVenue, VenueOrder
from ordo.testing.contract.line import SpoiltLine
from ordo_emulators.exchange import Exchange
from ordo_emulators.faults import Fault, Faults
from tests.support.clock import VirtualClock

NOBODY_THERE = "connection_refused"
"""The one fault that happens on this side."""

_NO_ANSWER_EITHER_WAY = frozenset(
    {
        Fault.DROP_BEFORE_ACCEPT,
        Fault.TIMEOUT_BEFORE_ACCEPT,
        Fault.BAD_GATEWAY_BEFORE_ACCEPT,
        Fault.HTML_AFTER_ACCEPT,
        Fault.EMPTY_AFTER_ACCEPT,
        Fault.CUT_BODY_AFTER_ACCEPT,
        Fault.UNKNOWN_CODE,
    }
)
_ONLY_AFTER_A_WRITE = frozenset({Fault.DROP_AFTER_ACCEPT, Fault.TIMEOUT_AFTER_ACCEPT, Fault.BAD_GATEWAY_AFTER_ACCEPT})
_REACH = frozenset(fault for fault in Fault if fault.endswith("_after_accept")) | {Fault.UNKNOWN_CODE}
_HANG = frozenset({Fault.TIMEOUT_BEFORE_ACCEPT, Fault.TIMEOUT_AFTER_ACCEPT})


class EmulatedVenue(BrokerVenue):
    """An emulator in this process, which the adapter reaches over `line` alone. Together with the emulator's clock,
    `clock` decides what is late.
    """

    write_faults = _NO_ANSWER_EITHER_WAY | _ONLY_AFTER_A_WRITE | {NOBODY_THERE}
    unsent = frozenset({NOBODY_THERE})
    refusals: Mapping[str, ErrorCode] = {
        Fault.RATE_LIMITED: ErrorCode.RATE_LIMITED,
        Fault.EXPIRED_SESSION: ErrorCode.INVALID_SESSION,
    }
    book_faults = frozenset({Fault.LATE_IN_BOOK, Fault.NO_TAG_ECHO})

    def __init__(self, exchange: Exchange, faults: Faults, line: SpoiltLine, clock: VirtualClock) -> None:
        self._exchange = exchange
        self._faults = faults
        self._line = line
        self._clock = clock

    def read_faults(self, operation: str) -> frozenset[str]:  # noqa: ARG002  (all go over the same wire)
        return _NO_ANSWER_EITHER_WAY | {NOBODY_THERE}

    async def orders(self) -> tuple[VenueOrder, ...]:
        found = (self._exchange.find(str(accepted["id"])) for accepted in self._exchange.accepted())
        return tuple(
            VenueOrder(
                tag=order.terms.tag or None,
                broker_order_id=order.id,
                quantity=order.terms.quantity * order.terms.instrument.multiplier,
                filled_quantity=order.filled * order.terms.instrument.multiplier,
                live=not order.status.is_final,
            )
            for order in found
            if order is not None
        )

    async def fault(self, operation: str, fault: str) -> None:
        if fault == NOBODY_THERE:
            self._line.find_nobody()
            return
        if fault in _HANG:
            self._line.hurry()
        self._faults.arm(operation, fault)

    def reached(self, fault: str) -> bool:
        return fault in _REACH

    async def settle(self) -> None:
        await self._clock.advance(60)
