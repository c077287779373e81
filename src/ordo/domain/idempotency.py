"""One intent, one effect: the record is both the write-ahead intent and the memory of what came of it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from ordo.domain.accounts import Account
from ordo.domain.copying import replace
from ordo.domain.errors import ErrorCode, FieldFault, Invalid, OrdoError, Outcome, Refused, Unavailable
from ordo.domain.instruments import format_decimal
from ordo.domain.orders import ModifyOrder, Order, OrderTerms, PlaceOrder

_KEY = re.compile(r"[\x20-\x7e]{1,255}")


class Operation(StrEnum):
    """The write that a key protects. Part of the key's scope, so one key may serve once for each."""

    PLACE = "PLACE"
    MODIFY = "MODIFY"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentKey:
    """A caller's key within its scope: who calls, for which account, on which route.

    `key` is 1 to 255 printable ASCII characters. `route` is the operation, with the order id where there is
    one.
    """

    principal: str
    account: Account
    route: str
    key: str
    text: str = field(init=False, repr=False, compare=False)
    """The whole of it, as stores know it."""

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.key):
            raise Invalid.field(
                "Idempotency-Key",
                "must be 1 to 255 printable ASCII characters",
                seen=f"{len(self.key)} characters",
                code=ErrorCode.IDEMPOTENCY_KEY_MISSING if not self.key else ErrorCode.VALIDATION_ERROR,
            )
        object.__setattr__(self, "text", f"{self.principal}\n{self.account.text}\n{self.route}\n{self.key}")

    def __str__(self) -> str:
        return self.text

    def given_up(self, order_id: str) -> IntentKey:
        """Where the record of a placement stays after its key serves another."""
        return replace(self, route=f"{self.route} {order_id}")


def fingerprint(command: PlaceOrder | ModifyOrder | None) -> str:
    """A SHA-256 of what a command means: equal commands give equal prints, however they were written.

    The texts below are stored as prints: a print that changed would take a repeated call for another request.
    """
    if isinstance(command, PlaceOrder):
        protection = command.protection
        return digest(
            f"PlaceOrder\ninstrument={command.instrument.text}\nside={command.side!s}\nquantity={command.quantity!s}"
            f"\norder_type={command.order_type!s}\nproduct={command.product!s}\nprice={_plain(command.price)}"
            f"\ntrigger_price={_plain(command.trigger_price)}\nvalidity={command.validity!s}"
            f"\ndisclosed_quantity={command.disclosed_quantity!s}\nafter_market={command.after_market!s}"
            f"\nprotection={_plain(protection) if isinstance(protection, Decimal) else protection}"
        )
    if command is None:
        return digest("NoneType")
    return digest(
        f"ModifyOrder\nquantity={command.quantity!s}\norder_type={command.order_type!s}\nprice={_plain(command.price)}"
        f"\ntrigger_price={_plain(command.trigger_price)}\nvalidity={command.validity!s}"
    )


def likeness(terms: OrderTerms) -> str:
    """A SHA-256 of what makes two orders look like one that was sent twice (domain facts 9, row 20). Coarser than the
    `fingerprint`.
    """
    return digest(
        f"{terms.instrument.text}\n{terms.side!s}\n{terms.quantity!s}\n{terms.order_type!s}\n{_plain(terms.price)}"
    )


def digest(*parts: str) -> str:
    """A SHA-256 of some texts, as 64 hexadecimal digits."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _plain(amount: Decimal | None) -> str:
    return "None" if amount is None else format_decimal(amount)


class IntentState(StrEnum):
    """`OPEN`: reserved, sent or about to be, and not settled; after a crash nobody knows more than that.
    `UNKNOWN`: the reply was lost. `DONE` and `FAILED`: settled, with the order or the error to repeat.
    """

    OPEN = "OPEN"
    UNKNOWN = "UNKNOWN"
    DONE = "DONE"
    FAILED = "FAILED"

    @property
    def is_settled(self) -> bool:
        """Whether the first caller's answer is final."""
        return self in (IntentState.DONE, IntentState.FAILED)


class Finding(StrEnum):
    """What an operator has found out about an unknown write: the broker has it, or it had no effect."""

    PLACED = "PLACED"
    NOT_PLACED = "NOT_PLACED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A refusal as it was first reported, kept so that a replay says the same."""

    code: ErrorCode
    message: str
    outcome: Outcome
    fields: tuple[FieldFault, ...] = ()
    native_error: str | None = None
    retry_after_ms: int | None = None

    @classmethod
    def of(cls, error: OrdoError) -> Failure:
        """What to keep of an error."""
        return cls(
            code=error.code,
            message=error.message,
            outcome=error.outcome,
            fields=error.fields,
            native_error=error.native_error,
            retry_after_ms=error.retry_after_ms,
        )

    def error(self, order: Order, correlation_id: str) -> OrdoError:
        """The error again, under the correlation id of the first call."""
        group = Refused if self.outcome is Outcome.REFUSED else Unavailable
        error = group(
            self.code,
            self.message,
            fields=self.fields,
            broker_id=order.account.adapter_id,
            native_error=self.native_error,
            retry_after_ms=self.retry_after_ms,
            order=order,
        )
        error.correlation_id = correlation_id
        return error


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """How far a placement must stand from others that look like it, under other keys of the same account. None that has
    not failed may have been made `within` this time of it; with `settled`, none at any time whose outcome is not known.
    """

    within: timedelta
    settled: bool = False

    def forbids(self, intent: Intent, other: Intent) -> bool:
        """Whether a placement is too close to another that looks like it. Orders of one basket are meant to be."""
        if other.key == intent.key or other.state is IntentState.FAILED:
            return False
        if self.settled and not other.state.is_settled:
            return True
        return other.key.key != intent.key.key and abs(intent.created_at - other.created_at) < self.within


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """The durable record of one write.

    `order` is the order as it is known; for a placement it follows the order's whole life. `answer` is what
    the first caller was told, to be repeated word for word. `change` is what a modification asks for. `owner`
    names the running gateway that works on it, so that a start can tell its own intents from those that a
    crash left behind. `findable`: the broker's book gives the order back by its tag, so that what is forgotten
    can be found out again; it is never stored. Times are aware.
    """

    key: IntentKey
    operation: Operation
    fingerprint: str
    order: Order
    state: IntentState
    correlation_id: str
    owner: str
    created_at: datetime
    expires_at: datetime
    change: ModifyOrder | None = None
    answer: Order | None = None
    failure: Failure | None = None
    findable: bool = field(default=False, compare=False)

    @property
    def order_id(self) -> str:
        """The tag of the order that this intent places, modifies or cancels."""
        return self.order.order_id
