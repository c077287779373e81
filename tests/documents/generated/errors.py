"""The error codes as a page, from the rows that the contract, the commands and the domain have of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ordo.domain.advice import ADVICE, Advice
from ordo.domain.errors import ErrorCode
from ordo.entrypoints.cli.exits import ExitCode
from ordo.entrypoints.cli.outcome import ENDINGS
from ordo.entrypoints.http.errors import ROWS

_HEAD: Final = """\
# Error codes

Every failure has one of these codes. Over HTTP it is `error_code` of the answer; in Python `error.error_code` of the
client's `OrdoApiError`, or `error.code` of an `OrdoError` where the services are called directly; on the command line
it stands before the message, and the exit code follows from it.

**On an order, look at `details.outcome` first.** It says what is known, whatever the code:

| `outcome` | What it means for your order | May it be sent again? |
| --- | --- | --- |
| `not_sent` | certainly nothing was placed by this call, and none is on its way | yes, with the same key |
| `refused` | the broker answered, and accepted nothing | a corrected order, under a new key |
| `unknown` | it may be at the broker; Ordo looks for it | never under another key |

Every answer has a `correlation_id`: the log and `ordo audit show --correlation ID` find the request by it.

This page is made from the rows of `ordo.domain.advice`; a test holds the two together.

| Code | HTTP | Exit | What happened |
| --- | --- | --- | --- |
"""
# What the client and the commands find out by themselves: no gateway has told it. Two are the commands' alone.
OF_THE_COMMANDS: Final = {"UNAVAILABLE": ExitCode.UNAVAILABLE, "INTERRUPTED": ExitCode.INTERRUPTED}
OF_THE_CLIENT: Final[dict[str, Advice]] = {
    "GATEWAY_UNREACHABLE": Advice(
        happened="no gateway answers at this address",
        order="Nothing was sent: no gateway has heard of it. A write that a gateway may have heard of is never told so,"
        " but as `OUTCOME_UNKNOWN`.",
        do="Start the gateway, or correct `ORDO_URL`, and repeat the call with the same key.",
    ),
    "NOT_ORDO": Advice(
        happened="something answered that is no Ordo gateway",
        order="Nothing was placed by Ordo.",
        do="Correct `ORDO_URL`: it names another program, or a proxy that answers in Ordo's place.",
    ),
    "ORDER_NOT_FILLED": Advice(
        happened="an order that `wait_until_filled` waited for has ended otherwise",
        order="It is cancelled, rejected, expired or not placed, as `error.order` says. What was filled before stays.",
        do="Look at `error.order.status_message`, and place another under a new key if you still want it.",
    ),
    "WAIT_TIMED_OUT": Advice(
        happened="an order that `wait_until_filled` waited for has not ended in time",
        order="It is still alive, and may fill at any moment.",
        do="Wait again, or cancel it.",
    ),
    "UNAVAILABLE": Advice(
        happened="something that a command needs does not serve: a port, a master, a check of `ordo doctor`",
        order="Nothing was sent.",
        do="The message says what, and what to do. `ordo doctor` looks at everything.",
    ),
    "INTERRUPTED": Advice(
        happened="you ended a command by Ctrl-C",
        order="None, where this code is told. An order that may have been sent is told as `OUTCOME_UNKNOWN`, with its"
        " key.",
        do="Repeat the command when you want to.",
    ),
}


def page() -> str:
    """The page as Markdown."""
    rows = all_rows()
    summary = [
        f"| [`{code}`](#{code.lower()}) | {_status(code)} | {_ending(code)} | {advice.happened} |"
        for code, advice in rows.items()
    ]
    return _HEAD + "\n".join(summary) + "\n\n" + "\n".join(_sections(rows))


def all_rows() -> dict[str, Advice]:
    """The rows of the gateway's codes, and those of the client's."""
    return {str(code): advice for code, advice in ADVICE.items()} | OF_THE_CLIENT


def _sections(rows: dict[str, Advice]) -> Iterator[str]:
    for code, advice in rows.items():
        yield f"## {code}\n"
        yield f"**What happened:** {advice.happened}.\n"
        yield f"**Your order:** {advice.order}\n"
        yield f"**What to do:** {advice.do}\n"


def _ending(code: str) -> str:
    endings = {**ENDINGS, **OF_THE_COMMANDS}
    return str(int(endings[code])) if code in endings else "-"


def _status(code: str) -> str:
    return str(ROWS[ErrorCode(code)].status) if code in ROWS else "-"
