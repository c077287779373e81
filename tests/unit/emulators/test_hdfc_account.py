import httpx2
import pytest

from ordo_emulators.instruments import Instrument
from tests.unit.emulators.hdfc_wire import OPTION, ORDER, RESTING, Hdfc
from tests.unit.emulators.wire import Clock, Json


async def profile(hdfc: Hdfc, method: str) -> httpx2.Response:
    headers = {"Authorization": hdfc.token}
    return await hdfc.request(method, "/oapi/v3/user/profile", headers=headers, api_key="EMULATED")


async def funds(hdfc: Hdfc) -> Json:
    data = await hdfc.data("/user/margins")
    assert isinstance(data, dict)
    assert data.keys() == {"equity"}
    equity: Json = data["equity"]
    return equity


async def positions(hdfc: Hdfc) -> list[Json]:
    data = await hdfc.data("/portfolio/cumulative-positions")
    assert isinstance(data, dict)
    assert data.keys() == {"net"}
    rows: list[Json] = data["net"]
    return rows


@pytest.mark.parametrize(
    ("verb", "statuses"),
    [("get", {"GET": 200, "POST": 405}), ("post", {"GET": 405, "POST": 200}), ("422", {"GET": 422, "POST": 200})],
)
async def test_the_profile_has_a_verb_of_its_own(hdfc: Hdfc, verb: str, statuses: dict[str, int]) -> None:
    await hdfc.set(profile_verb=verb)
    answers = {method: await profile(hdfc, method) for method in statuses}
    assert {method: answer.status_code for method, answer in answers.items()} == statuses
    (answered,) = [answer for answer in answers.values() if answer.status_code == 200]
    (row,) = answered.json()["data"]
    assert row["user_id"] == "7000001"
    assert row["exchanges:NSE"][0] == "EQUITY"
    assert {"user_type", "user_name", "broker", "accountSettlementType", "exchanges:BSE", "exchanges:MCX"} <= row.keys()
    assert "COVER" in row["products"]
    assert row["depository_details"][0]["depository"] in {"NSDL", "CDSL"}


async def test_the_profile_is_on_another_version_than_the_rest(hdfc: Hdfc) -> None:
    assert (await hdfc.api("GET", "/user/profile")).status_code == 404


async def test_funds_follow_the_orders(hdfc: Hdfc) -> None:
    before = await funds(hdfc)
    assert (before["total_available_limit"], before["total_utilised_limit"]) == (100_000_000, 0)
    order_id = await hdfc.place(**RESTING)
    held = await funds(hdfc)
    assert (held["total_available_limit"], held["total_utilised_limit"]) == (99_991_000, 9_000)
    assert held["total_limit"] == 100_000_000
    await hdfc.api("DELETE", f"/orders/regular/{order_id}")
    assert await funds(hdfc) == before


async def test_the_keys_of_the_funds_are_of_three_styles(hdfc: Hdfc) -> None:
    equity = await funds(hdfc)
    assert {"cash", "derivative_future_shortOption", "cdx_option_buy"} <= equity["totalAvailableLimitDetails"].keys()
    assert {"cash", "cdxFutureShortOption", "cdxOptionBuy"} <= equity["totalUtilizationDetails"].keys()
    assert equity["totalLimitDetails"] == {
        "bank_hold": 0,
        "intraday_sales_proceed": 0,
        "ledger_balance": 100_000_000,
        "adhoc_limit": 0,
        "pledge_limit": 0,
    }


async def test_holdings_are_known_by_their_isin(hdfc: Hdfc) -> None:
    rows = await hdfc.rows("/portfolio/holdings")
    assert rows[1] == {
        "security_id": "STABANEQNR",
        "exchange": "NSE",
        "company_name": "",
        "sector_name": "",
        "isin": "INE062A01020",
        "quantity": 100,
        "average_price": 612.35,
        "investment_value": "",
        "close_price": 998.4,
        "realised": "",
        "sip_indicator": "N",
        "mtf_indicator": "N",
        "ltcg_quantity": 0,
        "corporate_action_indicator": "",
        "corporate_action_message": "",
    }
    assert [(row["isin"], row["security_id"], row["quantity"]) for row in rows] == [
        ("INE009A01021", "INFLIMEQNR", 10),
        ("INE062A01020", "STABANEQNR", 100),
        ("INF204KB14I2", "", 45),
    ]


@pytest.mark.parametrize(("switch", "status"), [("list", 200), ("422", 422)])
async def test_an_account_without_holdings(hdfc: Hdfc, switch: str, status: int) -> None:
    full = await hdfc.rows("/portfolio/holdings")
    await hdfc.set(holdings_empty=switch)
    assert await hdfc.rows("/portfolio/holdings") == full
    await hdfc.set(has_holdings=False)
    for _ in range(2):
        answer = await hdfc.api("GET", "/portfolio/holdings")
        assert answer.status_code == status
        assert answer.json().get("data", []) == []
        assert ("Your Portfolio Holding is Null" in answer.text) == (status == 422)
        await hdfc.control("POST", "/reset")
    await hdfc.set(has_holdings=True)
    assert await hdfc.rows("/portfolio/holdings") == full


