from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ordo.adapters.memory.tokens import MemoryTokenStore
from ordo.application.brokers import BrokerLine, Brokers
from ordo.application.context import Context
from ordo.application.tokens import TokenService
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.errors import ErrorCode, Invalid, Unavailable
from ordo.domain.tokens import ApiToken, Realm, Scope
from tests.support.house import House
from tests.support.orders import ACCOUNT, BUY_TEN

READ = frozenset({Scope.READ})


class Full(MemoryTokenStore):
    """Every id is taken."""

    async def add(self, token: ApiToken) -> bool:
        await super().add(token)
        return False


def service(house: House, store: MemoryTokenStore | None = None) -> TokenService:
    line = BrokerLine(adapter_id="live", kind="fyers", broker=house.broker, login=house.login)
    brokers = Brokers((line, replace(line, adapter_id="paper", kind="paper"), replace(line, adapter_id="other")))
    return TokenService(store or MemoryTokenStore(), brokers, house.clock, house.now.trail)


@pytest.mark.parametrize(
    ("accounts", "realm", "covered"),
    [
        (("paper/DEMO",), Realm.PAPER, {"paper/DEMO": True, "paper/OTHER": False, "live/DEMO": False}),
        (("live/A", "other/*"), Realm.LIVE, {"live/A": True, "other/B": True, "paper/DEMO": False}),
    ],
)
async def test_its_accounts_decide_what_a_token_is_for(
    house: House, accounts: tuple[str, ...], realm: Realm, covered: dict[str, bool]
) -> None:
    tokens = service(house)
    token, text = await tokens.make(scopes=READ, accounts=accounts)
    assert token.realm is realm
    assert text.reveal().startswith(realm.prefix + token.token_id)
    holder = await tokens.holder(text.reveal())
    assert holder.principal == f"token:{token.token_id}"
    assert holder.grant.scopes == READ
    for account, is_covered in covered.items():
        assert holder.grant.covers(Account.parse(account)) is is_covered


async def test_a_token_for_an_adapter_that_now_trades_real_money_opens_nothing(house: House) -> None:
    store = MemoryTokenStore()
    _, text = await service(house, store).make(scopes=READ, accounts=("paper/DEMO",))
    line = BrokerLine(adapter_id="paper", kind="fyers", broker=house.broker, login=house.login)
    later = TokenService(store, Brokers((line,)), house.clock, house.now.trail)
    assert not (await later.holder(text.reveal())).grant.covers(Account.parse("paper/DEMO"))


@pytest.mark.parametrize("accounts", [("paper/DEMO", "live/A"), ("nobody/A",), ("paper",), ()])
async def test_a_token_for_both_or_for_none_is_not_made(house: House, accounts: tuple[str, ...]) -> None:
    tokens = service(house)
    with pytest.raises(Invalid):
        await tokens.make(scopes=READ, accounts=accounts)
    assert await tokens.all() == ()


async def test_what_is_kept_is_not_the_token(house: House) -> None:
    tokens = service(house)
    token, text = await tokens.make(scopes=READ, accounts=("paper/DEMO",), name="bot")
    assert text.reveal() not in repr(token)
    assert text.reveal().rpartition(token.token_id)[2] not in repr(house.audit.events)
    assert [(event.kind, event.facts["token_id"]) for event in house.audit.events] == [
        (AuditKind.TOKEN_MADE, token.token_id)
    ]


async def test_an_id_that_is_taken_makes_no_token(house: House) -> None:
    with pytest.raises(Invalid, match="try again"):
        await service(house, Full()).make(scopes=READ, accounts=("paper/DEMO",))


async def test_a_token_that_can_not_be_written_into_the_trail_is_not_made(house: House) -> None:
    house.audit.fails_on.add(AuditKind.TOKEN_MADE)
    tokens = service(house)
    with pytest.raises(Unavailable):
        await tokens.make(scopes=READ, accounts=("paper/DEMO",))
    assert await tokens.all() == ()


async def test_a_revoked_or_expired_token_opens_nothing_and_says_why(house: House) -> None:
    tokens = service(house)
    ends = house.clock.now() + timedelta(hours=1)
    token, text = await tokens.make(scopes=READ, accounts=("paper/DEMO",), expires_at=ends)
    assert (await tokens.holder(text.reveal())).principal == f"token:{token.token_id}"
    await house.clock.advance(3600)
    with pytest.raises(Invalid, match="expired"):
        await tokens.holder(text.reveal())
    other, text = await tokens.make(scopes=READ, accounts=("paper/DEMO",))
    assert (await tokens.revoke(other.token_id)).revoked_at is not None
    with pytest.raises(Invalid, match="revoked"):
        await tokens.holder(text.reveal())
    with pytest.raises(Invalid) as refusal:
        await tokens.revoke("f" * 12)
    assert refusal.value.code is ErrorCode.NOT_FOUND
    assert house.audit.events[-1].kind is AuditKind.TOKEN_REVOKED


async def test_a_guess_opens_nothing(house: House) -> None:
    tokens = service(house)
    token, text = await tokens.make(scopes=READ, accounts=("paper/DEMO",))
    right = text.reveal()
    for guess in ("", "x", right[:-1], right + "A", right[:-1] + ("A" if right[-1] != "A" else "B"), token.digest):
        with pytest.raises(Invalid) as refusal:
            await tokens.holder(guess)
        assert refusal.value.code is ErrorCode.UNAUTHENTICATED
        assert "revoked" not in refusal.value.message


async def test_no_use_case_goes_beyond_the_grant(house: House) -> None:
    tokens = service(house)
    _, text = await tokens.make(scopes=frozenset(Scope), accounts=("paper/DEMO",))
    caller = Context(grant=(await tokens.holder(text.reveal())).grant)
    order = await house.place()
    calls = house.now.orders
    for call in (
        calls.place(ACCOUNT, BUY_TEN, key="theirs", context=caller),
        calls.cancel(ACCOUNT, order.order_id, key="theirs", context=caller),
        calls.list(ACCOUNT, caller),
        calls.trades(ACCOUNT, caller),
    ):
        with pytest.raises(Invalid) as refusal:
            await call
        assert refusal.value.code is ErrorCode.PERMISSION_DENIED
    assert house.broker.count("place") == 1
