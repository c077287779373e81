"""Every error code of FYERS' documents, and what each proves about a call.

A code proves a refusal only for the calls that its row names: the allow-list. What is not listed, listed without the
call, or told by a status that a server in trouble gives, leaves the outcome of a write open. The codes -50 and -99 are
judged by their text, and a text that nobody knows proves nothing. Sources: the broker's reference of July 2026 and its
older sheet of codes, texts from public captures; see docs/brokers/fyers.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ordo.domain.errors import ErrorCode
from ordo.domain.secrecy import MASK, without


class Call(StrEnum):
    """What was asked of the broker."""

    PLACE = "place"
    MODIFY = "modify"
    CANCEL = "cancel"
    READ = "read"
    LOGIN = "login"


WRITES: Final = frozenset({Call.PLACE, Call.MODIFY, Call.CANCEL})
_CHANGES: Final = frozenset({Call.MODIFY, Call.CANCEL})
_TERMS: Final = frozenset({Call.PLACE, Call.MODIFY})
_ANY: Final = frozenset(Call)
_ASKED: Final = _ANY - {Call.LOGIN}
_NONE: Final = frozenset[Call]()


@dataclass(frozen=True, slots=True)
class Rule:
    """A code, where it matters a pattern of its text, what it is called in Ordo, and the calls of which it proves that
    nothing was done.
    """

    code: int
    error: ErrorCode
    proves: frozenset[Call]
    text: str | None = None

    def fits(self, code: int | None, text: str) -> bool:
        return self.code == code and (self.text is None or re.search(self.text, text, re.IGNORECASE) is not None)


_E = ErrorCode
_FIELDS: Final = (
    "symbol|qty|type|side|productType|limitPrice|stopPrice|validity|disclosedQty|offlineOrder|stopLoss|takeProfit"
    "|legType|orderTag|isSliceOrder"
)


def _each(codes: tuple[int, ...], error: ErrorCode, proves: frozenset[Call]) -> tuple[Rule, ...]:
    return tuple(Rule(code, error, proves) for code in codes)


RULES: Final[tuple[Rule, ...]] = (
    # A dead token, by four numbers; the user does not exist.
    *_each((-8, -15, -16, -17, -157), _E.INVALID_SESSION, _ANY),
    Rule(
        -352, _E.INVALID_SESSION, _ANY
    ),  # An invalid app id. On the exit of positions, never called here: no position.
    # A parameter is wrong, and the text says which.
    Rule(-50, _E.PERMISSION_DENIED, _ANY, r"algo orders are not allowed"),
    Rule(-50, _E.INVALID_INSTRUMENT, _ASKED, r"input symbol is invalid|please provide a? ?valid symbol"),
    Rule(-50, _E.INVALID_ORDER, WRITES, r"not a multiple of tick size|multiple of min lot size|multiples of the lot"),
    Rule(-50, _E.INVALID_ORDER, WRITES, r"must be one of the following|exceeds the allowable freeze"),
    Rule(-50, _E.INVALID_ORDER, WRITES, r"^invalid input\W*$"),
    Rule(-50, _E.INVALID_ORDER, WRITES, rf"^({_FIELDS})\b"),
    Rule(-50, _E.INVALID_ORDER, _NONE),
    # Orders and positions that are not there, or no longer open. Of a new order these say nothing.
    *_each((-51, -159, -209), _E.ORDER_NOT_FOUND, _CHANGES | {Call.READ}),
    *_each((-52, -161, -162, -164), _E.ORDER_NOT_MODIFIABLE, _CHANGES),
    *_each((-53, -397, -398, -399), _E.NOT_FOUND, _NONE),
    Rule(-163, _E.ORDER_REJECTED, frozenset({Call.MODIFY})),
    # Rejected, and the text says by whom: the risk system (RED), the order adapter (ORA), the exchange (digits).
    Rule(-99, _E.INSUFFICIENT_FUNDS, WRITES, r"margin shortfall|check peak margin"),
    Rule(-99, _E.INSUFFICIENT_HOLDINGS, WRITES, r"check holdings|no holdings uploaded"),
    Rule(-99, _E.INVALID_ORDER, WRITES, r"check circuit limit|check freeze qty|option price check"),
    Rule(-99, _E.PERMISSION_DENIED, WRITES, r"product mtf not enabled"),
    Rule(-99, _E.MARKET_CLOSED, WRITES, r"amo is stopped|^16447\b|disallowed after system square"),
    Rule(-99, _E.ORDER_REJECTED, WRITES, r"^(RED|ORA):|^\d{5}\b|allowed basket|block type"),
    Rule(-99, _E.ORDER_REJECTED, _NONE),
    # The instrument.
    Rule(-300, _E.INVALID_INSTRUMENT, _ASKED),
    Rule(-310, _E.INVALID_INSTRUMENT, _ASKED, r"symbol"),
    Rule(-310, _E.INVALID_ORDER, _TERMS),
    # Too many calls, and calls that are not allowed.
    *_each((-429, -353), _E.RATE_LIMITED, _ANY),
    Rule(-373, _E.PERMISSION_DENIED, _ANY),
    # A wrong field of an order, by the older sheet.
    *_each((-101, -305, -308, -309, -311, -313, -314, -315, -316, -323), _E.INVALID_ORDER, _TERMS),
    *_each((-325, -326, -327, -328, -372, -390, -392), _E.INVALID_ORDER, _TERMS),
    # The broker is in trouble, and what it did before is not known.
    *_each((-96, -201, -202, -204, -205, 500), _E.BROKER_UNAVAILABLE, _NONE),
    Rule(-329, _E.BROKER_ERROR, _NONE),  # An exit was processed: look at the positions.
    Rule(400, _E.INVALID_ORDER, _NONE),  # Of orders of several legs, which are not sent from here.
    # Logging in.
    *_each((-5, -371, -374, -437, -441, -442, -501), _E.INVALID_CREDENTIALS, frozenset({Call.LOGIN})),
    # Wrong questions about history and too many symbols: a mistake of ours, of which an order never hears.
    *_each((-301, -302, -303, -334, -335, -336, -337, -338, -339, -341), _E.BROKER_ERROR, _NONE),
    *_each((-343, -344, -345, -346, -347, -348, -349, -351, -354, -355, -356), _E.BROKER_ERROR, _NONE),
)

_BY_STATUS: Final = {401: _E.INVALID_SESSION, 403: _E.PERMISSION_DENIED, 429: _E.RATE_LIMITED}
# Given by servers and gates in trouble, whatever the body says; so are 3xx and 5xx.
_PROVES_NOTHING: Final = frozenset({408, 409, 425})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an error is called, whether it proves that the call had no effect, and whether the broker's words are ones
    that are known.
    """

    error: ErrorCode
    proven: bool
    known: bool = True


