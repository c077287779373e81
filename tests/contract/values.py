"""Examples for the stores' suites."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, FieldFault, Outcome
from ordo.domain.idempotency import Failure, Intent, IntentKey, IntentState, Operation
from ordo.domain.instruments import Instrument, InstrumentKey, Kind
from ordo.domain.masters import MasterReport
from ordo.domain.orders import Order, OrderStatus, OrderType, Product, Side
from ordo.domain.sessions import Secret, Session

NOW = datetime(2026, 11, 23, 4, 15, 0, 123_457, tzinfo=UTC)
WEEK = timedelta(days=7)
TICK = timedelta(microseconds=1)
ACCOUNT = Account(adapter_id="paper", account_id="DEMO")
OTHER_ACCOUNT = Account(adapter_id="paper", account_id="DEMO2")

FAILURE = Failure(
    code=ErrorCode.ORDER_REJECTED,
    message="The broker rejected the order: RMS: ₹ limit",
    outcome=Outcome.REFUSED,
    fields=(FieldFault(field="price", message="is outside the band", seen="1.05"),),
    native_error="RMS:Rule",
)


def listed(key: str, token: str, *, kind: Kind = Kind.EQUITY, references: dict[str, str] | None = None) -> Instrument:
    return Instrument(
        key=InstrumentKey.parse(key),
        kind=kind,
        name=f"₹ {key}",
        exchange_token=token,
        lot_size=1,
        tick_size=Decimal("0.05"),
        as_of=NOW.date(),
        references=references or {},
    )


CATALOGUE = (listed("NSE:SBIN", "3045"), listed("NSE:TCS", "11536"))
CATALOGUE_REPORT = MasterReport(name="catalogue", as_of=date(2026, 11, 22), loaded_at=None, rows=2)


def order(number: int = 1, *, account: Account = ACCOUNT, at: datetime = NOW) -> Order:
    return Order(
        instrument=InstrumentKey.parse("NSE:SBIN"),
        side=Side.BUY,
        quantity=10,
        order_type=OrderType.LIMIT,
        product=Product.CNC,
        price=Decimal("800.50"),
        order_id=str(100_000_000_000_000 + number),
        account=account,
        status=OrderStatus.SUBMITTING,
        created_at=at,
        updated_at=at,
    )


def key(text: str = "key-1", *, account: Account = ACCOUNT, operation: Operation = Operation.PLACE) -> IntentKey:
    return IntentKey(principal="tester", account=account, route=str(operation), key=text)


def intent(
    text: str = "key-1",
    number: int = 1,
    *,
    account: Account = ACCOUNT,
    operation: Operation = Operation.PLACE,
    created_at: datetime = NOW,
) -> Intent:
    """An open reservation under a key, for the order of a number."""
    return Intent(
        key=key(text, account=account, operation=operation),
        operation=operation,
        fingerprint="0" * 64,
        order=order(number, account=account, at=created_at),
        state=IntentState.OPEN,
        correlation_id=f"call for {text}",
        owner="gateway-1",
        created_at=created_at,
        expires_at=created_at + WEEK,
    )


def placed(reserved: Intent) -> Intent:
    """The same, settled by a broker's answer."""
    known = replace(
        reserved.order,
        status=OrderStatus.ACKNOWLEDGED,
        broker_order_id="B-1",
        updated_at=reserved.order.updated_at + TICK,
    )
    return replace(reserved, state=IntentState.DONE, order=known, answer=known)


def lost(reserved: Intent) -> Intent:
    """The same, its answer lost."""
    unknown = reserved.order.moved(OrderStatus.UNKNOWN, at=reserved.order.updated_at + TICK, message="no answer")
    return replace(reserved, state=IntentState.UNKNOWN, order=unknown)


def session(token: str = "access-canary", *, account: Account = ACCOUNT, refresh: str | None = None) -> Session:
    return Session(
        account=account,
        access_token=Secret(token),
        refresh_token=None if refresh is None else Secret(refresh),
        issued_at=NOW,
        expires_at=NOW + timedelta(hours=8),
        metadata={"name": "Ünï ₹", "empty": ""},
    )
