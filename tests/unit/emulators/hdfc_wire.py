"""An InvestRight client of the plainest kind."""

import json

import httpx2

from tests.unit.emulators.wire import Json

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Chrome/123.0.0.0 Safari/537.36"

ORDER: Json = {
    "exchange": "NSE",
    "security_id": "STABANEQNR",
    "instrument_segment": "EQUITY",
    "transaction_type": "Buy",
    "product": "DELIVERY",
    "order_type": "MARKET",
    "quantity": 10,
    "price": 0,
    "trigger_price": 0,
    "disclosed_quantity": 0,
    "validity": "DAY",
    "amo": False,
}
RESTING: Json = {**ORDER, "order_type": "LIMIT", "price": 900}
OPTION: Json = {
    **ORDER,
    "security_id": "",
    "instrument_segment": "OPTIDX",
    "underlying_symbol": "NIFTYEQEQNR",
    "expiry_date": "20261201",
    "strike_price": 26000,
    "option_type": "CE",
    "product": "OVERNIGHT",
    "quantity": 65,
}
"""Wants a `security_id`."""
CHANGE: Json = {
    "quantity": 10,
    "order_type": "LIMIT",
    "validity": "DAY",
    "disclosed_quantity": 0,
    "product": "DELIVERY",
    "price": 910,
    "trigger_price": 0,
    "amo": False,
}


class Hdfc:
    """`api` and `control` return the answer as it came."""

    def __init__(self, origin: str, client: httpx2.AsyncClient) -> None:
        self.origin = origin
        self.http = client
        self.token = ""

    async def request(
        self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None, **query: str
    ) -> httpx2.Response:
        content = None if body is None else json.dumps(body)
        return await self.http.request(
            method,
            self.origin + path,
            content=content,
            params=query,
            headers={"User-Agent": BROWSER, **(headers or {})},
        )

    async def api(self, method: str, path: str, body: object = None, **query: str) -> httpx2.Response:
        headers = {"Authorization": self.token} if self.token else {}
        return await self.request(method, f"/oapi/v1{path}", body, headers=headers, **{"api_key": "EMULATED", **query})

    async def data(self, path: str) -> object:
        answer = await self.api("GET", path)
        body: Json = answer.raise_for_status().json()
        assert body["status"] == "success", body
        return body["data"]

    async def rows(self, path: str) -> list[Json]:
        data = await self.data(path)
        assert isinstance(data, list)
        return data

    async def control(self, method: str, path: str, body: object = None) -> httpx2.Response:
        return await self.request(method, f"/_emulator{path}", body)

    async def arm(self, operation: str, fault: str, times: int = 1) -> None:
        body = {"operation": operation, "fault": fault, "times": times}
        (await self.control("POST", "/faults", body)).raise_for_status()

    async def set(self, **settings: object) -> None:
        (await self.control("POST", "/settings", settings)).raise_for_status()

    async def price(self, key: str, price: str) -> None:
        (await self.control("POST", "/prices", {key: price})).raise_for_status()

    async def arrived(self) -> list[Json]:
        found: list[Json] = (await self.control("GET", "/orders")).json()
        return found

    async def start(self) -> str:
        token_id: str = (await self.api("GET", "/login")).json()["tokenId"]
        return token_id

    async def password(self, token_id: str, username: str = "EMUSER", password: str = "emu-pass") -> httpx2.Response:
        body = {"username": username, "password": password}
        return await self.api("POST", "/login/validate", body, token_id=token_id)

    async def otp(self, token_id: str, answer: object = "123456") -> httpx2.Response:
        return await self.api("POST", "/twofa/validate", {"answer": answer}, token_id=token_id)

    async def authorise(self, token_id: str, request_token: str, consent: str = "true") -> httpx2.Response:
        return await self.api("GET", "/authorise", token_id=token_id, request_token=request_token, consent=consent)

    async def exchange(self, request_token: str, secret: str = "EMULATED-SECRET") -> httpx2.Response:
        return await self.api("POST", "/access-token", {"apiSecret": secret}, request_token=request_token)

    async def asked(self) -> str:
        """An attempt whose OTP is on its way."""
        token_id = await self.start()
        (await self.password(token_id)).raise_for_status()
        return token_id

    async def answered(self) -> tuple[str, str]:
        """An attempt that lacks only the consent, and its request token."""
        token_id = await self.asked()
        return token_id, (await self.otp(token_id)).json()["requestToken"]

    async def request_token(self) -> str:
        """One that can be exchanged."""
        granted: str = (await self.authorise(*await self.answered())).json()["requestToken"]
        return granted

    async def login(self) -> str:
        self.token = (await self.exchange(await self.request_token())).json()["accessToken"]
        return self.token

    async def place(self, **fields: object) -> str:
        answer: Json = (await self.api("POST", "/orders/regular", {**ORDER, **fields})).json()
        assert answer["status"] == "success", answer
        order_id: str = answer["data"]["order_id"]
        return order_id

    async def refusal(self, **fields: object) -> str:
        """Why an order is not taken; nothing of it may be left."""
        answer: Json = (await self.api("POST", "/orders/regular", {**ORDER, **fields})).json()
        assert answer["status"] == "error", answer
        assert await self.arrived() == []
        message: str = answer["message"]
        return message

    async def order(self, order_id: str) -> Json:
        (row,) = await self.rows(f"/orders/{order_id}")
        return row
