"""Settings for gateways whose clock stands still, or races: what a broker takes in a second of theirs is no bound."""

from __future__ import annotations

from typing import Final

_FYERS: Final = "ORDO_BROKERS__FYERS"
_MANY: Final = "1000000"
UNPACED: Final = {
    "fyers": {
        f"{_FYERS}__CALLS_PER_SECOND": _MANY,
        f"{_FYERS}__CALLS_PER_MINUTE": _MANY,
        f"{_FYERS}__CALLS_PER_DAY": _MANY,
        f"{_FYERS}__STRIKES_PER_DAY": "0",
    },
    "hdfc": {"ORDO_BROKERS__HDFC__READS_PER_SECOND": "1000", "ORDO_LIMITS__ORDERS_PER_SECOND": _MANY},
}
