"""Placing several orders under one key, each of them at most once."""

from __future__ import annotations

import asyncio
import logging

from ordo.application.context import Context
from ordo.application.once import Once
from ordo.application.orders import OrderService, Part
from ordo.domain.baskets import MAX_LEGS, Basket, BasketMode, BasketResult, Leg, LegOutcome, LegResult
from ordo.domain.errors import ErrorCode, Invalid, OrdoError, Outcome, OutcomeUnknown
from ordo.domain.idempotency import IntentKey, digest, fingerprint

_log = logging.getLogger(__name__)
_OUTCOMES = {
    Outcome.NOT_SENT: LegOutcome.NOT_SENT,
    Outcome.REFUSED: LegOutcome.REFUSED,
    Outcome.UNKNOWN: LegOutcome.UNKNOWN,
}


class BasketService:
    """Places baskets. Each leg is an order of its own, under the basket's key and its place in it."""

    def __init__(self, once: Once, orders: OrderService) -> None:
        self._once = once
        self._orders = orders

    async def place(self, basket: Basket, *, key: str, context: Context | None = None) -> BasketResult:
        """Place the legs, and say of each what became of it.

        With the same key and basket again, a leg that was placed, refused or lost is answered as `OrderService.place`
        answers it, and one that is proven unsent is tried again; in `IN_ORDER` all after a leg that is not placed are
        left alone. Raises `Invalid` for a key that can't be or that served another basket of one of the accounts, and
        for an account that is not the caller's; what befalls one leg is its own result.
        """
        context = context or Context()
        for leg in basket.legs:
            context.permit(leg.account)
        whole = basket.fingerprint
        await self._refuse_reuse(basket, whole, key, context)
        if basket.mode is BasketMode.AT_ONCE:
            legs = (self._placed(number, leg, whole, key, context) for number, leg in enumerate(basket.legs))
            return BasketResult(legs=tuple(await asyncio.gather(*legs)))
        results: list[LegResult] = []
        for number, leg in enumerate(basket.legs):
            is_over = any(result.outcome is not LegOutcome.PLACED for result in results)
            skipped = LegResult(leg=leg, outcome=LegOutcome.SKIPPED)
            results.append(skipped if is_over else await self._placed(number, leg, whole, key, context))
        return BasketResult(legs=tuple(results))

    async def _placed(self, number: int, leg: Leg, whole: str, key: str, context: Context) -> LegResult:
        part = Part(route=_route(number), whole=whole)
        try:
            order = await self._orders.place(leg.account, leg.order, key=key, context=context, part=part)
        except OrdoError as error:
            return LegResult(leg=leg, outcome=_OUTCOMES[error.outcome], order=error.order, error=error)
        except Exception:  # noqa: BLE001  (one leg must not hide what became of the others)
            _log.exception("Leg %d of a basket for %s failed.", number + 1, leg.account)
            unforeseen = OutcomeUnknown(
                "Ordo failed in a way that it did not foresee: the leg may or may not be at its broker. Repeat the"
                " basket with the same key, and Ordo looks."
            )
            return LegResult(leg=leg, outcome=LegOutcome.UNKNOWN, error=unforeseen)
        return LegResult(leg=leg, outcome=LegOutcome.PLACED, order=order)

    async def _refuse_reuse(self, basket: Basket, whole: str, key: str, context: Context) -> None:
        for account in sorted({leg.account for leg in basket.legs}, key=str):
            for number in range(MAX_LEGS):
                route = _route(number)
                holder = await self._once.holder(
                    IntentKey(principal=context.principal, account=account, route=route, key=key)
                )
                if holder is None:
                    continue
                leg = basket.legs[number] if number < len(basket.legs) else None
                if leg is None or holder.fingerprint != digest(fingerprint(leg.order), whole):
                    raise Invalid(
                        ErrorCode.IDEMPOTENCY_KEY_REUSED,
                        "Nothing was sent: this idempotency key was used for another basket. Use a new key for a new"
                        " basket.",
                        order=holder.order,
                    )


def _route(number: int) -> str:
    return f"BASKET {number}"
