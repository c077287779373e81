"""Every path, and what it asks of a caller."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from ordo_emulators.faults import Operation
from ordo_emulators.hdfc import account, entrance, orders, placing, quotes
from ordo_emulators.hdfc.answers import gateway
from ordo_emulators.hdfc.desk import Call, Desk, Endpoint
from ordo_emulators.routes import Routes
from ordo_emulators.server import Response

API: Final = "/oapi/v1"
MASTER: Final = f"{API}/security-master"
PROFILE: Final = "/oapi/v3/user/profile"
METHODS: Final = ("GET", "POST", "PUT", "DELETE")


class Access(Enum):
    KEY = auto()
    """The application's key, without a token: the login."""
    TOKEN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    endpoint: Endpoint
    access: Access
    operation: Operation | None = None


_Entry = tuple[str, str, Endpoint, Operation | None]


def _margin(_: Desk, __: Call) -> Response:
    """The route is there, and nobody knows what it wants to be sent: it refuses everything, which is a guess."""
    raise gateway(400, "Unable to read request Data")


_LOGIN: Final[tuple[_Entry, ...]] = (
    ("GET", "/login", entrance.start, None),
    ("POST", "/login/validate", entrance.password, None),
    ("GET", "/twofa/resend", entrance.resend, None),
    ("POST", "/twofa/validate", entrance.otp, None),
    ("GET", "/authorise", entrance.authorise, None),
    # What a lost login loses is the request token.
    ("POST", "/access-token", entrance.access_token, Operation.LOGIN),
)
_TRADING: Final[tuple[_Entry, ...]] = (
    ("POST", "/orders/regular", placing.place, Operation.PLACE),
    ("POST", "/orders/regular/", placing.place, Operation.PLACE),
    ("PUT", "/orders/regular/{id}", placing.modify, Operation.MODIFY),
    ("DELETE", "/orders/regular/{id}", placing.cancel, Operation.CANCEL),
    ("GET", "/orders", orders.orders, Operation.ORDERS),
    ("GET", "/orders/{id}", orders.one_order, Operation.ORDERS),
    ("GET", "/trades", orders.trades, Operation.TRADES),
    ("GET", "/orders/{id}/trades", orders.trades_of_one_order, Operation.TRADES),
    ("GET", "/user/margins", account.funds, Operation.FUNDS),
    ("GET", "/portfolio/holdings", account.holdings, Operation.HOLDINGS),
    ("GET", "/portfolio/cumulative-positions", account.positions, Operation.POSITIONS),
    ("PUT", "/fetch-ltp", quotes.fetch_ltp, Operation.QUOTES),
    ("POST", "/margin", _margin, None),
)


def routes() -> Routes[Route]:
    table = Routes[Route]()
    for access, entries in ((Access.KEY, _LOGIN), (Access.TOKEN, _TRADING)):
        for method, path, endpoint, operation in entries:
            table.add(method, f"{API}{path}", Route(endpoint=endpoint, operation=operation, access=access))
    for method in ("GET", "POST"):
        table.add(method, PROFILE, Route(endpoint=account.profile, access=Access.TOKEN))
    return table
