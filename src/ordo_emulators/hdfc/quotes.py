"""`fetch-ltp`: the last price and yesterday's close of up to ten instruments, and nothing else."""

from typing import Final

from ordo_emulators.hdfc.answers import gateway
from ordo_emulators.hdfc.codes import Listed, quote_exchange
from ordo_emulators.hdfc.desk import Call, Desk
from ordo_emulators.instruments import Venue
from ordo_emulators.server import Response, json_response

_MOST: Final = 10
_NAMELESS: Final = {Venue.BFO, Venue.CDS}


def fetch_ltp(desk: Desk, call: Call) -> Response:
    """What it does not know it leaves out. The text for a body that it can't read is a guess."""
    items = call.fields.get("data")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise gateway(400, "Unable to read request Data")
    if len(items) > _MOST:
        # Live, on the sibling platform.
        raise gateway(400, "maximum 10 items allowed")
    known = [desk.codes.by_token.get((str(item.get("exchange")), str(item.get("token")))) for item in items]
    data = [_row(desk, listed) for listed in known if listed is not None]
    return json_response({"data": data, "meta": {"statusCode": "OK", "statusMsg": "OK"}})


def _row(desk: Desk, listed: Listed) -> dict[str, object]:
    instrument = listed.instrument
    return {
        "prev_close": instrument.close,
        "ltp": desk.exchange.price(instrument),
        "exchange": "" if instrument.venue in _NAMELESS else quote_exchange(instrument),
        "token": instrument.token,
    }
