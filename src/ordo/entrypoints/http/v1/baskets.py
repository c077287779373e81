"""Placing several orders under one key."""

from __future__ import annotations

from litestar import Router, post
from litestar.params import RequestBody

from ordo.application.gateway import Gateway
from ordo.domain.baskets import LegResult
from ordo.domain.errors import ErrorCode
from ordo.entrypoints.http import answers
from ordo.entrypoints.http.answers import Reply
from ordo.entrypoints.http.contract import ACCOUNT, BODY, KEYED, STORE, Answer, contract
from ordo.entrypoints.http.correlation import correlation_id
from ordo.entrypoints.http.errors import told
from ordo.entrypoints.http.reading import Call, context, key, reads
from ordo.schemas.v1 import baskets as v1
from ordo.schemas.v1.baskets import BASKET_EXAMPLE, BasketResult, PlaceBasket
from ordo.schemas.v1.orders import Order

_REPLAYED = ("Idempotency-Replayed",)


def routes(gateway: Gateway) -> Router:
    @post(
        "/",
        operation_id="placeBasket",
        summary="Place several orders under one key",
        description=(
            "Each leg is an order of its own, placed at most once. The same key with the same basket repeats what was"
            " answered of a leg, looks again for one whose outcome is unknown, and tries again only what is proven"
            " unsent."
        ),
        opt=reads(PlaceBasket)
        | contract(
            answers={
                200: Answer(meaning="Every leg is at its broker.", view=BasketResult, headers=_REPLAYED),
                207: Answer(
                    meaning="Not every leg is; each says what became of it.", view=BasketResult, headers=_REPLAYED
                ),
            },
            raises=(*ACCOUNT, *STORE, *KEYED, *BODY, ErrorCode.INVALID_INSTRUMENT, ErrorCode.INVALID_ORDER),
            keyed=True,
            examples={"at once": BASKET_EXAMPLE},
        ),
    )
    async def place(request: Call, data: RequestBody[PlaceBasket]) -> Reply:
        result = await gateway.baskets.place(data.to_domain(), key=key(request), context=context(request))
        correlation = correlation_id(request.scope)
        view = BasketResult(legs=tuple(_leg(leg, correlation) for leg in result.legs))
        headers = {"Idempotency-Replayed": "true"} if all(_is_replayed(leg) for leg in result.legs) else None
        return answers.one(view, status=200 if result.is_placed else 207, headers=headers)

    return Router("/baskets", route_handlers=[place], tags=["Orders"])


def _is_replayed(result: LegResult) -> bool:
    return any(told is not None and told.replayed for told in (result.order, result.error))


def _leg(result: LegResult, correlation: str) -> v1.LegResult:
    error = result.error
    return v1.LegResult(
        account=str(result.leg.account),
        outcome=result.outcome,
        order=None if result.order is None else Order.of(result.order),
        error=None
        if error is None
        else told(error, correlation_id=error.correlation_id or correlation, order_write=True),
    )
