"""A FYERS client of the plainest kind, and a clock that a test can turn."""

import base64
import hashlib
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from ordo_emulators.clock import IST

Json = dict[str, Any]

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=IST)
HASH = hashlib.sha256(b"EMULATED-100:EMULATED-SECRET").hexdigest()

ORDER: Json = {
    "symbol": "NSE:SBIN-EQ",
    "qty": 10,
    "type": 2,
    "side": 1,
    "productType": "CNC",
    "limitPrice": 0,
    "stopPrice": 0,
    "validity": "DAY",
    "disclosedQty": 0,
    "offlineOrder": False,
}
RESTING: Json = {**ORDER, "type": 1, "limitPrice": 900.0}


class Clock:
    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Fyers:
    """`api`, `data` and `control` return the answer as it came."""

    def __init__(self, origin: str, client: httpx2.AsyncClient) -> None:
        self.origin = origin
        self.http = client
        self.authorization = ""

    async def request(self, method: str, path: str, *, body: object = None, **query: str) -> httpx2.Response:
        headers = {"Authorization": self.authorization} if self.authorization else {}
        content = None if body is None else json.dumps(body)
        return await self.http.request(method, self.origin + path, content=content, params=query, headers=headers)

    async def api(self, method: str, path: str, body: object = None, **query: str) -> httpx2.Response:
        return await self.request(method, f"/api/v3{path}", body=body, **query)

    async def data(self, path: str, **query: str) -> httpx2.Response:
        return await self.request("GET", f"/data{path}", **query)

    async def control(self, method: str, path: str, body: object = None) -> httpx2.Response:
        return await self.request(method, f"/_emulator{path}", body=body)

    async def arm(self, operation: str, fault: str, times: int = 1) -> None:
        body = {"operation": operation, "fault": fault, "times": times}
        (await self.control("POST", "/faults", body)).raise_for_status()

    async def set(self, **settings: object) -> None:
        (await self.control("POST", "/settings", settings)).raise_for_status()

    async def price(self, key: str, price: str) -> None:
        (await self.control("POST", "/prices", {key: price})).raise_for_status()

    async def arrived(self) -> list[Json]:
        rows: list[Json] = (await self.control("GET", "/orders")).json()
        return rows

    async def auth_code(self, state: str = "s") -> str:
        answer = await self.http.get(
            f"{self.origin}/api/v3/generate-authcode",
            params={
                "client_id": "EMULATED-100",
                "redirect_uri": "http://127.0.0.1:8000/callback/fyers",
                "response_type": "code",
                "state": state,
            },
        )
        return parse_qs(urlsplit(answer.headers["location"]).query)["auth_code"][0]

    async def exchange(self, code: str, app_id_hash: str = HASH) -> httpx2.Response:
        body = {"grant_type": "authorization_code", "appIdHash": app_id_hash, "code": code}
        return await self.api("POST", "/validate-authcode", body)

    async def login(self) -> str:
        token: str = (await self.exchange(await self.auth_code())).json()["access_token"]
        self.authorization = f"EMULATED-100:{token}"
        return token

    async def place(self, **fields: object) -> Json:
        answer: Json = (await self.api("POST", "/orders/sync", {**ORDER, **fields})).json()
        return answer

    async def book(self, **query: str) -> list[Json]:
        rows: list[Json] = (await self.api("GET", "/orders", **query)).json()["orderBook"]
        return rows

    async def order(self, order_id: str) -> Json:
        return (await self.book(id=order_id))[0]

    async def positions(self) -> list[Json]:
        rows: list[Json] = (await self.api("GET", "/positions")).json()["netPositions"]
        return rows

    async def funds(self) -> dict[int, float]:
        rows = (await self.api("GET", "/funds")).json()["fund_limit"]
        return {row["id"]: row["equityAmount"] for row in rows}


def claims(token: str) -> Json:
    """What a JWT says about itself."""
    payload = token.split(".")[1]
    decoded: Json = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return decoded
