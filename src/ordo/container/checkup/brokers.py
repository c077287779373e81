"""Asks the brokers what only they can say: whether they take this session, and calls from this address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

from ordo.adapters.telemetry.archive import said
from ordo.container.checkup.finding import Check, Site
from ordo.container.root import Container
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.errors import ErrorCode, OrdoError
from ordo.domain.sessions import Session, SessionState
from ordo.schemas.config.brokers import PaperConfig

_ALLOWS: Final = frozenset({ErrorCode.IP_NOT_ALLOWED, ErrorCode.PERMISSION_DENIED})
_ADDRESS: Final = (
    "register this machine's public address for the app at the broker, or send from the one that is registered; it"
    " may take the broker a day"
)
_DO: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.IP_NOT_ALLOWED: _ADDRESS,
    ErrorCode.PERMISSION_DENIED: f"look at the app's permissions at the broker, and {_ADDRESS}",
}


async def brokers(site: Site, container: Container) -> AsyncIterator[Check]:
    """One reading for each session that is active, and the last word on each account's orders."""
    lines = {line.adapter_id: line for line in container.brokers().lines}
    sessions = {str(session.account): session for session in await container.session_store().all()}
    status = await container.gateway().status.status()
    active = {str(report.account) for report in status.sessions if report.state is SessionState.ACTIVE}
    for adapter_id, config in site.settings.brokers.items():
        if not config.enabled or isinstance(config, PaperConfig):
            continue
        known = [name for name in sessions if Account.parse(name).adapter_id == adapter_id]
        if not known:
            yield Check(
                name=f"session {adapter_id}",
                says="nobody has logged in there",
                means="none of its accounts can be traded or read",
                do=f"ordo login {adapter_id} ACCOUNT_ID",
            )
        for name in known:
            if name in active:
                yield await _asked(lines[adapter_id].broker.funds, sessions[name])
            refused = await asyncio.to_thread(_last_word, site, name)
            if refused is not None:
                yield refused


async def _asked(read: Callable[[Session], Awaitable[object]], session: Session) -> Check:
    name = f"broker {session.account}"
    try:
        await read(session)
    except OrdoError as error:
        words = "" if error.native_error is None else f" The broker says: {error.native_error}"
        return Check(
            name=name,
            says=f"{error.code}: {error.message}{words}",
            means="what it does not answer to a reading, it will not answer to an order",
            do=_DO.get(error.code)
            or (
                f"ordo login {session.account.adapter_id} {session.account.account_id}"
                if error.code is ErrorCode.INVALID_SESSION
                else "look whether the broker has trouble, and again in a minute"
            ),
        )
    return Check(name=name, says="it takes the session, and calls from this address")


def _last_word(site: Site, account: str) -> Check | None:
    """A refusal for want of permission, if no order has passed since: some brokers tell the address only to orders."""
    try:
        lines = said(site.settings.audit.dir, order_id=None, correlation_id=None)
    except OSError:
        return None
    ends = (AuditKind.ORDER_PLACED, AuditKind.ORDER_REFUSED)
    last = next(
        (line for line in reversed(lines) if line.get("account") == account and line.get("event") in ends), None
    )
    facts = last.get("facts") if last is not None else None
    if last is None or not isinstance(facts, dict) or facts.get("error_code") not in _ALLOWS:
        return None
    native = facts.get("native_error")
    return Check(
        name=f"orders {account}",
        says=f"the last order was refused at {last.get('at')}: {facts['error_code']}"
        + ("" if native is None else f"; the broker said: {native}"),
        means="reading works from any address, and orders only from the one that is registered",
        do=_DO[ErrorCode(facts["error_code"])],
    )
