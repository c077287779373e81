"""Baskets: several orders under one key."""

from __future__ import annotations

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict, JsonValue

from ordo.domain import baskets as domain
from ordo.domain.accounts import Account
from ordo.domain.baskets import MAX_LEGS, Basket, BasketMode, LegOutcome
from ordo.schemas.v1.base import Asked, View
from ordo.schemas.v1.errors import ApiError
from ordo.schemas.v1.fields import AccountName
from ordo.schemas.v1.orders import PLACE_EXAMPLES, Order, PlaceOrder
from ordo.schemas.v1.rules import PLACE_RULES

_LEG_EXAMPLES: list[JsonValue] = [{"account": "paper/DEMO", **example} for example in PLACE_EXAMPLES.values()]
BASKET_EXAMPLE: JsonDict = {"mode": "AT_ONCE", "legs": _LEG_EXAMPLES}


class PlaceLeg(PlaceOrder):
    """One order of a basket: the order as for placing it alone, and its account."""

    model_config = ConfigDict(json_schema_extra={**PLACE_RULES, "examples": _LEG_EXAMPLES})

    account: AccountName = Field(description="The account that it is for, `ADAPTER_ID/ACCOUNT_ID`.")


class PlaceBasket(Asked):
    """Several orders to place under one key, each at most once."""

    model_config = ConfigDict(json_schema_extra={"examples": [BASKET_EXAMPLE]})

    mode: BasketMode = Field(
        default=BasketMode.AT_ONCE,
        description=(
            "`IN_ORDER`: each leg is sent once the one before is at its broker, and the first that is not ends it."
            " `AT_ONCE`: all at the same time, each on its own."
        ),
    )
    legs: tuple[PlaceLeg, ...] = Field(min_length=1, max_length=MAX_LEGS, description="The orders.")

    def to_domain(self) -> Basket:
        """The basket in the words of the domain, which checks it; raises the domain's own `Invalid`."""
        return Basket(
            mode=self.mode,
            legs=tuple(domain.Leg(account=Account.parse(leg.account), order=leg.to_domain()) for leg in self.legs),
        )


class LegResult(View[object]):
    """What became of one leg."""

    account: AccountName = Field(description="The account that it is for.")
    outcome: LegOutcome = Field(
        description=(
            "`PLACED`: the broker has it. `REFUSED`: the broker said no. `NOT_SENT`: certainly nothing happened."
            " `UNKNOWN`: it may be at the broker. `SKIPPED`: not tried, because an earlier leg is not at its broker."
            " The same basket with the same key tries again what was not sent or skipped, and nothing else."
        )
    )
    order: Order | None = Field(description="The order, where there is one.")
    error: ApiError | None = Field(description="What the leg met, as placing it alone would have answered.")


class BasketResult(View[object]):
    """One result a leg, in the order of the legs."""

    legs: tuple[LegResult, ...] = Field(description="What became of each leg.")
