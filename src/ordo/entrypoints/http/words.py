"""What the OpenAPI document says in words, and the parameters and headers that many routes share."""

from __future__ import annotations

from typing import Any, Final

from ordo.schemas.v1.fields import CASH_KEY, DERIVATIVE_KEY, INDEX_KEY

DESCRIPTION: Final = """\
An order is placed at most once, and Ordo can always say which of placed, not placed or not yet known is true.

**Token.** Send `Authorization: Bearer <token>` with every request except `/health`, `/ready` and the broker's \
redirect to `/callback`. This document and its page hold no account data and need none either. `ORDO_TOKEN` may do \
everything. A token that `ordo tokens new` made may do what its scopes say (`read`: look; `trade`: place and modify; \
`cancel`; `admin`: log in and out, set the kill switch, load masters, resolve an order), for the accounts that it \
names, and at a limited rate: 429 `TOO_MANY_REQUESTS` with `Retry-After`. Cancellations don't count towards it.

**Writing.** JSON with `Content-Type: application/json`. Prices and money are strings (`"812.50"`), because a JSON \
number passes through binary floating point; quantities are integers in units (shares, or lots times the lot size). \
A field that is not known, a parameter that is not known, and a name that stands twice are errors.

**Reading.** Times are RFC 3339 in Indian time. `null` means that it is not known; it never stands for 0. Lists are \
bare arrays, and `X-Ordo-As-Of` tells when the broker gave them. Fields may be added to answers: ignore those that \
you don't know.

**Idempotency.** Placing, modifying and cancelling need an `Idempotency-Key` that you make up for each intent. \
Repeat a call with the same key whenever you did not get its answer: the first answer is repeated, with \
`Idempotency-Replayed: true`, and nothing is sent twice. A call that provably never left (a check failed, the broker \
could not be reached) frees its key.

**Unknown outcomes.** When the broker's answer was lost, Ordo looks for the order in the broker's book. While it is \
not found, the answer is 202 with the order, whose `status` is `UNKNOWN`. Ask for the order, or repeat the call with \
the same key. Never place it again under another key.

**Failures.** Every failure is an `ApiError`. On order writes `details.outcome` says what is known: `not_sent`, \
`refused` or `unknown`. Every answer carries `X-Correlation-ID`; send your own (1 to 128 letters, digits, `.`, `_`, \
`-`) to find the request in Ordo's log and audit trail. `HEAD` works wherever `GET` does; a method that \
an address does not take is 405 `METHOD_NOT_ALLOWED`.
"""

TAGS: Final = {
    "Orders": "Placing, changing and finding orders.",
    "Accounts": "Money, positions, holdings, trades and quotes of one account.",
    "Sessions": "The daily login at each broker.",
    "Market": "Instruments and their facts.",
    "Gateway": "The gateway itself: health, brokers, and the kill switch.",
}

PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "adapter_id": {
        "in": "path",
        "description": "The configured broker, as `GET /api/v1/brokers` lists it.",
        "schema": {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,31}$"},
        "example": "paper",
    },
    "account_id": {
        "in": "path",
        "description": "The client code at that broker.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$"},
        "example": "DEMO",
    },
    "order_id": {
        "in": "path",
        "description": "Ordo's order id.",
        "schema": {"type": "string", "pattern": "^[1-9][0-9]{14}$"},
        "example": "375412345678901",
    },
    "key": {
        "in": "path",
        "description": "The key of the instrument.",
        "schema": {"type": "string", "pattern": f"{CASH_KEY}|{DERIVATIVE_KEY}|{INDEX_KEY}"},
        "example": "NSE:SBIN",
    },
    "Idempotency-Key": {
        "in": "header",
        "description": (
            "Your own name for this one intent: 1 to 255 printable ASCII characters, such as a UUID. It holds for this"
            " account and operation, for at least 7 days. A repetition with the same key never acts twice."
        ),
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
        "example": "rebalance-2026-11-23-1",
    },
}

_TEXT: Final = {"type": "string"}
HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Correlation-ID": {
        "description": "The id of this request, in log and audit trail.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    },
    "X-Ordo-As-Of": {
        "description": "When the broker gave the rows.",
        "required": True,
        "schema": {"type": "string", "format": "date-time"},
    },
    "Age": {
        "description": "Whole seconds since the portfolio was true, rounded up.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "Location": {"description": "The address of the order.", "required": True, "schema": _TEXT},
    "Idempotency-Replayed": {
        "description": "`true` where this repeats the answer to an earlier call with the same key; absent otherwise.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {
        "description": "Whole seconds after which a repetition makes sense.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {"description": "Where Ordo's own token is missing or wrong.", "schema": _TEXT},
}
