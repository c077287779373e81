"""Every error code of FYERS' documents has a row, and says what it should of a new order."""

from __future__ import annotations

import pytest

from ordo.adapters.brokers.fyers.errors import ADVICE, RULES, UNDONE, WRITES, Call, judge, words
from ordo.domain.errors import ErrorCode

E = ErrorCode
PLACE, MODIFY, CANCEL, READ, LOGIN = Call.PLACE, Call.MODIFY, Call.CANCEL, Call.READ, Call.LOGIN
EVERY = frozenset(Call)
CHANGES = frozenset({MODIFY, CANCEL})
TERMS = frozenset({PLACE, MODIFY})

# Code, text, what it is called, and the calls of which it proves that nothing was done: read from the documents a
# second time, in the order in which they list them.
DOCUMENTED: list[tuple[int, str, ErrorCode, frozenset[Call]]] = [
    (-8, "", E.INVALID_SESSION, EVERY),
    (-15, "Please provide valid token", E.INVALID_SESSION, EVERY),
    (-16, "Could not authenticate the user", E.INVALID_SESSION, EVERY),
    (-16, "Token is Invalid or Expired", E.INVALID_SESSION, EVERY),
    (-17, "Could not authenticate the user", E.INVALID_SESSION, EVERY),
    (-50, "Nobody ever saw this", E.INVALID_ORDER, frozenset()),
    (-51, "", E.ORDER_NOT_FOUND, CHANGES | {READ}),
    (-52, "Not a pending order", E.ORDER_NOT_MODIFIABLE, CHANGES),
    (-53, "", E.NOT_FOUND, frozenset()),
    (-99, "Nobody ever saw this", E.ORDER_REJECTED, frozenset()),
    (-300, "Invalid symbol provided", E.INVALID_INSTRUMENT, EVERY - {LOGIN}),
    (-300, "Please provide a valid symbol", E.INVALID_INSTRUMENT, EVERY - {LOGIN}),
    (-310, "Please provide valid symbols", E.INVALID_INSTRUMENT, EVERY - {LOGIN}),
    (-352, "invalid app id", E.INVALID_SESSION, EVERY),
    (-429, "", E.RATE_LIMITED, EVERY),
    (400, "Quantity should be multiples of the lot size.", E.INVALID_ORDER, frozenset()),
    (500, "", E.BROKER_UNAVAILABLE, frozenset()),
    *((code, "", E.INVALID_CREDENTIALS, frozenset({LOGIN})) for code in (-5, -437, -441, -442, -501, -371, -374)),
    (-96, "", E.BROKER_UNAVAILABLE, frozenset()),
    (-101, "", E.INVALID_ORDER, TERMS),
    (-157, "", E.INVALID_SESSION, EVERY),
    *((code, "", E.ORDER_NOT_FOUND, CHANGES | {READ}) for code in (-159, -209)),
    *((code, "", E.ORDER_NOT_MODIFIABLE, CHANGES) for code in (-161, -162, -164)),
    (-163, "", E.ORDER_REJECTED, frozenset({MODIFY})),
    *((code, "", E.BROKER_UNAVAILABLE, frozenset()) for code in (-201, -202, -204, -205)),
    *((code, "", E.INVALID_ORDER, TERMS) for code in (-305, -323, -308, -309, -390, -310, -311, -316, -313, -314)),
    *((code, "", E.INVALID_ORDER, TERMS) for code in (-315, -325, -326, -327, -328, -372, -392)),
    (-329, "", E.BROKER_ERROR, frozenset()),
    *((code, "", E.NOT_FOUND, frozenset()) for code in (-397, -398, -399)),
    (-353, "", E.RATE_LIMITED, EVERY),
    (-373, "", E.PERMISSION_DENIED, EVERY),
    *((code, "", E.BROKER_ERROR, frozenset()) for code in (-301, -302, -303, -334, *range(-338, -334), -356, -339)),
    *((code, "", E.BROKER_ERROR, frozenset()) for code in (-341, *range(-349, -342), -354, -355, -351)),
]
# The text decides. Real ones, but for the last of each code.
TEXTS: list[tuple[int, str, ErrorCode]] = [
    (-50, "The input symbol is invalid.", E.INVALID_INSTRUMENT),
    (-50, "StopPrice not a multiple of tick size 0.1000", E.INVALID_ORDER),
    (-50, "StopLoss not a multiple of tick size 0.0500", E.INVALID_ORDER),
    (-50, "Invalid input", E.INVALID_ORDER),
    (-50, "productType must be one of the following: CNC", E.INVALID_ORDER),
    (-50, "Quantity should be multiple of min lot size.", E.INVALID_ORDER),
    (-50, "Quantity exceeds the allowable freeze limit.", E.INVALID_ORDER),
    (
        -50,
        "Request rejected: Order placement restricted. Algo orders are not allowed from this app X-100",
        E.PERMISSION_DENIED,
    ),
    (-50, "limitPrice must be a number", E.INVALID_ORDER),
    (-99, "RED:Margin Shortfall:INR 3,31,581.40 Available:INR 495.42 for C-X [FYERS_RISK_CUG]", E.INSUFFICIENT_FUNDS),
    (-99, "RED:Margin Shortfall: INR 3,31,581.40 Available:INR 495.42", E.INSUFFICIENT_FUNDS),
    (-99, "RED:RULE:{Check Peak Margin}", E.INSUFFICIENT_FUNDS),
    (-99, "RED:RULE:{Allowed Basket} in Basket NSE.MIS.NSE_MIS_BASKET [FYERS_RISK_CUG]", E.ORDER_REJECTED),
    (-99, "RED:Block Type:NonSqroff Reason:[ X NSE I ]", E.ORDER_REJECTED),
    (-99, "ORA:AMO is stopped", E.MARKET_CLOSED),
    (-99, "16447 Order entry not allowed in Pre-open", E.MARKET_CLOSED),
    (-99, "17070 The price is out of the range", E.ORDER_REJECTED),
    (-99, "RED:RULE:{Check circuit limit including square off order}Current:INR 1", E.INVALID_ORDER),
    (-99, "RED:RULE:{Check Freeze qty including square off order}Current:1 Set:2", E.INVALID_ORDER),
    (-99, "RED:RULE:{Check Holdings Including BTST}", E.INSUFFICIENT_HOLDINGS),
    (-99, "No Holdings uploaded for C-X", E.INSUFFICIENT_HOLDINGS),
    (-99, "RED:RULE:{Option price check}", E.INVALID_ORDER),
    (-99, "ORA:Product MTF not enabled for Account X", E.PERMISSION_DENIED),
    (-99, "Orders are disallowed after system square off", E.MARKET_CLOSED),
    (-99, "RED:A rule that nobody knows yet", E.ORDER_REJECTED),
]


