from ordo.testing import (
    fyers_emulator,
    hdfc_emulator,
    ordo_client,
    ordo_clock,
    ordo_gateway,
    ordo_market,
    ordo_settings,
)

__all__ = [
    "fyers_emulator",
    "hdfc_emulator",
    "ordo_client",
    "ordo_clock",
    "ordo_gateway",
    "ordo_market",
    "ordo_settings",
]
