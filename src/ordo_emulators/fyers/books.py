"""The account as FYERS shows it: profile, funds, holdings, positions, orders, trades."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from ordo_emulators.accounts import Holding, Position
from ordo_emulators.fyers.answers import Failure, ok
from ordo_emulators.fyers.desk import Call, Desk, fyers_uuid
from ordo_emulators.fyers.login import ACCOUNT
from ordo_emulators.fyers.symbols import CODES, fy_token, type_code
from ordo_emulators.fyers.terms import PRODUCT_CODES, TYPE_CODES
from ordo_emulators.fyers.wording import message
from ordo_emulators.instruments import Instrument
from ordo_emulators.orders import Order, OrderType, Product, Status, Trade

STATUSES: Final = {
    Status.ACKNOWLEDGED: 4,
    Status.SCHEDULED: 6,
    Status.TRIGGER_PENDING: 6,
    Status.OPEN: 6,
    Status.PARTIALLY_FILLED: 6,
    Status.FILLED: 2,
    Status.CANCELLED: 1,
    Status.REJECTED: 5,
    Status.EXPIRED: 7,
}
_UNTAGGED: Final = "2:Untagged"
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# What captures from before November 2025 and August 2026 lack.
_LATE_ORDER_KEYS: Final = ("id_fyers", "instrument", "takeProfit", "stopLoss")


def profile(_: Desk, __: Call) -> dict[str, object]:
    data = {
        "fy_id": ACCOUNT,
        "name": "A SAMPLE",
        "display_name": None,
        "image": None,
        "email_id": "axxxxx@example.com",
        "PAN": "AAxxxxxx1A",
        "mobile_number": "98xxxxxx10",
        "totp": True,
        "pin_change_date": "02-02-2026 15:46:04",
        "pwd_change_date": None,
        "pwd_to_expire": 90,
        "ddpi_enabled": False,
        "mtf_enabled": True,
    }
    return ok(data=data)


def funds(desk: Desk, _: Call) -> dict[str, object]:
    account = desk.account
    rows = (
        ("Total Balance", account.cash + account.realised),
        ("Utilized Amount", account.used + account.blocked),
        ("Clear Balance", account.cash),
        ("Realized Profit and Loss", account.realised),
        ("Collaterals", Decimal(0)),
        ("Fund Transfer", Decimal(0)),
        ("Receivables", Decimal(0)),
        ("Adhoc Limit", Decimal(0)),
        ("Limit at start of the day", account.cash),
        ("Available Balance", account.available),
    )
    limits = [
        {"id": number, "title": title, "equityAmount": amount, "commodityAmount": 0}
        for number, (title, amount) in enumerate(rows, start=1)
    ]
    return ok(fund_limit=limits)


def holdings(desk: Desk, _: Call) -> dict[str, object]:
    rows = [_holding(desk, number, h) for number, h in enumerate(desk.account.holdings.values(), start=1)]
    invested = sum((h.average * (h.quantity + h.t1) for h in desk.account.holdings.values()), Decimal(0))
    worth = sum((row["marketVal"] for row in rows if isinstance(row["marketVal"], Decimal)), Decimal(0))
    overall = {
        "count_total": len(rows),
        "total_investment": invested,
        "total_current_value": worth,
        "total_pl": worth - invested,
        "pnl_perc": round((worth - invested) / invested * 100, 4) if invested else 0,
    }
    return ok(holdings=rows, overall=overall)


def _holding(desk: Desk, number: int, holding: Holding) -> dict[str, object]:
    instrument, last = holding.instrument, desk.exchange.price(holding.instrument)
    # What `quantity` counts where some shares are on their way is a guess.
    total = holding.quantity + holding.t1
    sold = max(0, -desk.account.net(instrument, Product.CNC))
    return {
        "symbol": desk.ticker(instrument),
        "holdingType": "HLD" if holding.quantity else "T1",
        "quantity": total,
        "remainingQuantity": total - sold,
        "qty_t1": holding.t1,
        "remainingPledgeQuantity": -1,
        "collateralQuantity": 0,
        "costPrice": holding.average,
        "marketVal": last * total,
        "ltp": last,
        "pl": (last - holding.average) * total,
        "id": number,
        "isin": instrument.isin,
        **_numbers(instrument),
    }


def positions(desk: Desk, _: Call) -> dict[str, object]:
    held = list(desk.account.positions.values())
    realised = sum((p.realised for p in held), Decimal(0))
    unrealised = sum((p.unrealised(desk.exchange.price(p.instrument)) for p in held), Decimal(0))
    overall = {
        "count_total": len(held),
        "count_open": sum(1 for p in held if p.net),
        "pl_total": realised + unrealised,
        "pl_realized": realised,
        "pl_unrealized": unrealised,
    }
    return ok(netPositions=[_position(desk, p) for p in held], overall=overall)


def position_id(desk: Desk, position: Position) -> str:
    return f"{desk.ticker(position.instrument)}-{PRODUCT_CODES[position.product]}"


def _position(desk: Desk, position: Position) -> dict[str, object]:
    instrument, last = position.instrument, desk.exchange.price(position.instrument)
    unrealised = position.unrealised(last)
    carried_bought, carried_sold = max(0, position.carried), max(0, -position.carried)
    row = {
        "symbol": desk.ticker(instrument),
        "id": position_id(desk, position),
        "productType": PRODUCT_CODES[position.product],
        "netQty": position.net,
        "qty": abs(position.net),
        "side": (position.net > 0) - (position.net < 0),
        "netAvg": position.average,
        "avgPrice": position.average,
        "buyQty": position.bought,
        "buyAvg": _average(position.bought_value, position.bought * instrument.multiplier),
        "buyVal": position.bought_value,
        "sellQty": position.sold,
        "sellAvg": _average(position.sold_value, position.sold * instrument.multiplier),
        "sellVal": position.sold_value,
        "dayBuyQty": position.bought - carried_bought,
        "daySellQty": position.sold - carried_sold,
        "cfBuyQty": carried_bought,
        "cfSellQty": carried_sold,
        "realized_profit": position.realised,
        "unrealized_profit": unrealised,
        "pl": position.realised + unrealised,
        "ltp": last,
        "crossCurrency": "",
        "rbiRefRate": 1,
        "qtyMulti_com": instrument.multiplier,
        "slNo": 0,
        **_numbers(instrument),
    }
    if desk.settings.sparse_rows:
        del row["avgPrice"]
    return row


def orders(desk: Desk, call: Call) -> dict[str, object]:
    chosen = _chosen(desk, call)
    shown = [_order(desk, number, order) for number, order in enumerate(chosen, start=1)]
    if call.taken.no_tag_echo:
        shown = [{**row, "orderTag": _UNTAGGED} for row in shown]
    return ok(orderBook=shown)


def _chosen(desk: Desk, call: Call) -> list[Order]:
    order_id = call.query.get("id")
    if order_id:
        order = desk.exchange.find(order_id)
        if order is None or not desk.exchange.shows(order):
            raise Failure(-51, "Invalid order id")
        return [order]
    tag = call.query.get("order_tag")
    if tag and call.taken.no_tag_echo:
        return []
    return _tagged(desk, tag) if tag else desk.exchange.book(ACCOUNT)


def _tagged(desk: Desk, tag: str) -> list[Order]:
    """The filter takes the tag as the books show it, prefix and all; a bare tag finds nothing."""
    if tag.startswith("1:"):
        return desk.exchange.tagged(ACCOUNT, tag.removeprefix("1:"))
    return [order for order in desk.exchange.book(ACCOUNT) if desk.tag(order) == tag]


def _order(desk: Desk, number: int, order: Order) -> dict[str, object]:
    terms = order.terms
    last, close = desk.exchange.price(terms.instrument), terms.instrument.close
    # Seen live: a triggered stop-limit turns into a limit order that keeps its stop price.
    is_limit_now = order.triggered and terms.type is OrderType.STOP_LIMIT
    # Seen live: a filled market order shows the fill as its limit price.
    limit = terms.price if terms.price is not None else order.average
    row = {
        "clientId": ACCOUNT,
        "id": order.id,
        "id_fyers": fyers_uuid(order),
        "exchOrdId": order.exchange_id,
        "qty": terms.quantity,
        "filledQty": order.filled,
        "remainingQuantity": _remaining(order),
        "disclosedQty": terms.disclosed,
        "discloseQty": terms.disclosed,
        "dqQtyRem": terms.disclosed,
        "limitPrice": limit,
        "stopPrice": terms.trigger or 0,
        "tradedPrice": order.average,
        "type": TYPE_CODES[OrderType.LIMIT if is_limit_now else terms.type],
        "side": terms.side.sign,
        "status": STATUSES[order.status],
        "productType": PRODUCT_CODES[terms.product],
        "orderValidity": terms.validity.value,
        "offlineOrder": terms.after_market,
        "orderDateTime": moment(order.updated_at),
        "symbol": desk.ticker(terms.instrument),
        "ex_sym": terms.instrument.symbol,
        "description": terms.instrument.name,
        "instrument": type_code(terms.instrument),
        "message": message(order),
        "source": "API",
        "pan": "",
        "orderTag": desk.tag(order),
        "orderNumStatus": f"{order.id}:{STATUSES[order.status]}",
        "slNo": number,
        "lp": last,
        "ch": last - close,
        "chp": round((last - close) / close * 100, 2),
        "takeProfit": 0,
        "stopLoss": 0,
        **_numbers(terms.instrument),
    }
    if desk.settings.sparse_rows:
        row["exchOrdId"] = row["exchOrdId"] or None
        for key in _LATE_ORDER_KEYS:
            del row[key]
    return row


def _remaining(order: Order) -> int:
    """As unreliable as it was seen live: 0 on rejection, and on cancellation once the exchange had the order."""
    if order.status is Status.CANCELLED and not order.exchange_id:
        return order.terms.quantity
    return 0 if order.status.is_final else order.remaining


def trades(desk: Desk, call: Call) -> dict[str, object]:
    tag = call.query.get("order_tag")
    chosen = _tagged(desk, tag) if tag else desk.exchange.book(ACCOUNT)
    fills = sorted(((o, t) for o in chosen for t in o.trades), key=lambda pair: pair[1].id)
    return ok(tradeBook=[_trade(desk, order, trade) for order, trade in fills])


def _trade(desk: Desk, order: Order, trade: Trade) -> dict[str, object]:
    terms = order.terms
    return {
        "clientId": ACCOUNT,
        "orderNumber": order.id,
        "tradeNumber": trade.id,
        "row": int(trade.id),
        "exchangeOrderNo": order.exchange_id,
        "symbol": desk.ticker(terms.instrument),
        "side": terms.side.sign,
        "orderType": TYPE_CODES[terms.type],
        "productType": PRODUCT_CODES[terms.product],
        "tradedQty": trade.quantity,
        "tradePrice": trade.price,
        "tradeValue": trade.price * trade.quantity * terms.instrument.multiplier,
        "orderDateTime": moment(trade.at),
        "orderTag": desk.tag(order),
        **_numbers(terms.instrument),
    }


def moment(at: datetime) -> str:
    """`05-Oct-2026 10:15:31`, in India."""
    return f"{at.day:02}-{_MONTHS[at.month - 1]}-{at:%Y %H:%M:%S}"


def _numbers(instrument: Instrument) -> dict[str, object]:
    exchange, segment = CODES[instrument.venue]
    return {"fyToken": fy_token(instrument), "exchange": exchange, "segment": segment}


def _average(value: Decimal, quantity: int) -> Decimal:
    return value / quantity if quantity else Decimal(0)