@pytest.mark.parametrize(("code", "text", "error", "proves"), DOCUMENTED)
def test_each_documented_code(code: int, text: str, error: ErrorCode, proves: frozenset[Call]) -> None:
    verdicts = {call: judge(call, 400, code, text) for call in Call}
    assert {verdict.error for verdict in verdicts.values()} == {error}
    assert {call for call, verdict in verdicts.items() if verdict.proven} == proves


def test_no_row_is_without_a_document() -> None:
    assert {rule.code for rule in RULES} == {code for code, *_ in DOCUMENTED}


@pytest.mark.parametrize(("code", "text", "error"), TEXTS)
def test_each_documented_text_proves_a_refusal_of_a_write(code: int, text: str, error: ErrorCode) -> None:
    for call in WRITES:
        verdict = judge(call, 400, code, text)
        assert (verdict.error, verdict.proven) == (error, True)
        assert not judge(call, 502, code, text).proven


@pytest.mark.parametrize("code", [-1, -7077, 0, 7, None])
def test_an_unknown_code_proves_nothing(code: int | None) -> None:
    for call in Call:
        verdict = judge(call, 200, code, "RED:Margin Shortfall")
        assert (verdict.error, verdict.proven, verdict.known) == (E.BROKER_ERROR, False, False)


def test_an_error_with_an_id_is_an_order() -> None:
    assert judge(PLACE, 400, -99, "RED:No", "261005").proven
    assert not judge(PLACE, 400, -99, "Nobody ever saw this", "261005").proven
    assert not judge(PLACE, 400, -50, "Invalid input", "261005").proven
    assert judge(CANCEL, 400, -52, "Not a pending order", "261005").proven
    assert not judge(MODIFY, 400, -99, "Nobody ever saw this", "261005").proven


def test_words_hide_the_account_and_fit_on_a_line() -> None:
    assert words(-99, "for C-XA00123 and\r\nc-xa00123", "XA00123") == "for C-*** and c-*** [-99]"
    assert len(words(None, "x" * 10_000, "XA00123")) == 500


def test_every_refusal_has_an_advice() -> None:
    assert {rule.error for rule in RULES if rule.proves} <= ADVICE.keys()
    assert UNDONE.keys() == set(Call)
