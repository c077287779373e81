"""What an account owns, what it did, and what it is told of the market."""

from __future__ import annotations

from litestar import Router, get

from ordo.application.gateway import Gateway
from ordo.domain.errors import ErrorCode
from ordo.domain.instruments import InstrumentKey
from ordo.entrypoints.http import answers
from ordo.entrypoints.http.answers import Reply
from ordo.entrypoints.http.contract import READ, Answer, contract
from ordo.entrypoints.http.reading import Call, account, asked, context
from ordo.schemas.v1.market import Quote
from ordo.schemas.v1.portfolio import Funds, Holding, Portfolio, Position, Trade
from ordo.schemas.v1.queries import QuoteQuery

_FAILED = "A read that fails is an error; it is never an empty answer."
_AS_OF = ("X-Ordo-As-Of",)


def routes(gateway: Gateway) -> Router:
    portfolio, quotes, orders = gateway.portfolio, gateway.quotes, gateway.orders

    @get(
        "/portfolio",
        operation_id="getPortfolio",
        summary="Money, positions and holdings",
        description=(
            "Read from the broker at once, or remembered for the seconds that the gateway is set to; as old as the"
            f" oldest of the three reads, which `as_of` and `Age` tell. {_FAILED}"
        ),
        opt=contract(answers={200: Answer(meaning="The portfolio.", view=Portfolio, headers=("Age",))}, raises=READ),
    )
    async def get_portfolio(request: Call) -> Reply:
        found = await portfolio.portfolio(account(request), context(request))
        return answers.one(Portfolio.of(found), headers={"Age": str(portfolio.age(found))})

    @get(
        "/funds",
        operation_id="getFunds",
        summary="What the account can spend",
        description=_FAILED,
        opt=contract(answers={200: Answer(meaning="The funds.", view=Funds)}, raises=READ),
    )
    async def get_funds(request: Call) -> Reply:
        return answers.one(Funds.of(await portfolio.funds(account(request), context(request))))

    @get(
        "/positions",
        operation_id="listPositions",
        summary="The day's positions",
        description=f"Those closed today included. {_FAILED}",
        opt=contract(
            answers={200: Answer(meaning="The positions.", view=Position, many=True, headers=_AS_OF)}, raises=READ
        ),
    )
    async def list_positions(request: Call) -> Reply:
        return answers.all_of(Position, await portfolio.positions(account(request), context(request)))

    @get(
        "/holdings",
        operation_id="listHoldings",
        summary="What is held for delivery",
        description=_FAILED,
        opt=contract(
            answers={200: Answer(meaning="The holdings.", view=Holding, many=True, headers=_AS_OF)}, raises=READ
        ),
    )
    async def list_holdings(request: Call) -> Reply:
        return answers.all_of(Holding, await portfolio.holdings(account(request), context(request)))

    @get(
        "/trades",
        operation_id="listTrades",
        summary="The trading day's executions",
        description=f"Oldest first. {_FAILED}",
        opt=contract(answers={200: Answer(meaning="The trades.", view=Trade, many=True, headers=_AS_OF)}, raises=READ),
    )
    async def list_trades(request: Call) -> Reply:
        return answers.all_of(Trade, await orders.trades(account(request), context(request)))

    @get(
        "/quotes",
        operation_id="listQuotes",
        summary="Quotes through this account",
        description="In the order asked; an error when even one can't be had.",
        opt=contract(
            answers={200: Answer(meaning="The quotes.", view=Quote, many=True)},
            raises=(*READ, ErrorCode.VALIDATION_ERROR, ErrorCode.INVALID_INSTRUMENT, ErrorCode.UNSUPPORTED),
            query=QuoteQuery,
        ),
    )
    async def list_quotes(request: Call) -> Reply:
        keys = tuple(InstrumentKey.parse(text) for text in asked(request, QuoteQuery).instrument)
        return answers.many(Quote, await quotes.quotes(account(request), keys, context(request)))

    return Router(
        "/accounts/{adapter_id:str}/{account_id:str}",
        route_handlers=[get_portfolio, get_funds, list_positions, list_holdings, list_trades, list_quotes],
        tags=["Accounts"],
    )
