"""What each code means for the person who meets it: one row a code, for the contract and for the documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ordo.domain.errors import ErrorCode

_NOTHING_SENT: Final = "Nothing was sent. The key is free."
_READ_ONLY: Final = "None: no order is placed, changed or cancelled by this call."
_BROKER_REFUSED: Final = (
    "With `refused`, the broker accepted nothing, and this answer stays with the key. With `not_sent`, a check of"
    " Ordo's found it first: nothing was sent, and the key is free."
)
_WRITTEN_OUTCOME: Final = (
    "On a write, `details.outcome` says it. `not_sent`: nothing was placed by this call, and the key is free. The order"
    " of a write that may have reached the broker is never told with this code: that is 202 and `UNKNOWN`."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Sentences in Markdown: what happened (a clause, as the contract tells it), what that means for the order of the
    request, and what to do.
    """

    happened: str
    order: str
    do: str


_C = ErrorCode
ADVICE: Final[dict[ErrorCode, Advice]] = {
    _C.VALIDATION_ERROR: Advice(
        happened="the request can't be read as it stands; `details.fields` says where",
        order=_NOTHING_SENT,
        do="Correct the fields that are named. A field that Ordo does not know is an error too, so look for a slip in a"
        " name.",
    ),
    _C.IDEMPOTENCY_KEY_MISSING: Advice(
        happened="a write needs an `Idempotency-Key`",
        order="Nothing was sent.",
        do="Send a header `Idempotency-Key` with a name of your own for this one intent, and keep it for repetitions."
        " The Python client and the command line make one by themselves.",
    ),
    _C.UNAUTHENTICATED: Advice(
        happened="Ordo's own token is missing or wrong",
        order="Nothing was sent.",
        do="Send `Authorization: Bearer …` with `ORDO_TOKEN`, or with a token of `ordo tokens new` that has not expired"
        " and was not revoked. This is not about the broker's login.",
    ),
    _C.INVALID_SESSION: Advice(
        happened="the broker's session is missing, over or rejected: log in again",
        order=_BROKER_REFUSED,
        do="`ordo login ADAPTER_ID ACCOUNT_ID`, then place the order again under a new key, if you still want it.",
    ),
    _C.INVALID_CREDENTIALS: Advice(
        happened="the broker refused the password or the redirect",
        order=_READ_ONLY,
        do="Begin the login anew. After a second refusal try it on the broker's own page: some brokers lock an account"
        " after a few.",
    ),
    _C.INVALID_OTP: Advice(
        happened="the broker refused the one-time code",
        order=_READ_ONLY,
        do="Answer the same challenge with the right code; if it is no longer taken, begin the login anew.",
    ),
    _C.PERMISSION_DENIED: Advice(
        happened="the token, or the broker, does not allow that",
        order=_BROKER_REFUSED,
        do="With `details.broker_id` it is the broker: look at the permissions of your app there. Without it, it is"
        " Ordo's token: make one with the scope and the account that are needed.",
    ),
    _C.IP_NOT_ALLOWED: Advice(
        happened="the broker does not know the address that Ordo calls from",
        order=_BROKER_REFUSED,
        do="Register this machine's static address at the broker, or call from the one that is registered. It is often"
        " IPv6 where IPv4 was registered.",
    ),
    _C.KILL_SWITCH_ACTIVE: Advice(
        happened="trading is halted; cancellations still pass",
        order=_NOTHING_SENT,
        do="`ordo status` says who halted, when and why. When the reason is gone: `ordo resume`.",
    ),
    _C.NOT_FOUND: Advice(
        happened="there is nothing under this address",
        order="Nothing was sent.",
        do="Look at the path in `/schema`. A login that has ended is told so too: begin it anew.",
    ),
    _C.UNKNOWN_ACCOUNT: Advice(
        happened="no broker is configured for this account",
        order="Nothing was sent.",
        do="An account is `ADAPTER_ID/ACCOUNT_ID`. `GET /api/v1/brokers` lists the adapters that are configured.",
    ),
    _C.ORDER_NOT_FOUND: Advice(
        happened="the account has no such order",
        order="Nothing was changed or cancelled.",
        do="Use Ordo's own `order_id` of 15 digits, not the broker's. `ordo orders ACCOUNT` lists them.",
    ),
    _C.METHOD_NOT_ALLOWED: Advice(
        happened="the address exists, but not for this method; `Allow` lists those that do",
        order="Nothing was sent.",
        do="Use a method that `Allow` lists.",
    ),
    _C.IDEMPOTENCY_IN_FLIGHT: Advice(
        happened="the first request with this key is still at work: ask again with the same key",
        order="This call sent nothing. The first one may be about to place the order.",
        do="Wait for `Retry-After`, then repeat the call with the same key. Never with another.",
    ),
    _C.ORDER_NOT_MODIFIABLE: Advice(
        happened="the order has come to its end",
        order="It stays as it is: filled, cancelled, rejected or expired.",
        do="Ask for the order to see how it ended.",
    ),
    _C.OPERATION_PENDING: Advice(
        happened="an earlier operation on the order is not settled yet",
        order="This change was not sent. What becomes of the earlier one is being found out.",
        do="Ask for the order until its `pending_op` is gone, then decide again.",
    ),
    _C.BODY_TOO_LARGE: Advice(
        happened="the body is larger than the gateway reads",
        order="Nothing was sent.",
        do="Send less, or raise `ORDO_HTTP__MAX_BODY_BYTES`.",
    ),
    _C.UNSUPPORTED_MEDIA_TYPE: Advice(
        happened="the body is not `application/json`",
        order="Nothing was sent.",
        do="Send `Content-Type: application/json`, and JSON.",
    ),
    _C.IDEMPOTENCY_KEY_REUSED: Advice(
        happened="the key was used for another request",
        order="This request was not sent. The one that has the key is untouched.",
        do="Take a new key for a new intent. If you meant a repetition, send exactly what you sent the first time.",
    ),
    _C.INVALID_INSTRUMENT: Advice(
        happened="the instrument is not known or can't be traded",
        order=_BROKER_REFUSED,
        do="`ordo instruments search WORDS` finds the key. A derivative needs a master of today: `ordo status` shows"
        " its age.",
    ),
    _C.INVALID_ORDER: Advice(
        happened="the order breaks a rule; `details.fields` says which, and what would be right",
        order=_BROKER_REFUSED,
        do="Correct what is named: tick, lot, band, price or trigger. An order that looks like one of the last seconds"
        " is refused so too, unless you allow it.",
    ),
    _C.UNSUPPORTED: Advice(
        happened="the broker, or Ordo for now, does not offer this",
        order=_NOTHING_SENT,
        do="`GET /api/v1/brokers` shows what each broker offers. Choose another product, order type or broker.",
    ),
    _C.INSUFFICIENT_FUNDS: Advice(
        happened="the account can't pay for it",
        order=_BROKER_REFUSED,
        do="Add money, or order less: `ordo portfolio ACCOUNT` shows what is available.",
    ),
    _C.INSUFFICIENT_HOLDINGS: Advice(
        happened="the account does not hold enough to sell",
        order=_BROKER_REFUSED,
        do="Sell at most what is held and not already for sale. The broker may also want the shares authorised (eDIS).",
    ),
    _C.RISK_LIMIT: Advice(
        happened="a risk limit of the broker or of Ordo stands against it",
        order=_BROKER_REFUSED,
        do="The message names the limit. Your own are `ORDO_LIMITS__…`; the broker's are on its own pages.",
    ),
    _C.MARKET_CLOSED: Advice(
        happened="the market does not take the order now",
        order=_BROKER_REFUSED,
        do="Wait for the session that the message names, or send it as an after-market order where the broker takes"
        " them.",
    ),
    _C.ORDER_REJECTED: Advice(
        happened="the broker rejected the order; `details.native_error` has its words",
        order="The broker accepted nothing. The order is recorded as `REJECTED`, and a repetition with this key repeats"
        " this answer.",
        do="Read the broker's words, correct the order, and place it under a new key.",
    ),
    _C.RATE_LIMITED: Advice(
        happened="the broker asks for fewer calls",
        order=_BROKER_REFUSED,
        do="Wait for `Retry-After`. Lower `ORDO_LIMITS__ORDERS_PER_SECOND` if it happens again: brokers stop an account"
        " for the day after several.",
    ),
    _C.ORDER_BUDGET: Advice(
        happened="the account's own order budget is used up; nothing was sent",
        order=_NOTHING_SENT,
        do="Wait for `Retry-After` and repeat the call with the same key. Cancellations have places of their own.",
    ),
    _C.TOO_MANY_REQUESTS: Advice(
        happened="this API asks for fewer calls",
        order="Nothing was sent.",
        do="Wait for `Retry-After`. Cancellations are not counted. The rate is `ORDO_HTTP__REQUESTS_PER_SECOND`.",
    ),
    _C.INTERNAL_ERROR: Advice(
        happened="a fault of Ordo's; the correlation id finds it in the log",
        order="Of a write, nothing is known until you ask: it may have been carried out.",
        do="Repeat the call with the same key, or ask for the order. Never place it under another key. Then report what"
        " the log has under the correlation id.",
    ),
    _C.BROKER_ERROR: Advice(
        happened="the broker answered something that can't be read",
        order=_WRITTEN_OUTCOME,
        do="Try again. If it stays, the broker has changed its words, and the log shows them.",
    ),
    _C.BROKER_UNAVAILABLE: Advice(
        happened="the broker can't be reached",
        order=_WRITTEN_OUTCOME,
        do="Look at the network and at the broker's own page, then repeat the call with the same key.",
    ),
    _C.CIRCUIT_OPEN: Advice(
        happened="the broker has failed too often; Ordo asks it again soon",
        order=_NOTHING_SENT,
        do="Wait: one call tries again after `ORDO_RESILIENCE__CIRCUIT_COOL_SECONDS`. `ordo status` shows the circuit.",
    ),
    _C.STORE_UNAVAILABLE: Advice(
        happened="Ordo can't read or write its own records, and does nothing without them",
        order=_WRITTEN_OUTCOME,
        do="`GET /ready` and `ordo doctor` name the part: a full disk, permissions, the database or Redis. Repeat the"
        " call with the same key when it serves again.",
    ),
    _C.BROKER_TIMEOUT: Advice(
        happened="the broker took too long to answer a read",
        order="None: only reads end so. A read that failed is never told as an empty book.",
        do="Ask again.",
    ),
    _C.OUTCOME_UNKNOWN: Advice(
        happened="the write may or may not have been carried out; answered with the order, not with this",
        order="It may be at the broker. It is recorded, with status `UNKNOWN`, and Ordo goes on looking for it in the"
        " broker's book.",
        do="Don't place it again under another key. Ask for the order, or repeat the call with the same key. If it"
        " stays unknown, look at the broker's own terminal, then settle it with `ordo resolve`.",
    ),
}
