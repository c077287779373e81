"""The account: profile, funds, holdings, positions. The styles of the keys are mixed as the broker mixes them."""

from decimal import Decimal
from typing import Final

from ordo_emulators.accounts import Holding, Position
from ordo_emulators.hdfc.answers import Failure, ok
from ordo_emulators.hdfc.desk import Call, Desk
from ordo_emulators.hdfc.login import ACCOUNT
from ordo_emulators.hdfc.settings import HoldingsEmpty, ProfileVerb
from ordo_emulators.hdfc.wording import PRODUCTS, RIGHTS, TYPES, day_in_positions
from ordo_emulators.instruments import Kind
from ordo_emulators.server import Response

_NULL_CODE: Final = 60014
_EQUITY: Final = ("EQUITY", "FUTIDX", "OPTIDX", "FUTSTK", "OPTSTK")


def profile(desk: Desk, call: Call) -> Response:
    """The documents say POST, the example beside it GET; which verb works is a switch."""
    wanted = "GET" if desk.settings.profile_verb is ProfileVerb.GET else "POST"
    if call.request.method != wanted:
        if desk.settings.profile_verb is ProfileVerb.UNPROCESSABLE:
            raise Failure(422, {"status": "error", "message": "Unprocessable entity"})
        raise Failure(405, None)
    row = {
        "user_id": ACCOUNT,
        "user_type": "Normal Client",
        "user_name": "SAMPLE USER",
        "broker": "HDFC Securities InvestRight",
        "accountSettlementType": "RETAIL",
        "exchanges:NSE": [*_EQUITY, "FUTCUR", "OPTCUR"],
        "exchanges:BSE": _EQUITY,
        "exchanges:MCX": ["FUTCOM", "OPTFUT"],
        "products": [*PRODUCTS.values(), "COVER"],
        "order_types": list(TYPES.values()),
        "depository_details": [
            {
                "depository_code": "00000",
                "depository_account_number": "0000000000000000",
                "depository_account_settlement_type": "NORMAL",
                "depository": "CDSL",
                "edis_flag": "N",
                "ddpi_flag": "Y",
            }
        ],
        "bank_details": {"bank_power_of_attorney_flag": "N"},
    }
    return ok([row])


def funds(desk: Desk, _: Call) -> Response:
    account, zero = desk.account, Decimal(0)
    available, used = account.available, account.used + account.blocked
    by_available = (
        "cash", "mtf", "equity_intraday", "equity_margin", "cover_order", "derivative_future_shortOption", "option_buy",
        "mutual_fund", "cdx_future_shortOption", "cdx_option_buy", "com_derivative_future_shortOption",
        "com_derivative_option_buy",
    )  # fmt: skip
    by_use = (
        "mtf", "equity_margin_intraday_cover", "derivative_future_shortOption", "option_buy", "mutual_fund",
        "cdxFutureShortOption", "cdxOptionBuy", "comDerivativeFutureShortOption",
    )  # fmt: skip
    equity = {
        "total_available_limit": available,
        "total_utilised_limit": used,
        "total_limit": available + used,
        # How it is spread over the buckets is a guess.
        "totalAvailableLimitDetails": dict.fromkeys(by_available, available),
        "totalUtilizationDetails": {"cash": used, **dict.fromkeys(by_use, zero)},
        "totalLimitDetails": {
            "bank_hold": zero,
            "intraday_sales_proceed": account.realised,
            "ledger_balance": account.cash,
            "adhoc_limit": zero,
            "pledge_limit": zero,
        },
    }
    return ok({"equity": equity})


def holdings(desk: Desk, _: Call) -> Response:
    held = list(desk.account.holdings.values())
    if not held and desk.settings.holdings_empty is HoldingsEmpty.UNPROCESSABLE:
        # Reported once, by the author of one client.
        text = "Your Portfolio Holding is Null"
        raise Failure(422, {"status": "error", "message": text, "error_code": _NULL_CODE})
    return ok([_holding(desk, holding) for holding in held])


def _holding(desk: Desk, holding: Holding) -> dict[str, object]:
    instrument = holding.instrument
    listed, total = desk.codes.of(instrument), holding.quantity + holding.t1
    return {
        # It may be blank, and the ISIN alone can be relied on; that funds are the blank ones is a guess.
        "security_id": "" if instrument.kind is Kind.ETF else listed.security_id,
        "exchange": listed.exchange,
        "company_name": "",
        "sector_name": "",
        "isin": instrument.isin,
        "quantity": total,
        "average_price": holding.average,
        "investment_value": "",
        "close_price": instrument.close,
        "realised": "",
        "sip_indicator": "N",
        "mtf_indicator": "N",
        "ltcg_quantity": 0,
        "corporate_action_indicator": "",
        "corporate_action_message": "",
    }


def positions(desk: Desk, _: Call) -> Response:
    return ok({"net": [_position(desk, position) for position in desk.account.positions.values()]})


def _position(desk: Desk, position: Position) -> dict[str, object]:
    instrument = position.instrument
    listed = desk.codes.of(instrument)
    carried_bought, carried_sold = max(0, position.carried), max(0, -position.carried)
    bought_before = position.carried_value if carried_bought else Decimal(0)
    sold_before = position.carried_value if carried_sold else Decimal(0)
    bought, sold = position.bought - carried_bought, position.sold - carried_sold
    bought_value, sold_value = position.bought_value - bought_before, position.sold_value - sold_before

    def average(value: Decimal, quantity: int) -> Decimal:
        return value / (quantity * instrument.multiplier) if quantity else Decimal(0)

    return {
        "client_id": ACCOUNT,
        "security_id": listed.security_id,
        "instrument_segment": listed.segment,
        "underlying_symbol": instrument.symbol,
        "product": PRODUCTS[position.product],
        "exchange": listed.exchange,
        "expiry_date": day_in_positions(instrument.expiry),
        "option_type": RIGHTS.get(instrument.right or "", ""),
        "strike_price": instrument.strike or Decimal(0),
        "total_buy_quantity": position.bought,
        "total_sell_qty": position.sold,
        "net_qty": position.net,
        "average_buy_price": average(position.bought_value, position.bought),
        "average_sell_price": average(position.sold_value, position.sold),
        "total_buy_value": position.bought_value,
        "total_sell_value": position.sold_value,
        "t_day_buy_quantity": bought,
        "t_day_sell_qty": sold,
        "t_day_net_qty": bought - sold,
        "t_day_average_buy_price": average(bought_value, bought),
        "t_day_avg_sell_price": average(sold_value, sold),
        "t_day_buy_value": bought_value,
        "t_day_sell_value": sold_value,
        "cf_buy_qty": carried_bought,
        "cf_sell_qty": carried_sold,
        "cf_average_buy_price": average(bought_before, carried_bought),
        "cf_average_sell_price": average(sold_before, carried_sold),
        "cf_buy_value": bought_before,
        "cf_sell_value": sold_before,
        "realised_pl_overall_position": position.realised,
        "realised_pl_t_day_position": position.realised,
    }
