"""For load balancers and process managers: is it alive, and can it serve."""

from __future__ import annotations

from litestar import Router, get

from ordo.application.gateway import Gateway
from ordo.domain.errors import ErrorCode, FieldFault, Unavailable
from ordo.entrypoints.http import answers
from ordo.entrypoints.http.answers import Reply
from ordo.entrypoints.http.contract import PUBLIC, Answer, contract
from ordo.schemas.v1.status import Health


def routes(gateway: Gateway) -> Router:
    @get(
        "/health",
        operation_id="getHealth",
        summary="Is the process alive",
        description="Looks at nothing else. Needs no token.",
        opt=PUBLIC | contract(answers={200: Answer(meaning="It is.", view=Health)}),
    )
    async def health() -> Reply:
        return answers.one(Health(status="ok"))

    @get(
        "/ready",
        operation_id="getReady",
        summary="Can it serve",
        description="Asks every store. Needs no token.",
        opt=PUBLIC
        | contract(answers={200: Answer(meaning="It can.", view=Health)}, raises=(ErrorCode.STORE_UNAVAILABLE,)),
    )
    async def ready() -> Reply:
        missing = [store for store in await gateway.status.stores() if not store.ok]
        if missing:
            raise Unavailable(
                ErrorCode.STORE_UNAVAILABLE,
                "Ordo can't serve now: it is missing " + ", ".join(store.name for store in missing) + ".",
                fields=tuple(
                    FieldFault(field=store.name, message=store.message or "does not serve") for store in missing
                ),
            )
        return answers.one(Health(status="ready"))

    return Router("/", route_handlers=[health, ready], tags=["Gateway"])
