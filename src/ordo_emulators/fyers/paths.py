"""Every path that needs a token: what answers it, and what its kind has in common."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from ordo_emulators.faults import Operation
from ordo_emulators.fyers import books, exits, history, market, placing
from ordo_emulators.fyers.answers import Failure
from ordo_emulators.fyers.desk import Endpoint
from ordo_emulators.routes import Routes

API: Final = "/api/v3"
DATA: Final = "/data"


class Family(Enum):
    """The same dead token is called by another number in each."""

    TRADING = auto()
    DATA = auto()
    LEGACY = auto()
    LOGOUT = auto()
    BARE = auto()
    """The token stands in the header alone, without the app's id."""


_DEAD: Final = {
    Family.TRADING: (-16, "Could not authenticate the user"),
    Family.DATA: (-15, "Please provide valid token"),
    Family.LEGACY: (-17, "Could not authenticate the user"),
    Family.LOGOUT: (-16, "Token is Invalid or Expired"),
    Family.BARE: (-15, "Please provide valid token"),
}


def dead_token(family: Family) -> Failure:
    return Failure(*_DEAD[family], status=401)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    endpoint: Endpoint
    operation: Operation | None = None
    family: Family = Family.TRADING
    transactional: bool = False


def routes(logout: Endpoint) -> Routes[Route]:
    table = Routes[Route]()
    for path, endpoint, operation in (
        ("/profile", books.profile, None),
        ("/funds", books.funds, Operation.FUNDS),
        ("/holdings", books.holdings, Operation.HOLDINGS),
        ("/positions", books.positions, Operation.POSITIONS),
        ("/orders", books.orders, Operation.ORDERS),
        ("/tradebook", books.trades, Operation.TRADES),
    ):
        table.add("GET", f"{API}{path}", Route(endpoint=endpoint, operation=operation))
    for method, operation, one, queued in (
        ("POST", Operation.PLACE, placing.place, placing.queued_place),
        ("PATCH", Operation.MODIFY, placing.modify, placing.queued_modify),
        ("DELETE", Operation.CANCEL, placing.cancel, placing.queued_cancel),
    ):
        _add_writes(table, method, operation, "sync", one)
        _add_writes(table, method, operation, "async", queued)
    by_path = Route(endpoint=placing.single(placing.cancel), operation=Operation.CANCEL, transactional=True)
    table.add("DELETE", f"{API}/orders/{{id}}/sync", by_path)
    table.add("DELETE", f"{API}/positions", Route(endpoint=exits.exit_positions, transactional=True))
    table.add("POST", f"{API}/positions", Route(endpoint=exits.convert))
    table.add("POST", f"{API}/multiorder/margin", Route(endpoint=exits.multiorder_margin))
    table.add("POST", f"{API}/logout", Route(endpoint=logout, family=Family.LOGOUT))
    table.add("POST", "/api/v2/span_margin", Route(endpoint=exits.span_margin, family=Family.LEGACY))
    _add_data(table)
    return table


def _add_writes(table: Routes[Route], method: str, operation: Operation, last: str, one: placing.One) -> None:
    for path, endpoint in (("orders", placing.single(one)), ("multi-order", placing.basket(one))):
        route = Route(endpoint=endpoint, operation=operation, transactional=True)
        table.add(method, f"{API}/{path}/{last}", route)


def _add_data(table: Routes[Route]) -> None:
    for method in ("GET", "POST"):
        quotes = Route(endpoint=market.quotes, operation=Operation.QUOTES, family=Family.DATA)
        table.add(method, f"{DATA}/quotes", quotes)
    depth = Route(endpoint=market.depth, operation=Operation.QUOTES, family=Family.DATA)
    table.add("GET", f"{DATA}/depth", depth)
    table.add("GET", f"{DATA}/history", Route(endpoint=history.history))
    table.add("GET", f"{DATA}/options-chain-v3", Route(endpoint=market.option_chain, family=Family.DATA))
    table.add("GET", f"{DATA}/marketStatus", Route(endpoint=market.market_status, family=Family.DATA))
    table.add("POST", f"{DATA}/symbol-token", Route(endpoint=market.symbol_token, family=Family.BARE))
