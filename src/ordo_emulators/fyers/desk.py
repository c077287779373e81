"""What every FYERS endpoint is given: the desk it works at, and the call it answers."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ordo_emulators.accounts import Account
from ordo_emulators.exchange import Exchange
from ordo_emulators.faults import Taken
from ordo_emulators.fyers.limits import Limiter
from ordo_emulators.fyers.login import ACCOUNT
from ordo_emulators.fyers.settings import Settings
from ordo_emulators.fyers.symbols import Symbols
from ordo_emulators.instruments import Instrument
from ordo_emulators.orders import Order


@dataclass(slots=True, kw_only=True)
class Desk:
    exchange: Exchange
    symbols: Symbols
    settings: Settings
    limiter: Limiter
    own_tags: dict[str, str] = field(default_factory=dict)
    """By order id, the tag of an order that the broker itself made; in the books it stands behind `2:`."""

    @property
    def account(self) -> Account:
        return self.exchange.account(ACCOUNT)

    def ticker(self, instrument: Instrument) -> str:
        return self.symbols.ticker(instrument)

    def tag(self, order: Order) -> str:
        """As the books show it."""
        own = self.own_tags.get(order.id)
        if own is not None:
            return f"2:{own}"
        return f"1:{order.terms.tag}" if order.terms.tag and order.tag_echoed else "2:Untagged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    query: Mapping[str, str]
    body: object
    """Parsed JSON, with decimals as `Decimal`; None without a body."""
    params: tuple[str, ...] = ()
    taken: Taken = field(default_factory=Taken)
    token: str = ""


def fyers_uuid(order: Order) -> str:
    """`id_fyers`."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, order.id))


Endpoint = Callable[[Desk, Call], dict[str, object]]
"""Returns the body of a success; a `Failure` is the body of an error."""
