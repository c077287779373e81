"""What is asked of every request before anybody looks at what it wants."""

import httpx2
import pytest

from tests.unit.emulators.hdfc_wire import ORDER, Hdfc
from tests.unit.emulators.wire import Clock

READS = [
    "/orders",
    "/trades",
    "/user/margins",
    "/portfolio/holdings",
    "/portfolio/cumulative-positions",
]
DEAD = (401, {"error": "invalid credentials"})


async def sent(hdfc: Hdfc, path: str, headers: dict[str, str], query: str = "api_key=EMULATED") -> httpx2.Response:
    request = hdfc.http.build_request("GET", f"{hdfc.origin}/oapi/v1{path}?{query}")
    request.headers = httpx2.Headers({"Host": request.headers["host"], **headers})
    return await hdfc.http.send(request)


@pytest.mark.parametrize("path", ["/orders", "/login"])
@pytest.mark.parametrize("headers", [{}, {"User-Agent": ""}])
async def test_every_request_names_its_agent(hdfc: Hdfc, path: str, headers: dict[str, str]) -> None:
    answer = await sent(hdfc, path, {**headers, "Authorization": hdfc.token})
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/orders", "/login"])
@pytest.mark.parametrize("query", ["", "api_key=", "api_key=OTHER", "apiKey=EMULATED"])
async def test_the_key_stands_in_the_query(hdfc: Hdfc, path: str, query: str) -> None:
    headers = {"User-Agent": "x", "Authorization": hdfc.token, "api_key": "EMULATED"}
    answer = await sent(hdfc, path, headers, query)
    assert (answer.status_code, "INVALID_APIKEY" in answer.text) == (401, True)


@pytest.mark.parametrize("path", READS)
async def test_the_bare_token_is_needed(hdfc: Hdfc, path: str) -> None:
    token = hdfc.token
    assert (await hdfc.api("GET", path)).status_code == 200
    for wrong in ("", f"Bearer {token}", f"bearer {token}", f"{token}x", "a.b.c"):
        hdfc.token = wrong
        answer = await hdfc.api("GET", path)
        assert (answer.status_code, answer.json()) == DEAD, wrong


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/oapi/v1/portfolio/overall_positions"),
        ("GET", "/oapi/v1/holdings"),
        ("GET", "/oapi/v1/profile"),
        ("GET", "/oapi/v1/orders/"),
        ("GET", "/oapi/v1"),
        ("GET", "/"),
        ("POST", "/elsewhere"),
    ],
)
async def test_an_unknown_route_is_an_empty_404_for_everybody(hdfc: Hdfc, method: str, path: str) -> None:
    answer = await hdfc.request(method, path)
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/fetch-ltp"), ("DELETE", "/orders"), ("GET", "/access-token"), ("PATCH", "/trades")]
)
async def test_another_verb_is_a_405(hdfc: Hdfc, method: str, path: str) -> None:
    answer = await hdfc.api(method, path)
    assert (answer.status_code, answer.content) == (405, b"")


@pytest.mark.parametrize("path", ["/orders/regular", "/orders/regular/"])
async def test_orders_are_placed_with_and_without_the_last_slash(hdfc: Hdfc, path: str) -> None:
    answer = await hdfc.api("POST", path, ORDER)
    assert (answer.status_code, answer.json()["status"]) == (200, "success")
    assert len(await hdfc.arrived()) == 1


async def test_the_margin_route_is_there_and_takes_nothing(hdfc: Hdfc) -> None:
    assert (await hdfc.api("POST", "/margin", {})).status_code == 400


async def test_the_bucket_empties_and_fills_again(hdfc: Hdfc, clock: Clock) -> None:
    await hdfc.set(rate_limits=True, bucket=3, refill_per_second=2)
    codes = [(await hdfc.api("GET", "/orders")).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    over = await hdfc.api("POST", "/orders/regular", ORDER)
    assert (over.status_code, "merchantKeyRateLimit - too many requests" in over.text) == (429, True)
    assert await hdfc.arrived() == []
    clock.forward(0.5)
    assert [(await hdfc.api("GET", "/orders")).status_code for _ in range(2)] == [200, 429]
    clock.forward(3600)
    assert [(await hdfc.api("GET", "/orders")).status_code for _ in range(4)] == [200, 200, 200, 429]
    await hdfc.control("POST", "/reset")
    assert (await hdfc.api("GET", "/orders")).status_code == 200


async def test_the_login_counts_and_strangers_do_not(hdfc: Hdfc) -> None:
    await hdfc.set(rate_limits=True, bucket=2)
    assert (await hdfc.api("GET", "/orders", api_key="OTHER")).status_code == 401
    codes = [(await hdfc.api("GET", "/login")).status_code for _ in range(3)]
    assert codes == [200, 200, 429]


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 100_000, b"nul"])
async def test_a_body_that_is_not_json_is_a_400(hdfc: Hdfc, content: bytes) -> None:
    url = f"{hdfc.origin}/oapi/v1/orders/regular?api_key=EMULATED"
    answer = await hdfc.http.post(url, content=content, headers={"Authorization": hdfc.token})
    assert answer.status_code == 400
    assert await hdfc.arrived() == []
