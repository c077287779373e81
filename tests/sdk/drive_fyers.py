"""Run inside the SDK's own virtual environment: FYERS' official Python SDK against an emulated FYERS.

Its argument is the line of JSON that the emulator prints. Prints one JSON document: what the SDK returned, by step.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests  # type: ignore[import-untyped,unused-ignore]
from fyers_apiv3 import fyersModel  # type: ignore[import-not-found,unused-ignore]

APP, SECRET = "EMULATED-100", "EMULATED-SECRET"
REDIRECT = "http://127.0.0.1:1/callback/fyers"
SBIN = "NSE:SBIN-EQ"
RESTING = {
    "symbol": SBIN,
    "qty": 10,
    "type": 1,
    "side": 1,
    "productType": "CNC",
    "limitPrice": 0,
    "stopPrice": 0,
    "validity": "DAY",
    "disclosedQty": 0,
    "offlineOrder": False,
    "orderTag": "sdk1",
}


def main() -> None:
    places = json.loads(sys.argv[1])
    # The SDK has no setting for its hosts, but reads these two for every call.
    fyersModel.Config.API, fyersModel.Config.DATA_API = places["base_url"], places["data_url"]
    told: dict[str, Any] = {}
    login = fyersModel.SessionModel(
        client_id=APP,
        secret_key=SECRET,
        redirect_uri=REDIRECT,
        response_type="code",
        grant_type="authorization_code",
        state="the-state",
    )
    location = requests.get(login.generate_authcode(), allow_redirects=False, timeout=10).headers["Location"]
    told["redirect"] = {"address": location.partition("?")[0], **_query(location)}
    login.set_token(_query(location)["auth_code"])
    told["login"] = login.generate_token()
    told["replayed"] = login.generate_token()
    trade(fyersModel.FyersModel(client_id=APP, token=told["login"]["access_token"]), told)
    told["stranger"] = fyersModel.FyersModel(client_id=APP, token="a.b.c").funds()
    json.dump(told, sys.stdout)


def trade(fyers: Any, told: dict[str, Any]) -> None:  # noqa: ANN401  (the SDK has no types)
    for read in ("get_profile", "funds", "holdings", "market_status"):
        told[read] = getattr(fyers, read)()
    told["quotes"] = fyers.quotes({"symbols": f"{SBIN},NSE:INFY-EQ"})
    last = told["quotes"]["d"][0]["v"]["lp"]
    told["depth"] = fyers.depth({"symbol": SBIN, "ohlcv_flag": 1})
    told["history"] = fyers.history(
        {
            "symbol": SBIN,
            "resolution": "D",
            "date_format": "1",
            "range_from": "2026-10-01",
            "range_to": "2026-10-30",
            "cont_flag": "1",
        }
    )
    placed = told["placed"] = fyers.place_order(RESTING | {"limitPrice": round(last * 0.95)})
    order_id = placed["id"]
    told["waiting"] = fyers.orderbook({"id": order_id})
    change = {"id": order_id, "type": 1, "limitPrice": round(last * 0.96), "qty": 12}
    told["modified"] = fyers.modify_order(change)
    told["found by tag"] = fyers.orderbook({"order_tag": "1:sdk1"})
    told["cancelled"] = fyers.cancel_order({"id": order_id})
    told["cancelled again"] = fyers.cancel_order({"id": order_id})
    told["market order"] = fyers.place_order(RESTING | {"type": 2, "orderTag": "sdk2"})
    told["refused"] = fyers.place_order(RESTING | {"qty": 0})
    told["basket"] = fyers.place_basket_orders([RESTING | {"limitPrice": round(last * 0.95), "orderTag": "sdk3"}])
    told["get_orders"] = fyers.get_orders({"id": f"{order_id},{told['market order']['id']}"})
    told["orderbook"] = fyers.orderbook()
    told["tradebook"] = fyers.tradebook()
    told["positions"] = fyers.positions()
    told["exited"] = fyers.exit_positions({"id": f"{SBIN}-CNC"})
    told["logout"] = fyers.logout()
    told["after logout"] = fyers.funds()


def _query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


if __name__ == "__main__":
    main()
