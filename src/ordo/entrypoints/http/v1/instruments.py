"""Finding the key of what shall be traded."""

from __future__ import annotations

from litestar import Router, get, post

from ordo.application.gateway import Gateway
from ordo.domain.errors import ErrorCode, Invalid
from ordo.entrypoints.http import answers
from ordo.entrypoints.http.answers import Reply
from ordo.entrypoints.http.contract import Answer, contract
from ordo.entrypoints.http.reading import Call, asked, context
from ordo.schemas.v1.market import Instrument
from ordo.schemas.v1.queries import InstrumentQuery
from ordo.schemas.v1.status import Master


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
            answers={200: Answer(meaning="What was found.", view=Instrument, many=True)},
            raises=(ErrorCode.VALIDATION_ERROR,),
            query=InstrumentQuery,
        ),
    )
    async def search(request: Call) -> Reply:
        wanted = asked(request, InstrumentQuery)
        return answers.many(Instrument, instruments.search(wanted.query, limit=wanted.limit))

    @get(
        "/{key:str}",
        operation_id="getInstrument",
        summary="The facts of one instrument",
        description=(
            "Lot, tick, freeze quantity and band, as they are today. In the path, a `&` is written `%26`. The spellings"
            " of FYERS, Kite and OpenAlgo are understood where exactly one listed instrument is spelt so. A key that is"
            " not listed is not found; any other text that names nothing, or several, is an invalid instrument. Both"
            " answers name the nearest keys."
        ),
        opt=contract(
            answers={200: Answer(meaning="The instrument.", view=Instrument)},
            raises=(ErrorCode.NOT_FOUND, ErrorCode.INVALID_INSTRUMENT),
        ),
    )
    async def get_instrument(request: Call) -> Reply:
        key = instruments.key_of(request.path_params["key"])
        try:
            return answers.one(Instrument.of(instruments.resolve(str(key))))
        except Invalid as error:
            raise Invalid(ErrorCode.NOT_FOUND, error.message, fields=error.fields) from None

    @post(
        "/sync",
        status_code=202,
        operation_id="syncInstruments",
        summary="Load the brokers' instrument masters",
        description=(
            "Begins a load, unless one is under way, and answers at once; `reading` in the answer of `/api/v1/status`"
            " counts its rows. Its outcome is told there too: a source is `CURRENT`, or has a `stale_reason` and the"
            " instruments of before stay. Asks for a token for every account."
        ),
        opt=contract(
            answers={202: Answer(meaning="The load is under way.", view=Master, many=True)},
            raises=(ErrorCode.UNSUPPORTED,),
        ),
    )
    async def sync(request: Call) -> Reply:
        context(request).permit_all(line.adapter_id for line in gateway.brokers.lines)
        return answers.many(Master, instruments.start_sync(), status=202)

    return Router("/instruments", route_handlers=[search, get_instrument, sync], tags=["Market"])
