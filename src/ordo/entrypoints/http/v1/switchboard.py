"""The gateway itself: how it is, what it can do, and the switch that stops it."""

from __future__ import annotations

from dataclasses import replace

from litestar import Router, get, put
from litestar.params import RequestBody

from ordo.application.context import Context
from ordo.application.gateway import Gateway
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode
from ordo.entrypoints.http import answers
from ordo.entrypoints.http.answers import Reply
from ordo.entrypoints.http.contract import BODY, STORE, Answer, contract
from ordo.entrypoints.http.reading import Call, asked, context, reads
from ordo.schemas.v1.portfolio import PortfolioLeg
from ordo.schemas.v1.queries import PortfolioQuery, SwitchQuery
from ordo.schemas.v1.safety import KillSwitch, SetKillSwitch
from ordo.schemas.v1.status import Broker, Status


def routes(gateway: Gateway) -> Router:
    safety = gateway.safety

    @get(
        "/status",
        operation_id="getStatus",
        summary="The state of everything that an order depends on",
        description="Stores, sessions, switches, circuits, budgets, and the orders whose outcome nobody knows yet.",
        opt=contract(answers={200: Answer(meaning="The status.", view=Status)}, raises=STORE),
    )
    async def get_status(request: Call) -> Reply:
        caller, status = context(request), await gateway.status.status()
        seen = replace(
            status,
            account_switches=tuple(
                switch for switch in status.account_switches if switch.account is None or caller.covers(switch.account)
            ),
            budgets=tuple(budget for budget in status.budgets if caller.covers(budget.account)),
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

    def _served(account: Account, caller: Context) -> Account:
        caller.permit(account)
        gateway.brokers.of(account)
        return account

    @get(
        "/portfolios",
        operation_id="listPortfolios",
        summary="The portfolios of several accounts",
        description=(
            "All at once, in the order asked. What is wrong at one broker costs that account's answer only, and a"
            " failed account is never an empty one."
        ),
        opt=contract(
            answers={
                200: Answer(meaning="Every portfolio.", view=PortfolioLeg, many=True),
                207: Answer(meaning="Some could not be read; each says why.", view=PortfolioLeg, many=True),
            },
            raises=(ErrorCode.VALIDATION_ERROR, ErrorCode.UNKNOWN_ACCOUNT),
            query=PortfolioQuery,
        ),
    )
    async def list_portfolios(request: Call) -> Reply:
        accounts = tuple(Account.parse(text) for text in asked(request, PortfolioQuery).account)
        legs = await gateway.fanout.portfolios(accounts, context(request))
        return answers.portfolios(legs, correlation_id=context(request).correlation_id)

    @get(
        "/kill-switch",
        operation_id="getKillSwitch",
        summary="How the kill switch stands",
        description="With who set it, when and why.",
        opt=contract(
            answers={200: Answer(meaning="The switch.", view=KillSwitch)},
            raises=(*STORE, ErrorCode.VALIDATION_ERROR, ErrorCode.UNKNOWN_ACCOUNT),
            query=SwitchQuery,
        ),
    )
    async def get_kill_switch(request: Call) -> Reply:
        named = asked(request, SwitchQuery).account
        account = None if named is None else _served(Account.parse(named), context(request))
        return answers.one(KillSwitch.of(await safety.get(account)))

    @put(
        "/kill-switch",
        operation_id="setKillSwitch",
        summary="Halt or resume trading",
        description=(
            "When this answers, no order that the state forbids leaves any process that shares the store: it waits for"
            " those that were leaving. Cancellations pass; one of an order that protects a position needs `force`."
            " Without an account it is the gateway's own switch, which only a token for every account may set."
        ),
        opt=reads(SetKillSwitch)
        | contract(
            answers={200: Answer(meaning="The switch as set.", view=KillSwitch)},
            raises=(*STORE, *BODY, ErrorCode.UNKNOWN_ACCOUNT),
        ),
    )
    async def set_kill_switch(request: Call, data: RequestBody[SetKillSwitch]) -> Reply:
        caller = context(request)
        if data.account is None:
            caller.permit_all(line.adapter_id for line in gateway.brokers.lines)
        else:
            _served(data.account, caller)
        switch = await safety.set(data.state, data.reason, caller, account=data.account)
        return answers.one(KillSwitch.of(switch))

    return Router(
        "/",
        route_handlers=[get_status, list_brokers, list_portfolios, get_kill_switch, set_kill_switch],
        tags=["Gateway"],
    )