async def test_what_was_sold_is_gone_the_next_day(hdfc: Hdfc, clock: Clock) -> None:
    await hdfc.set(token_ttl=100_000)
    await hdfc.login()
    await hdfc.place(transaction_type="Sell", quantity=100)
    await hdfc.place(security_id="TATCONEQNR", quantity=3)
    clock.forward(86_400)
    rows = await hdfc.rows("/portfolio/holdings")
    assert [(row["security_id"], row["quantity"]) for row in rows] == [("INFLIMEQNR", 10), ("", 45), ("TATCONEQNR", 3)]
    await hdfc.control("POST", "/reset")
    assert [row["quantity"] for row in await hdfc.rows("/portfolio/holdings")] == [10, 100, 45]


async def test_no_positions_are_an_empty_list(hdfc: Hdfc) -> None:
    assert await positions(hdfc) == []


async def test_a_position_in_a_share(hdfc: Hdfc) -> None:
    await hdfc.price("NSE:SBIN", "1000")
    await hdfc.place(product="INTRADAY")
    await hdfc.price("NSE:SBIN", "1010")
    await hdfc.place(product="INTRADAY", transaction_type="Sell", quantity=4)
    (row,) = await positions(hdfc)
    assert row == {
        "client_id": "7000001",
        "security_id": "STABANEQNR",
        "instrument_segment": "EQUITY",
        "underlying_symbol": "SBIN",
        "product": "INTRADAY",
        "exchange": "NSE",
        "expiry_date": "",
        "option_type": "",
        "strike_price": 0,
        "total_buy_quantity": 10,
        "total_sell_qty": 4,
        "net_qty": 6,
        "average_buy_price": 1000,
        "average_sell_price": 1010,
        "total_buy_value": 10_000,
        "total_sell_value": 4_040,
        "t_day_buy_quantity": 10,
        "t_day_sell_qty": 4,
        "t_day_net_qty": 6,
        "t_day_average_buy_price": 1000,
        "t_day_avg_sell_price": 1010,
        "t_day_buy_value": 10_000,
        "t_day_sell_value": 4_040,
        "cf_buy_qty": 0,
        "cf_sell_qty": 0,
        "cf_average_buy_price": 0,
        "cf_average_sell_price": 0,
        "cf_buy_value": 0,
        "cf_sell_value": 0,
        "realised_pl_overall_position": 40,
        "realised_pl_t_day_position": 40,
    }


async def test_a_closed_position_stays_listed(hdfc: Hdfc) -> None:
    await hdfc.place(product="INTRADAY")
    await hdfc.place(product="INTRADAY", transaction_type="Sell")
    assert [(row["net_qty"], row["total_buy_quantity"]) for row in await positions(hdfc)] == [(0, 10)]


async def test_each_product_has_a_position_of_its_own(hdfc: Hdfc) -> None:
    for product in ("INTRADAY", "DELIVERY", "MTF"):
        await hdfc.place(product=product)
    assert [row["product"] for row in await positions(hdfc)] == ["INTRADAY", "DELIVERY", "MTF"]


@pytest.mark.parametrize(("side", "sign"), [("Buy", 1), ("Sell", -1)])
async def test_a_contract_that_was_carried_is_told_from_todays(
    hdfc: Hdfc, clock: Clock, instruments: tuple[Instrument, ...], side: str, sign: int
) -> None:
    key = "NFO:NIFTY:20261201:26000:CE"
    (token,) = [i.token for i in instruments if i.key == key]
    option = {**ORDER, **OPTION, "security_id": str(token), "transaction_type": side}
    await hdfc.set(token_ttl=100_000)
    await hdfc.login()
    await hdfc.price(key, "300")
    await hdfc.place(**option)
    clock.forward(86_400)
    await hdfc.price(key, "310")
    await hdfc.place(**option)
    (row,) = await positions(hdfc)
    expected = {
        "security_id": str(token),
        "instrument_segment": "OPTIDX",
        "underlying_symbol": "NIFTY",
        "expiry_date": "01-DEC-26",
        "option_type": "Call",
        "strike_price": 26000,
        "net_qty": 130 * sign,
        "t_day_net_qty": 65 * sign,
    }
    assert {name: row[name] for name in expected} == expected
    word, short = ("buy", "buy") if sign > 0 else ("sell", "sell")
    carried = (row[f"cf_{word}_qty"], row[f"cf_average_{word}_price"], row[f"cf_{word}_value"])
    assert carried == (65, 300, 19_500)
    assert (row[f"t_day_{short}_value"], row[f"total_{short}_value"]) == (20_150, 39_650)
    assert row[f"average_{word}_price"] == 305
    other = "sell" if sign > 0 else "buy"
    assert [row[f"cf_{other}_qty"], row[f"cf_{other}_value"], row[f"total_{other}_value"]] == [0, 0, 0]
