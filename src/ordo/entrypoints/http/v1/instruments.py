"""Finding the key of what shall be traded."""

from __future__ import annotations

from litestar import Router, get
from litestar.response.base import ASGIResponse

from ordo.application.gateway import Gateway
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import InstrumentKey
from ordo.entrypoints.http import answers
from ordo.entrypoints.http.contract import Answer, Contract, contract
from ordo.entrypoints.http.reading import Call, asked
from ordo.schemas.v1.market import Instrument
from ordo.schemas.v1.queries import InstrumentQuery


def routes(gateway: Gateway) -> Router:
    instruments = gateway.instruments

    @get(
        "/",
        operation_id="searchInstruments",
        summary="Search by key or name",
        description=(
            "Instruments whose key begins with the text, or whose key and name hold all of its words; best first."
        ),
        opt=contract(
            Contract(
                answers={200: Answer(meaning="What was found.", view=Instrument, many=True)},
                raises=(ErrorCode.VALIDATION_ERROR,),
                query=InstrumentQuery,
            )
        ),
    )
    async def search(request: Call) -> ASGIResponse:
        wanted = asked(request, InstrumentQuery)
        return answers.many(Instrument, instruments.directory().search(wanted.query, limit=wanted.limit))

    @get(
        "/{key:str}",
        operation_id="getInstrument",
        summary="The facts of one instrument",
        description="Lot, tick, freeze quantity and band, as they are today. In the path, a `&` is written `%26`.",
        opt=contract(
            Contract(
                answers={200: Answer(meaning="The instrument.", view=Instrument)},
                raises=(ErrorCode.NOT_FOUND,),
            )
        ),
    )
    async def get_instrument(request: Call) -> ASGIResponse:
        text = request.path_params["key"]
        try:
            found = instruments.directory().get(InstrumentKey.parse(text))
        except Invalid as error:
            raise Invalid(ErrorCode.NOT_FOUND, error.message, fields=error.fields) from None
        if found is None:
            raise Invalid.field("key", "is not known today; search for it", seen=text, code=ErrorCode.NOT_FOUND)
        return answers.one(Instrument.of(found))

    return Router("/instruments", route_handlers=[search, get_instrument], tags=["Market"])
