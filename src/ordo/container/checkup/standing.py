"""Looks at how things stand: sessions, masters, orders that nobody knows of, hours."""

from __future__ import annotations

from collections.abc import AsyncIterator

from ordo.container.checkup.finding import Check, told
from ordo.container.root import Container
from ordo.domain.masters import MasterState
from ordo.domain.sessions import SessionState


async def standing(container: Container) -> AsyncIterator[Check]:
    """Every session, master and unknown order. Raises `OrdoError` where a store does not serve."""
    await container.instruments().open()
    status = await container.gateway().status.status()
    for session in status.sessions:
        active = session.state is SessionState.ACTIVE
        until = "" if session.expires_at is None else f" until {told(session.expires_at)}"
        yield Check(
            name=f"session {session.account}",
            says=f"{session.state}{until if active else ''}",
            means="" if active else "no order and no reading of this account passes",
            do="" if active else session.advice,
        )
    for master in status.masters:
        current = master.state is MasterState.CURRENT
        yield Check(
            name=f"master {master.name}",
            says=f"{master.state}, as of {master.as_of}, {master.rows} rows"
            + ("" if current or master.stale_reason is None else f": {master.stale_reason}"),
            means="" if current else "its derivatives are not traded: lots and expiries may have changed since",
            do="" if current else "`ordo instruments sync`",
        )
    for order in status.unknown_orders:
        yield Check(
            name=f"order {order.order_id}",
            says=f"whether {order.account} has it is not known since {told(order.created_at)}",
            means="it may exist, and may be filled",
            do="never repeat it under another key; while Ordo does not find it, ask the broker, then `ordo resolve`",
        )
    if status.calendar_problem is not None:
        yield Check(
            name="calendar",
            says=status.calendar_problem,
            means="the last hours that could be read are in force",
            do="mend the file of ORDO_CALENDAR__OVERRIDE",
        )
