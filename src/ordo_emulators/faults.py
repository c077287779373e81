"""Faults on request: which exist, where each makes sense, and what it does to an answer.

Two kinds are armed side by side. A fault of the answer disturbs how one request is answered; a fault of the book
changes how the order that was accepted by that request appears later. One request takes at most one fault of the
answer, and with it each fault of the book, so that a lost answer and a late appearance can meet on the same order.
Within a kind the order of arming counts.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ordo_emulators.server import DROPPED, HUNG, Delivery, Response, html_response


class Operation(StrEnum):
    PLACE = "place"
    MODIFY = "modify"
    CANCEL = "cancel"
    ORDERS = "orders"
    POSITIONS = "positions"
    HOLDINGS = "holdings"
    FUNDS = "funds"
    TRADES = "trades"
    QUOTES = "quotes"
    LOGIN = "login"


class Fault(StrEnum):
    DROP_BEFORE_ACCEPT = "drop_before_accept"
    DROP_AFTER_ACCEPT = "drop_after_accept"
    TIMEOUT_BEFORE_ACCEPT = "timeout_before_accept"
    TIMEOUT_AFTER_ACCEPT = "timeout_after_accept"
    BAD_GATEWAY_BEFORE_ACCEPT = "bad_gateway_before_accept"
    BAD_GATEWAY_AFTER_ACCEPT = "bad_gateway_after_accept"
    HTML_AFTER_ACCEPT = "html_after_accept"
    EMPTY_AFTER_ACCEPT = "empty_after_accept"
    CUT_BODY_AFTER_ACCEPT = "cut_body_after_accept"
    UNKNOWN_CODE = "unknown_code"
    """The request is accepted and answered with an error code that stands in no document: the worst case."""
    RATE_LIMITED = "rate_limited"
    """Not accepted."""
    EXPIRED_SESSION = "expired_session"
    """Not accepted; the session itself stays alive."""
    LATE_IN_BOOK = "late_in_book"
    """Accepted and answered as usual, but the books show the order only some seconds later."""
    NO_TAG_ECHO = "no_tag_echo"
    """Accepted and answered as usual, but the books never show the order's tag, nor find it by its tag. Armed on
    `orders`: that one reading of the book shows no tags at all."""


WRITES: Final = frozenset({Operation.PLACE, Operation.MODIFY, Operation.CANCEL})
_OF_THE_BOOK: Final = frozenset({Fault.LATE_IN_BOOK, Fault.NO_TAG_ECHO})
_OF_THE_ANSWER: Final = frozenset(Fault) - _OF_THE_BOOK
# A read accepts nothing, so what has a twin "before" makes no sense "after". An HTML page, an empty body and a cut body
# have no twin and make sense on any answer.
_ON_READS: Final = _OF_THE_ANSWER - {
    Fault.DROP_AFTER_ACCEPT,
    Fault.TIMEOUT_AFTER_ACCEPT,
    Fault.BAD_GATEWAY_AFTER_ACCEPT,
}


def sensible(operation: Operation) -> frozenset[Fault]:
    """The faults that can be armed on an operation."""
    if operation is Operation.PLACE:
        return frozenset(Fault)
    if operation in WRITES:
        return _OF_THE_ANSWER
    if operation is Operation.LOGIN:
        # What is accepted is the one-time code; and before the login there is no session to expire.
        return _OF_THE_ANSWER - {Fault.EXPIRED_SESSION}
    return _ON_READS | {Fault.NO_TAG_ECHO} if operation is Operation.ORDERS else _ON_READS


class FaultRefused(ValueError):
    """The fault can't be armed; the text says why."""


@dataclass(slots=True)
class Armed:
    operation: Operation
    fault: Fault
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one request has to suffer."""

    answer: Fault | None = None
    late_in_book: bool = False
    no_tag_echo: bool = False


class Faults:
    """The armed faults of one emulator."""

    def __init__(self) -> None:
        self._armed: list[Armed] = []

    def arm(self, operation: str, fault: str, times: int = 1) -> None:
        """`times` is the number of requests it strikes, at least 1. FaultRefused with the reason."""
        if operation not in frozenset(Operation):
            raise FaultRefused(f"unknown operation {operation!r}: one of {', '.join(Operation)}")
        if fault not in frozenset(Fault):
            raise FaultRefused(f"unknown fault {fault!r}: one of {', '.join(Fault)}")
        where, what = Operation(operation), Fault(fault)
        if what not in sensible(where):
            raise FaultRefused(f"{what} makes no sense on {where}: one of {', '.join(sorted(sensible(where)))}")
        if times < 1:
            raise FaultRefused("times must be at least 1")
        self._armed.append(Armed(where, what, times))

    def clear(self) -> None:
        self._armed.clear()

    def armed(self) -> list[dict[str, object]]:
        return [{"operation": a.operation, "fault": a.fault, "times": a.times} for a in self._armed]

    def take(self, operation: Operation) -> Taken:
        """Uses up what the next request to the operation has to suffer."""
        if not self._armed:
            return Taken()
        answer = self._first(operation, _OF_THE_ANSWER)
        return Taken(
            answer=answer,
            late_in_book=self._first(operation, frozenset({Fault.LATE_IN_BOOK})) is not None,
            no_tag_echo=self._first(operation, frozenset({Fault.NO_TAG_ECHO})) is not None,
        )

    def _first(self, operation: Operation, among: frozenset[Fault]) -> Fault | None:
        for armed in self._armed:
            if armed.operation is operation and armed.fault in among:
                armed.times -= 1
                if armed.times == 0:
                    self._armed.remove(armed)
                return armed.fault
        return None


BAD_GATEWAY: Final = html_response("502 Bad Gateway", status=502)

_BEFORE: Final = {
    Fault.DROP_BEFORE_ACCEPT: DROPPED,
    Fault.TIMEOUT_BEFORE_ACCEPT: HUNG,
    Fault.BAD_GATEWAY_BEFORE_ACCEPT: BAD_GATEWAY,
}
_AFTER: Final = {
    Fault.DROP_AFTER_ACCEPT: DROPPED,
    Fault.TIMEOUT_AFTER_ACCEPT: HUNG,
    Fault.BAD_GATEWAY_AFTER_ACCEPT: BAD_GATEWAY,
    Fault.HTML_AFTER_ACCEPT: html_response("Please wait while your request is being verified"),
    Fault.EMPTY_AFTER_ACCEPT: Response(),
}


def disturbed(fault: Fault | None, act: Callable[[], Response], native: Callable[[Fault], Response]) -> Response:
    """The answer to a request under a fault of the answer.

    `act` does what was asked and answers as usual; it is called at most once, and not at all under a fault that comes
    before acceptance. `native` gives the broker's own words for RATE_LIMITED, EXPIRED_SESSION and UNKNOWN_CODE.
    """
    if fault in _BEFORE:
        return _BEFORE[fault]
    if fault is Fault.RATE_LIMITED or fault is Fault.EXPIRED_SESSION:
        return native(fault)
    answer = act()
    if fault is Fault.UNKNOWN_CODE:
        return native(fault)
    if fault is Fault.CUT_BODY_AFTER_ACCEPT:
        return replace(answer, delivery=Delivery.CUT)
    return answer if fault is None else _AFTER[fault]
