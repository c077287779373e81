"""The gateway itself: how it is, what it can do, and the switch that stops it."""

from __future__ import annotations

from dataclasses import replace

from litestar import Router, get, put
from litestar.params import RequestBody

from ordo.application.gateway import Gateway
from ordo.domain.errors import ErrorCode
from ordo.entrypoints.http import answers
from ordo.entrypoints.http.answers import Reply
from ordo.entrypoints.http.contract import BODY, STORE, Answer, contract
from ordo.entrypoints.http.reading import Call, JsonBody, context
from ordo.schemas.v1.safety import KillSwitch, SetKillSwitch
from ordo.schemas.v1.status import Broker, Status


def routes(gateway: Gateway) -> Router:
    safety = gateway.safety

    @get(
        "/status",
        operation_id="getStatus",
        summary="The state of everything that an order depends on",
        description="Stores, sessions, the kill switch, and the orders whose outcome nobody knows yet.",
        opt=contract(answers={200: Answer(meaning="The status.", view=Status)}, raises=STORE),
    )
    async def get_status(request: Call) -> Reply:
        caller, status = context(request), await gateway.status.status()
        seen = replace(
            status,
            sessions=tuple(session for session in status.sessions if caller.covers(session.account)),
            unknown_orders=tuple(order for order in status.unknown_orders if caller.covers(order.account)),
        )
        return answers.one(Status.of(seen))

    @get(
        "/brokers",
        operation_id="listBrokers",
        summary="The configured brokers and what each can do",
        description="What is not listed here is refused with `UNSUPPORTED` before anything is sent.",
        opt=contract(answers={200: Answer(meaning="The brokers.", view=Broker, many=True)}),
    )
    async def list_brokers() -> Reply:
        return answers.many(Broker, gateway.brokers.lines)

    @get(
        "/kill-switch",
        operation_id="getKillSwitch",
        summary="How the kill switch stands",
        description="With who set it, when and why.",
        opt=contract(answers={200: Answer(meaning="The switch.", view=KillSwitch)}, raises=STORE),
    )
    async def get_kill_switch() -> Reply:
        return answers.one(KillSwitch.of(await safety.get()))

    @put(
        "/kill-switch",
        dto=JsonBody[SetKillSwitch],
        operation_id="setKillSwitch",
        summary="Halt or resume trading",
        description=(
            "When this answers, no new order leaves any process that shares the store. Cancellations always pass."
        ),
        opt=contract(
            answers={200: Answer(meaning="The switch as set.", view=KillSwitch)},
            raises=(*STORE, *BODY, ErrorCode.UNSUPPORTED),
        ),
    )
    async def set_kill_switch(request: Call, data: RequestBody[SetKillSwitch]) -> Reply:
        return answers.one(KillSwitch.of(await safety.set(data.state, data.reason, context(request))))

    return Router("/", route_handlers=[get_status, list_brokers, get_kill_switch, set_kill_switch], tags=["Gateway"])