def judge(call: Call, status: int, code: int | None, text: str, order_id: str = "") -> Verdict:
    """Judge an error that the broker tells in its own envelope, by HTTP status, code, text, and the order it names."""
    rule = next((rule for rule in RULES if rule.fits(code, text)), None)
    if rule is None:
        error = _BY_STATUS.get(status, _E.BROKER_ERROR)
        return Verdict(error=error, proven=status in _BY_STATUS, known=False)
    if status // 100 in (3, 5) or status in _PROVES_NOTHING:
        return Verdict(error=rule.error, proven=False)
    proven = call in rule.proves
    if call is Call.PLACE and order_id and rule.code != _REJECTED:
        # An order that has an id exists, and only -99 says that it was rejected.
        proven = False
    return Verdict(error=rule.error, proven=proven, known=rule.text is not None or rule.code != _REJECTED)


_REJECTED: Final = -99
_MARKS: Final = re.compile(r"[\x00-\x1f\x7f]+")
_LONGEST: Final = 500


def words(code: int | None, text: str, account_id: str, secrets: Iterable[str] = ()) -> str:
    """The broker's words as they may be shown: the account and what is secret masked, on one line, not longer than a
    screen. `secrets` are those that the broker was sent.
    """
    if not text:
        return "" if code is None else f"[{code}]"
    masked = without(text, secrets)
    masked = re.sub(re.escape(account_id), MASK, masked, flags=re.IGNORECASE) if account_id else masked
    shown = _MARKS.sub(" ", masked).strip()[:_LONGEST]
    return shown if code is None else f"{shown} [{code}]".strip()


UNDONE: Final = {
    Call.PLACE: "The order was not placed",
    Call.MODIFY: "The order was not changed",
    Call.CANCEL: "The order was not cancelled",
    Call.READ: "Nothing was read",
    Call.LOGIN: "Nobody was logged in",
}
ADVICE: Final = {
    _E.INVALID_SESSION: "FYERS does not accept the session; log in again",
    _E.PERMISSION_DENIED: (
        "FYERS does not allow it. It says so of an app from before April 2026, of one without the permission for this,"
        " of an address that is not registered as the app's static IP, and of a wrong app id: look at all four"
    ),
    _E.RATE_LIMITED: "FYERS asks for fewer calls; wait, for who breaks its limit per minute too often is shut out",
    _E.INSUFFICIENT_FUNDS: "the account can't pay for it",
    _E.INSUFFICIENT_HOLDINGS: "the account does not hold enough to sell",
    _E.MARKET_CLOSED: "the market does not take it now",
    _E.INVALID_INSTRUMENT: "FYERS does not know the instrument; load the masters with `ordo instruments sync`",
    _E.INVALID_ORDER: "FYERS refused its terms; correct them and use a new key",
    _E.ORDER_NOT_FOUND: "FYERS has no such order today",
    _E.ORDER_NOT_MODIFIABLE: "it is no longer open at FYERS",
    _E.ORDER_REJECTED: "FYERS rejected it",
    _E.INVALID_CREDENTIALS: "FYERS refused the login; begin it again, and look at the app's id and secret",
}
