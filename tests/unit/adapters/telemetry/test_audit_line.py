"""A line of the trail, byte by byte: what stands in it, in which order and form, and what is masked."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordo.adapters.telemetry.audit import FileAuditLog
from ordo.adapters.telemetry.redaction import redact
from ordo.application.context import Context
from ordo.application.trail import Trail
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditEvent, AuditKind
from ordo.domain.calendar import IST
from ordo.domain.copying import replace
from ordo.domain.errors import ErrorCode, Refused
from ordo.domain.orders import Order, OrderStatus
from ordo.domain.secrecy import SECRET_NAMES, is_harmless, redact_text
from tests.support.clock import MONDAY_MORNING, VirtualClock
from tests.support.orders import ACCOUNT, BUY_TEN

_AT = MONDAY_MORNING
_MADE = re.compile("token:[0-9a-f]{12}")


@pytest.fixture(scope="module")
def log() -> Iterator[FileAuditLog]:
    with tempfile.TemporaryDirectory() as folder:
        log = FileAuditLog(Path(folder))
        log.open()
        yield log
        log.close()


def appended(log: FileAuditLog, event: AuditEvent) -> tuple[str, bytes]:
    """The digest of the line before that of an event, and that line."""
    log.append(replace(event, kind=AuditKind.GATEWAY_STARTED, facts={}))
    log.append(event)
    *_, before, line = log.path.read_bytes().splitlines(keepends=True)
    return str(orjson.loads(before)["hash"]), line


marks = ["=", ":", " ", "\n", '"', "Bearer ", "basic\t", "eyJa", ".b", ".c", "ordo_live_", "0123456789ab", "_x", "₹"]
words = st.lists(
    st.sampled_from([*marks, *sorted(SECRET_NAMES), "PIN", "canary", "NSE:SBIN", "800.05"]) | st.text(max_size=3),
    max_size=6,
).map("".join)
names = st.sampled_from(["instrument", "price", "message", "PIN", "Api_Key", *sorted(SECRET_NAMES)])
moments = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  (given here)


@given(
    event=st.builds(
        AuditEvent,
        kind=st.sampled_from(AuditKind),
        at=moments | moments.map(lambda moment: moment.replace(microsecond=0)),
        actor=words,
        correlation_id=words,
        account=st.sampled_from([None, ACCOUNT, Account.parse("fyers/ordo_live_0123456789ab_canary")]),
        order_id=st.none() | words,
        facts=st.dictionaries(names | st.text(max_size=3), words, max_size=4),
    )
)
def test_a_line_is_what_was_said_masked_text_by_text(log: FileAuditLog, event: AuditEvent) -> None:
    seq = log._head.last.seq + 2
    before, line = appended(log, event)
    body = orjson.dumps(
        {
            "seq": seq,
            "event": event.kind.value,
            "at": event.at.astimezone(IST).isoformat(),
            "actor": event.actor if _MADE.fullmatch(event.actor) else redact(event.actor),
            "correlation_id": redact(event.correlation_id),
            "account": redact(None if event.account is None else str(event.account)),
            "order_id": redact(event.order_id),
            "facts": redact(event.facts),
            "prev": before,
        }
    )[:-1]
    assert line == body + f',"hash":"{sha256(body).hexdigest()}"}}\n'.encode()


@given(facts=st.dictionaries(names | words, words, max_size=4))
def test_what_is_passed_at_a_glance_has_nothing_to_mask(facts: dict[str, str]) -> None:
    if is_harmless(facts, facts.values()):
        assert redact(facts) == facts
        assert all(redact_text(text) == text for text in facts.values())


def test_the_usual_line_is_passed_at_a_glance() -> None:
    facts = {"instrument": "NSE:SBIN:EQ", "side": "BUY", "price": "800.05", "broker_order_id": "26112300001"}
    redact(facts)  # The names of instruments are looked at once.
    assert is_harmless(facts, ("owner", "373000000000001", *facts.values()))
    assert not is_harmless({"pin": "1"}, ["1"])
    assert not is_harmless({"PIN": "1"}, ["1"])


@pytest.mark.parametrize(
    ("principal", "actor"),
    [
        ("token:0123456789ab", "token:0123456789ab"),
        ("token:0123456789ab7", "token:***"),
        ("token:0123456789AB", "token:***"),
        ("token:canary", "token:***"),
        ("api_key=0123456789ab", "api_key=***"),
    ],
)
def test_the_trail_names_the_made_token_that_asked_and_no_secret(log: FileAuditLog, principal: str, actor: str) -> None:
    asked = AuditEvent(kind=AuditKind.ORDER_RECEIVED, at=_AT, actor=principal, correlation_id="c-1")
    said = orjson.loads(appended(log, asked)[1])
    assert said["actor"] == actor
    message = replace(asked, actor="owner", facts={"message": principal})
    assert principal not in str(orjson.loads(appended(log, message)[1])["facts"])


def test_the_lines_of_an_order_are_what_they_were(tmp_path: Path) -> None:
    log, clock = FileAuditLog(tmp_path), VirtualClock()
    log.open()
    trail = Trail(log, clock)
    context = Context(principal="owner", correlation_id="c-1")
    received = Order.received(BUY_TEN, order_id="373000000000001", account=ACCOUNT, at=_AT)
    submitting = received.moved(OrderStatus.SUBMITTING, at=_AT)
    placed = replace(submitting.moved(OrderStatus.ACKNOWLEDGED, at=_AT), broker_order_id="26112300001")
    trail.order(AuditKind.ORDER_RECEIVED, context, received)
    trail.order(AuditKind.ORDER_SUBMITTED, context, submitting)
    trail.told(AuditKind.ORDER_PLACED, context, placed)
    error = Refused(ErrorCode.INSUFFICIENT_FUNDS, "Add money.", native_error="-50: pin=1234 is short")
    trail.told(AuditKind.ORDER_REFUSED, context, submitting.moved(OrderStatus.REJECTED, at=_AT), error)
    log.close()
    assert log.path.read_bytes() == Path(__file__).with_name("trail.jsonl").read_bytes()
