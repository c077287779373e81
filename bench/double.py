"""A broker that answers at once: FYERS' endpoints as far as an order and the reads of a portfolio need them.

It parses as little as it can, so that what it costs is small beside what is measured. It is no emulator: it checks
nothing. `PUT /bench/delay/50` makes every later answer wait 50 ms; `PUT /bench/book/1000` gives the book so
many open orders: those that were placed first, and for the rest orders of nobody.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import re
import time
from itertools import count

import uvloop

_HEAD = re.compile(rb"(\S+) (\S+) ")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ID = re.compile(rb'"id": *"([^"]+)"')
_TAG = re.compile(rb'"orderTag": *"([^"]+)"')
_CODE = re.compile(rb'"code": *"([^"]+)"')
_WHOSE = re.compile(rb"authorization: *[^:\s]+:[^.\s]*\.([^.\s]*)\.", re.IGNORECASE)
_DAY = 86_400
_KEPT = 10_000
_INDIA = 19_800
_NAMED = {"fyToken": "101000000003045", "symbol": "NSE:SBIN-EQ", "exchange": 10, "segment": 10}


class Broker:
    """What all connections share."""

    def __init__(self) -> None:
        self.ids = count(1)
        self.delay = 0.0
        self.book = b""
        self.placed: list[bytes] = []
        reads: dict[bytes, dict[str, object]] = {
            b"/api/v3/funds": {"fund_limit": [{"id": 10, "title": "Available Balance", "equityAmount": 1e6}]},
            b"/api/v3/holdings": {"holdings": [self._holding()], "overall": {"count_total": 1}},
            b"/api/v3/positions": {"netPositions": [self._position()], "overall": {"count_total": 1}},
            b"/api/v3/tradebook": {"tradeBook": []},
            b"/data/marketStatus": {
                "marketStatus": [{"exchange": 10, "segment": 10, "market_type": "NORMAL", "status": "OPEN"}]
            },
            b"/data/depth": {"d": {"NSE:SBIN-EQ": self._depth()}},
        }
        self._told = {path: _ok(facts) for path, facts in reads.items()}
        self.fill(0)

    def fill(self, rows: int) -> None:
        """Give the book so many open orders: the first that were placed, and for the rest such as nobody placed."""
        tags = [found[1].decode() for body in self.placed[:rows] if (found := _TAG.search(body))]
        names = [f"1:{tag}" for tag in tags] + ["2:Untagged"] * (rows - len(tags))
        self.book = _ok({"orderBook": [self._row(number, name) for number, name in enumerate(names, 1)]})

    def answer(self, method: bytes, path: bytes, head: bytes, body: bytes) -> bytes:
        if path == b"/api/v3/orders/sync":
            if method == b"POST":
                if len(self.placed) < _KEPT:
                    self.placed.append(body)
                return b'{"s":"ok","code":1101,"message":"Order submitted","id":"26112300%09d"}' % next(self.ids)
            found = _ID.search(body)
            return b'{"s":"ok","code":1103,"message":"Done","id":"%b"}' % (found[1] if found else b"")
        told = self._told.get(path.partition(b"?")[0])
        if told is not None:
            return told
        return self._seldom(path, head, body)

    def _seldom(self, path: bytes, head: bytes, body: bytes) -> bytes:
        if path.startswith(b"/api/v3/orders"):
            return self.book if b"?" not in path else _ok({"orderBook": []})
        if path == b"/api/v3/validate-authcode":
            found = _CODE.search(body)
            claims = {"exp": int(time.time()) + _DAY, "fy_id": found[1].decode() if found else ""}
            payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
            return _ok({"access_token": f"e30.{payload}.sig"})
        if path == b"/api/v3/profile":
            whose = _WHOSE.search(head)
            text = whose[1] + b"=" * (-len(whose[1]) % 4) if whose else b"e30="
            return _ok({"data": {"fy_id": json.loads(base64.urlsafe_b64decode(text)).get("fy_id", "")}})
        what, _, value = path.removeprefix(b"/bench/").partition(b"/")
        if what == b"delay":
            self.delay = float(value) / 1000
        elif what == b"book":
            self.fill(int(value))
        return _ok({})

    def _row(self, number: int, tag: str) -> dict[str, object]:
        now = time.strftime("%d-%b-%Y %H:%M:%S", time.gmtime(time.time() + _INDIA))
        return _NAMED | {
            "id": f"26112300{number:09d}", "qty": 1, "filledQty": 0, "type": 1, "side": 1, "status": 6,
            "productType": "INTRADAY", "orderValidity": "DAY", "orderDateTime": now,
            "limitPrice": 800.0, "stopPrice": 0, "tradedPrice": 0, "offlineOrder": False, "message": "",
            "orderTag": tag, "exchOrdId": f"11000000{number:08d}",
        }  # fmt: skip

    def _holding(self) -> dict[str, object]:
        return _NAMED | {"quantity": 10, "costPrice": 700.0, "isin": "INE062A01020", "ltp": 800.0, "pl": 1000.0}

    def _position(self) -> dict[str, object]:
        return _NAMED | {
            "productType": "INTRADAY", "netQty": 1, "netAvg": 799.0, "buyQty": 1, "sellQty": 0, "buyVal": 799.0,
            "sellVal": 0, "realized_profit": 0, "unrealized_profit": 1.0, "pl": 1.0, "ltp": 800.0,
        }  # fmt: skip

    def _depth(self) -> dict[str, object]:
        bids = [{"price": 800.0 - step / 20, "volume": 100, "ord": 1} for step in range(1, 6)]
        asks = [{"price": 800.0 + step / 20, "volume": 100, "ord": 1} for step in range(1, 6)]
        return {"bids": bids, "ask": asks, "totalbuyqty": 500, "totalsellqty": 500, "ltp": 800.0, "o": 799.0, "v": 9}


class _Connection(asyncio.Protocol):
    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        data = self._data + data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            head = data[:end]
            length = _LENGTH.search(head)
            stop = end + 4 + (int(length[1]) if length else 0)
            if len(data) < stop:
                break
            start = _HEAD.match(head)
            method, path = (start[1], start[2]) if start else (b"", b"")
            self._answer(self._broker.answer(method, path, head, data[end + 4 : stop]))
            data = data[stop:]
        self._data = data

    def _answer(self, body: bytes) -> None:
        told = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        if self._broker.delay:
            asyncio.get_running_loop().call_later(self._broker.delay, self._transport.write, told)
        else:
            self._transport.write(told)


def _ok(facts: dict[str, object]) -> bytes:
    return json.dumps({"s": "ok", "code": 200, "message": ""} | facts).encode()


async def _serve(port: int) -> None:
    broker = Broker()
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(broker), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(arguments.parse_args().port))
