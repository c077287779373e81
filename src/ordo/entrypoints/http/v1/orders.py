"""Placing, changing and finding orders."""

from __future__ import annotations

from litestar import Router, delete, get, patch, post
from litestar.params import RequestBody

from ordo.application.gateway import Gateway
from ordo.domain.errors import ErrorCode
from ordo.entrypoints.http import answers
from ordo.entrypoints.http.answers import Reply
from ordo.entrypoints.http.contract import BODY, CHANGE, CHECKS, READ, WRITE, Answer, contract
from ordo.entrypoints.http.reading import Call, account, asked, context, key, reads
from ordo.schemas.v1.orders import MODIFY_EXAMPLE, PLACE_EXAMPLES, ModifyOrder, Order, PlaceOrder
from ordo.schemas.v1.preview import Preview
from ordo.schemas.v1.queries import CancelQuery
from ordo.schemas.v1.resolving import ResolveOrder


def _order(meaning: str) -> Answer:
    return Answer(
        meaning=meaning,
        view=Order,
        headers=("Location", "Idempotency-Replayed"),
        links=("getOrder", "modifyOrder", "cancelOrder"),
    )


_UNKNOWN = _order(
    "It is not known yet whether the broker took it. Never repeat it under another key: ask for the order, or repeat"
    " the call with the same key, and Ordo looks again."
)


def routes(gateway: Gateway) -> Router:
    orders = gateway.orders
    placing = reads(PlaceOrder, gateway.instruments.key_of)

    @get(
        "/",
        operation_id="listOrders",
        summary="The trading day's orders",
        description=(
            "Oldest first: what the broker's book shows, orders of other programs included, and what it does not show"
            " yet."
        ),
        opt=contract(
            answers={200: Answer(meaning="The orders.", view=Order, many=True, headers=("X-Ordo-As-Of",))}, raises=READ
        ),
    )
    async def list_orders(request: Call) -> Reply:
        return answers.orders(await orders.list(account(request), context(request)))

    @post(
        "/",
        operation_id="placeOrder",
        summary="Place an order",
        description=(
            "Every check runs before anything is recorded or sent. Then the key and the order are recorded durably, and"
            " the order is sent once. The same key with the same body repeats the first answer."
        ),
        opt=placing
        | contract(
            answers={201: _order("The broker has the order."), 202: _UNKNOWN},
            raises=(*WRITE, *BODY, *CHECKS),
            keyed=True,
            examples=PLACE_EXAMPLES,
        ),
    )
    async def place(request: Call, data: RequestBody[PlaceOrder]) -> Reply:
        placed = await orders.place(account(request), data.to_domain(), key=key(request), context=context(request))
        return answers.order(placed, status=201)

    @post(
        "/preview",
        operation_id="previewOrder",
        summary="Check an order without placing it",
        description="Runs every check that placing it would run. Nothing is sent and nothing is kept.",
        opt=placing
        | contract(
            answers={200: Answer(meaning="What each check says.", view=Preview)},
            raises=(*READ, *BODY, ErrorCode.INVALID_INSTRUMENT, ErrorCode.INVALID_ORDER),
            examples=PLACE_EXAMPLES,
        ),
    )
    async def preview(request: Call, data: RequestBody[PlaceOrder]) -> Reply:
        return answers.one(Preview.of(await orders.preview(account(request), data.to_domain(), context(request))))

    @get(
        "/{order_id:str}",
        operation_id="getOrder",
        summary="One order, with its history",
        description=(
            "As it stands now. Asking for an order whose outcome is unknown makes Ordo look into the broker's book."
        ),
        opt=contract(
            answers={200: Answer(meaning="The order.", view=Order)}, raises=(*READ, ErrorCode.ORDER_NOT_FOUND)
        ),
    )
    async def get_order(request: Call) -> Reply:
        found = await orders.get(account(request), request.path_params["order_id"], context(request))
        return answers.read_order(found)

    @patch(
        "/{order_id:str}",
        operation_id="modifyOrder",
        summary="Change a live order",
        description="What is left out stays as it is; the whole is checked like a new order.",
        opt=reads(ModifyOrder)
        | contract(
            answers={200: _order("The order as changed."), 202: _UNKNOWN},
            raises=(*CHANGE, *BODY, *CHECKS),
            keyed=True,
            examples={"change": MODIFY_EXAMPLE},
        ),
    )
    async def modify(request: Call, data: RequestBody[ModifyOrder]) -> Reply:
        order_id, change = request.path_params["order_id"], data.to_domain()
        changed = await orders.modify(account(request), order_id, change, key=key(request), context=context(request))
        return answers.order(changed)

    @delete(
        "/{order_id:str}",
        status_code=200,
        operation_id="cancelOrder",
        summary="Cancel a live order",
        description=(
            "Passes every kill switch, but while trading is not `ACTIVE` an order that protects an open position needs"
            " `force=true`. The broker confirms later: until then the order has `pending_op` `CANCEL`, and"
            " may still be filled."
        ),
        opt=contract(
            answers={200: _order("The broker has the cancellation."), 202: _UNKNOWN},
            raises=(
                *CHANGE,
                ErrorCode.VALIDATION_ERROR,
                ErrorCode.ORDER_REJECTED,
                ErrorCode.KILL_SWITCH_ACTIVE,
                ErrorCode.ORDER_BUDGET,
            ),
            query=CancelQuery,
            keyed=True,
        ),
    )
    async def cancel(request: Call) -> Reply:
        order_id = request.path_params["order_id"]
        force = asked(request, CancelQuery).force
        return answers.order(
            await orders.cancel(account(request), order_id, key=key(request), force=force, context=context(request))
        )

    @post(
        "/{order_id:str}/resolve",
        status_code=200,
        operation_id="resolveOrder",
        summary="Settle by hand an order whose outcome nobody can find out",
        description=(
            "For an operator who has asked the broker. The book is read once more, and what it shows counts more than"
            " what is said here. The word is written to the audit trail before it counts. Nothing is ever sent."
        ),
        opt=reads(ResolveOrder)
        | contract(
            answers={200: Answer(meaning="The order as it stands now.", view=Order, headers=("Location",))},
            raises=(
                *READ,
                *BODY,
                ErrorCode.ORDER_NOT_FOUND,
                ErrorCode.ORDER_NOT_MODIFIABLE,
                ErrorCode.INVALID_ORDER,
                ErrorCode.IDEMPOTENCY_IN_FLIGHT,
            ),
        ),
    )
    async def resolve(request: Call, data: RequestBody[ResolveOrder]) -> Reply:
        return answers.order(
            await gateway.resolver.resolve(
                account(request),
                request.path_params["order_id"],
                data.finding,
                why=data.why,
                broker_order_id=data.broker_order_id,
                context=context(request),
            )
        )

    return Router(
        "/accounts/{adapter_id:str}/{account_id:str}/orders",
        route_handlers=[list_orders, place, preview, get_order, modify, cancel, resolve],
        tags=["Orders"],
    )
