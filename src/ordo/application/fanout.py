"""One question to many accounts: what is wrong at one broker costs its own answer only."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ordo.application.care import within
from ordo.application.context import Context
from ordo.application.portfolio import PortfolioService
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Invalid, OrdoError
from ordo.domain.portfolio import Portfolio
from ordo.ports.clock import Clock

_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioLeg:
    """One account's answer: its portfolio, or why there is none. A failed account is never an empty one."""

    account: Account
    portfolio: Portfolio | None = None
    error: OrdoError | None = None


class FanOut:
    """Asks several accounts at once. `seconds`: when every answer must be there, whoever has not answered."""

    def __init__(self, portfolios: PortfolioService, clock: Clock, *, seconds: float = 20.0) -> None:
        self._portfolios = portfolios
        self._clock = clock
        self._seconds = seconds

    async def portfolios(
        self, accounts: tuple[Account, ...], context: Context | None = None
    ) -> tuple[PortfolioLeg, ...]:
        """A leg for each account, in the order asked; raises `Invalid` for none, too many, one asked twice, or one that
        is not the caller's.
        """
        if not 0 < len(accounts) <= _MOST or len(set(accounts)) != len(accounts):
            raise Invalid.field(
                "account", f"must be given 1 to {_MOST} times, each account once", code=ErrorCode.VALIDATION_ERROR
            )
        context = context or Context()
        for account in accounts:
            context.permit(account)
        return tuple(await asyncio.gather(*(self._leg(account, context) for account in accounts)))

    async def _leg(self, account: Account, context: Context) -> PortfolioLeg:
        try:
            found = await within(
                self._clock, self._seconds, lambda: self._portfolios.portfolio(account, context), account
            )
        except OrdoError as error:
            return PortfolioLeg(account=account, error=error)
        return PortfolioLeg(account=account, portfolio=found)
