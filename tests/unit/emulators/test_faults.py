import pytest

from ordo_emulators.faults import WRITES, Fault, FaultRefused, Faults, Operation, Taken, disturbed, sensible
from ordo_emulators.server import Delivery, Response, json_response

READS = frozenset(Operation) - WRITES - {Operation.LOGIN}


def test_what_makes_sense_where() -> None:
    assert sensible(Operation.PLACE) == frozenset(Fault)
    for write in (Operation.MODIFY, Operation.CANCEL):
        assert frozenset(Fault) - sensible(write) == {Fault.LATE_IN_BOOK, Fault.NO_TAG_ECHO}
    for read in READS:
        assert Fault.HTML_AFTER_ACCEPT in sensible(read)
        assert Fault.DROP_BEFORE_ACCEPT in sensible(read)
        for senseless in (Fault.DROP_AFTER_ACCEPT, Fault.TIMEOUT_AFTER_ACCEPT, Fault.LATE_IN_BOOK):
            assert senseless not in sensible(read)
    assert {read for read in READS if Fault.NO_TAG_ECHO in sensible(read)} == {Operation.ORDERS}
    assert Fault.EXPIRED_SESSION not in sensible(Operation.LOGIN)


@pytest.mark.parametrize(
    ("operation", "fault", "times", "reason"),
    [
        ("plaec", "drop_before_accept", 1, "unknown operation 'plaec'"),
        ("place", "drop", 1, "unknown fault 'drop'"),
        ("quotes", "drop_after_accept", 1, "makes no sense on quotes"),
        ("place", "drop_before_accept", 0, "at least 1"),
    ],
)
def test_what_can_not_be_armed(operation: str, fault: str, times: int, reason: str) -> None:
    faults = Faults()
    with pytest.raises(FaultRefused, match=reason):
        faults.arm(operation, fault, times)
    assert faults.armed() == []


def test_a_fault_strikes_as_often_as_asked_and_only_its_operation() -> None:
    faults = Faults()
    faults.arm("place", "unknown_code", 2)
    assert faults.take(Operation.CANCEL) == Taken()
    strikes = [faults.take(Operation.PLACE).answer for _ in range(3)]
    assert strikes == [Fault.UNKNOWN_CODE, Fault.UNKNOWN_CODE, None]


def test_faults_of_the_answer_come_one_by_one_and_those_of_the_book_with_them() -> None:
    faults = Faults()
    faults.arm("place", "drop_after_accept")
    faults.arm("place", "late_in_book")
    faults.arm("place", "html_after_accept")
    faults.arm("place", "no_tag_echo", 2)
    assert faults.take(Operation.PLACE) == Taken(answer=Fault.DROP_AFTER_ACCEPT, late_in_book=True, no_tag_echo=True)
    assert faults.take(Operation.PLACE) == Taken(answer=Fault.HTML_AFTER_ACCEPT, no_tag_echo=True)
    assert faults.take(Operation.PLACE) == Taken()


def test_cleared_faults_strike_nobody() -> None:
    faults = Faults()
    faults.arm("place", "unknown_code")
    faults.clear()
    assert faults.take(Operation.PLACE) == Taken()


ANSWER = json_response({"s": "ok"})
NATIVE = json_response({"s": "error"})

BEFORE = {
    Fault.DROP_BEFORE_ACCEPT: Delivery.DROP,
    Fault.TIMEOUT_BEFORE_ACCEPT: Delivery.HANG,
    Fault.BAD_GATEWAY_BEFORE_ACCEPT: Delivery.WHOLE,
    Fault.RATE_LIMITED: Delivery.WHOLE,
    Fault.EXPIRED_SESSION: Delivery.WHOLE,
}
AFTER = {
    Fault.DROP_AFTER_ACCEPT: Delivery.DROP,
    Fault.TIMEOUT_AFTER_ACCEPT: Delivery.HANG,
    Fault.BAD_GATEWAY_AFTER_ACCEPT: Delivery.WHOLE,
    Fault.HTML_AFTER_ACCEPT: Delivery.WHOLE,
    Fault.EMPTY_AFTER_ACCEPT: Delivery.WHOLE,
    Fault.CUT_BODY_AFTER_ACCEPT: Delivery.CUT,
    Fault.UNKNOWN_CODE: Delivery.WHOLE,
}


def test_every_fault_comes_before_or_after_acceptance_or_changes_only_the_book() -> None:
    assert BEFORE.keys() | AFTER.keys() == frozenset(Fault) - {Fault.LATE_IN_BOOK, Fault.NO_TAG_ECHO}


@pytest.mark.parametrize("fault", [None, *BEFORE, *AFTER])
def test_a_fault_accepts_or_not_and_never_twice(fault: Fault | None) -> None:
    accepted = []

    def act() -> Response:
        accepted.append(1)
        return ANSWER

    answer = disturbed(fault, act, lambda _: NATIVE)
    assert len(accepted) == (0 if fault in BEFORE else 1)
    assert answer.delivery is (Delivery.WHOLE if fault is None else (BEFORE | AFTER)[fault])
    assert (answer == ANSWER) == (fault is None)
