"""The table of checks as a page for people."""

from __future__ import annotations

from ordo.application.checks import CHECKS, ELSEWHERE

_HEAD = """\
# Pre-trade checks

Every order meets these checks before it is written down, in this order, the cheap and certain ones first.
`POST /api/v1/accounts/…/orders/preview` makes the same checks and shows each; nothing is sent then.

A **hard** check that fails refuses the order with its code: certainly nothing was sent, and the key is free. A **soft**
one does what `ORDO_LIMITS__SOFT__<NAME>` says: `off` (it is not made), `preview` (it is told in a preview alone, for it
costs reads of the portfolio that an order should not wait for), `warn` (it is told in the log and in a preview), or
`deny`. The limits are those of `ORDO_LIMITS__…`, set for the gateway, for an account or for an instrument; of
several that apply the tightest counts, and one that is not set bounds nothing. A limit that can't be checked, because
positions or a fresh price can't be read, refuses the order.

This page is made from the table in `ordo.application.checks`; a test holds the two together.

| Check | What passes | Code | |
| --- | --- | --- | --- |
"""


def page() -> str:
    """The page as Markdown."""
    rows = [
        f"| `{check.name}` | {check.rule} | `{check.code}` |"
        f" {'hard' if check.soft is None else f'soft, `{check.soft}`'} |"
        for check in CHECKS
    ]
    rows += [f"| `{rule.name}` | {rule.rule} | `{rule.code}` | {rule.where} |" for rule in ELSEWHERE]
    return _HEAD + "\n".join(rows) + "\n"
