"""What strangers try at the socket of a real server: nothing is answered that helps them, nothing stays open, and the
gateway goes on serving.
"""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.unit.entrypoints.cli.shell import Shell

TOKEN = "an-invented-token-of-the-tests"
ORDERS = "/api/v1/accounts/paper/DEMO/orders"
BUY = {"instrument": "NSE:SBIN", "side": "BUY", "quantity": 1, "order_type": "MARKET", "product": "MIS"}
SECONDS = 20


@dataclass(frozen=True, slots=True)
class Target:
    url: str
    shell: Shell

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def raw(self, sent: bytes, *, end: bool = False) -> bytes:
        """What comes back on one connection until it is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS) as connection:
            got = b""
            try:
                connection.sendall(sent)
                if end:
                    connection.shutdown(socket.SHUT_WR)
                while part := connection.recv(65_536):
                    got += part
            except ConnectionError:
                pass
            return got

    def get(self, path: str, **more: Any) -> httpx2.Response:  # noqa: ANN401
        headers = more.pop("headers", {"Authorization": f"Bearer {TOKEN}"})
        return httpx2.get(f"{self.url}{path}", headers=headers, trust_env=False, **more)

    def serves(self) -> bool:
        return self.get("/api/v1/status").status_code == 200


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    shell = Shell(tmp_path_factory.mktemp("target"))
    limits = {
        "ORDO_TOKEN": TOKEN,
        "ORDO_HTTP__HEAD_SECONDS": "0.4",
        "ORDO_HTTP__BODY_SECONDS": "0.4",
        "ORDO_HTTP__MAX_CONNECTIONS": "30",
        "ORDO_HTTP__CORS_ORIGINS": "https://desk.example",
    }
    with shell.serving("--json", **limits) as serving:
        yield Target(json.loads(serving.said)["url"], shell)


AUTH = f"Authorization: Bearer {TOKEN}\r\n".encode()
ORDER = json.dumps(BUY).encode()


@pytest.mark.parametrize(
    "sent",
    [
        b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x",
        b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello",
        b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST %b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"POST %b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        b"GET %b HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET %b HTTP/1.1\r\nHost: a\r\n folded: yes\r\n\r\n",
        b"GET %b HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n",
        b"POST %b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        b"POST %b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\x00: chunked\r\n\r\n0\r\n\r\n",
        b"POST %b HTTP/1.1\r\nHost: a\nContent-Length: 5\r\nTransfer-Encoding: chunked\n\n",
        b"GET %b HTTP/1.1\nHost: a\n folded: yes\n\n",
        b"GET %b HTTP/1.1\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n",
        b"GET %b HTTP/9.9\r\n\r\n",
        b"GET %b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-guess\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_nothing_behind_it_is_read(target: Target, sent: bytes) -> None:
    smuggled = b"POST " + ORDERS.encode() + b" HTTP/1.1\r\nHost: a\r\n" + AUTH + b"Idempotency-Key: smuggled\r\n"
    smuggled += b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(ORDER) + ORDER
    before = len(target.get(ORDERS).json())
    got = target.raw(sent.replace(b"%b", ORDERS.encode()) + smuggled)
    assert re.findall(rb"HTTP/1.1 (\d+)", got) in ([b"400"], [b"401"], [b"401", b"400"])
    assert b"Traceback" not in got
    assert len(target.get(ORDERS).json()) == before


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /health HTTP/1.1\nHost: a\n\n",
        b"GET /health HTTP/1.1\r\nHost: a\nConnection: close\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\n\r\n",
        b"GET /health HTTP/1.1\rHost: a\r\r",
    ],
)
def test_lines_end_as_they_must_so_that_a_proxy_reads_the_same_request(target: Target, sent: bytes) -> None:
    assert target.raw(sent, end=True).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /health HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET /health HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n",
        b"GET /health HTTP/1.1\r\nX: " + b"a" * 200_000,
        b"GET /health HTTP/1.1\r\nHost: a\r\n" + AUTH[:-2] + b"a" * 40_000 + b"\r\n\r\n",
    ],
)
def test_an_oversized_head_is_refused_before_it_is_all_there(target: Target, head: bytes) -> None:
    got = target.raw(head)
    assert got == b"" or got.startswith(b"HTTP/1.1 400 ")
    assert target.serves()


def test_an_oversized_body_is_refused_however_it_is_told(target: Target) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "k", "Content-Type": "application/json"}
    for body in (b"x" * 70_000, iter([b"x" * 40_000, b"x" * 40_000])):
        answer = httpx2.post(f"{target.url}{ORDERS}", content=body, headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()["error_code"]) == (413, "BODY_TOO_LARGE")
    for body in (b"[" * 60_000, b'{"a":' * 12_000, b"\xff\xfe", b"9" * 60_000, b'"\\ud800"'):
        answer = httpx2.post(f"{target.url}{ORDERS}", content=body, headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "key", ["", "k" * 256, "k" * 20_000, "k\x7f", "\x80", "k\tk"], ids=lambda key: f"{key[:3]!a}x{len(key)}"
)
def test_a_key_that_is_none_is_refused_before_anything_else(target: Target, key: str) -> None:
    before = len(target.get(ORDERS).json())
    headers = [(b"Authorization", f"Bearer {TOKEN}".encode()), (b"Idempotency-Key", key.encode("latin-1"))]
    answer = httpx2.post(f"{target.url}{ORDERS}", json=BUY, headers=headers, trust_env=False)
    assert answer.status_code == 400
    assert answer.json()["error_code"] in ("VALIDATION_ERROR", "IDEMPOTENCY_KEY_MISSING")
    assert len(target.get(ORDERS).json()) == before


def test_long_lists_and_long_values_are_refused_before_a_broker_is_asked(target: Target) -> None:
    accounts = "/api/v1/accounts/paper/DEMO"
    for path in (
        f"{accounts}/quotes?{'&'.join(['instrument=NSE:SBIN'] * 51)}",
        f"{accounts}/quotes?instrument={'A' * 10_000}",
        f"/api/v1/portfolios?{'&'.join(f'account=paper/A{number}' for number in range(51))}",
        f"/api/v1/instruments?query={'a' * 5_000}",
        f"/api/v1/instruments?query=a&limit={'9' * 5_000}",
        f"/api/v1/instruments/{'A' * 5_000}",
        f"/api/v1/accounts/paper/{'A' * 5_000}/orders",
        f"{accounts}/orders/{'1' * 5_000}",
    ):
        answer = target.get(path)
        assert answer.status_code in (400, 404, 422), path[:80]
        assert len(answer.content) < 20_000, path[:80]
    legs = [{"account": "paper/DEMO", **BUY}] * 200
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "many"}
    body = {"mode": "AT_ONCE", "legs": legs}
    refused = httpx2.post(f"{target.url}/api/v1/baskets", json=body, headers=headers, trust_env=False)
    assert (refused.status_code, refused.json()["error_code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("name", ["token", "access_token", "api_key", "authorization", "Authorization", "bearer"])
def test_a_token_in_the_address_or_in_a_cookie_opens_nothing(target: Target, name: str) -> None:
    for path, headers in ((f"?{name}={TOKEN}", {}), ("", {"Cookie": f"{name}={TOKEN}"}), ("", {f"X-{name}": TOKEN})):
        answer = target.get(f"/api/v1/status{path}", headers=headers)
        assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")
        assert TOKEN not in answer.text


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /health HT",
        b"GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: ",
        b"\r\n\r\n",
        b"POST " + ORDERS.encode() + b" HTTP/1.1\r\nHost: a\r\n" + AUTH + b"Content-Length: 9\r\n\r\n{",
        b"GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /hea",
    ],
)
def test_whoever_sends_slowly_is_cut_off(target: Target, sent: bytes) -> None:
    assert target.raw(sent).count(b"HTTP/1.1 200") <= 1
    assert target.serves()


def test_whoever_opens_many_connections_is_cut_off_and_the_gateway_serves_on(target: Target) -> None:
    opened = [socket.create_connection(("127.0.0.1", target.port), timeout=SECONDS) for _ in range(60)]
    try:
        for connection in opened:
            with closing(connection), suppress(ConnectionError):
                assert connection.recv(1) == b""
    finally:
        for connection in opened:
            connection.close()
    assert target.serves()


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//api/v1/status",
        "/api/v1/accounts/paper/..%2f..%2fDEMO/orders",
        "/api/v1/accounts/paper/DEMO%00/orders",
        "/api/v1/accounts/paper/DEMO/orders/..%5c..%5c",
        "/api/v1/accounts/paper/DEMO/orders/1%0d%0aX-Evil:%201",
        "/health/../api/v1/status",
        "/schema/..;/api/v1/status",
        "/HEALTH",
        "/health%20",
        "/api/v1/status;x=1",
        "/api/v1/status/..",
    ],
)
def test_tricks_with_paths_reach_nothing(target: Target, path: str) -> None:
    got = target.raw(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    status = int(got.split()[1])
    assert status in (400, 401, 404), got
    assert b"x-evil: 1" not in got.lower().split(b"\r\n")
    assert b"root:" not in got


@pytest.mark.parametrize(
    "path",
    [
        "/API/V1/STATUS",
        "/api/v1/Status",
        "/api/v1/accounts/paper/DEMO%2forders/orders",
        "/api/v1/accounts/paper/..%2fDEMO/orders",
        "/api/v1/accounts/PAPER/DEMO/orders",
        "/api/v1/accounts/paper/DEMO%00/orders",
        "/api/v1/accounts/paper/%EF%BC%A4EMO/orders",
        "/api/v1/accounts/paper/DEMO;x=1/orders",
        "/api/v1/accounts/paper/DEMO/orders/..%2f..%2f..%2f..%2fstatus",
        "/api/v1/accounts/../status",
    ],
)
def test_tricks_with_paths_lead_nowhere_for_those_who_are_let_in_either(target: Target, path: str) -> None:
    got = target.raw(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: a\r\n" + AUTH + b"Connection: close\r\n\r\n")
    assert int(got.split()[1]) in (400, 404, 422), got


def test_nothing_says_what_serves_and_every_answer_is_sheltered(target: Target) -> None:
    for path in ("/health", "/nonsense", "/api/v1/status", "/schema", ORDERS):
        for headers in ({}, {"Authorization": f"Bearer {TOKEN}"}):
            answer = target.get(path, headers=headers)
            assert "server" not in answer.headers
            assert "x-powered-by" not in answer.headers
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "no-store"
            assert "Strict-Transport-Security" not in answer.headers
            assert "Access-Control-Allow-Origin" not in answer.headers
            for word in ("uvicorn", "litestar", "Traceback", 'File "', "site-packages"):
                assert word not in answer.text or path == "/schema"


def test_only_named_origins_may_read_answers(target: Target) -> None:
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for origin, named in (
        ("https://desk.example", True),
        ("https://desk.example.evil", False),
        ("http://desk.example", False),
        ("null", False),
        ("*", False),
    ):
        for answer in (
            target.get("/health", headers={"Origin": origin}),
            httpx2.options(f"{target.url}{ORDERS}", headers={"Origin": origin} | asks, trust_env=False),
        ):
            assert answer.headers.get("Access-Control-Allow-Origin") == (origin if named else None)
            assert "Access-Control-Allow-Credentials" not in answer.headers
            assert answer.headers["Vary"] == "Origin"
        assert ("Access-Control-Allow-Methods" in answer.headers) is named


@pytest.mark.parametrize("path", ["/callback/paper?state=forged&auth_code=x", "/callback/nobody?state=1", "/callback/"])
def test_a_forged_redirect_opens_nothing(target: Target, path: str) -> None:
    before = target.get("/api/v1/sessions").json()
    answer = target.get(path, headers={})
    assert 400 <= answer.status_code < 500
    assert "forged" not in answer.text
    assert target.get("/api/v1/sessions").json() == before


def test_a_row_that_is_copied_to_another_account_does_not_open_there(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    accounts = {"ORDO_TOKEN": TOKEN, "ORDO_BROKERS__PAPER__ACCOUNTS": "DEMO,RICH"}
    with shell.serving("--json", **accounts) as serving:
        url = json.loads(serving.said)["url"]
        for account in ("DEMO", "RICH"):
            answer = httpx2.post(
                f"{url}/api/v1/sessions/paper/{account}/login",
                headers={"Authorization": f"Bearer {TOKEN}"},
                trust_env=False,
            )
            assert answer.status_code == 200
        with closing(sqlite3.connect(tmp_path / "ordo.db")) as database, database:
            database.execute(
                "UPDATE session SET access_token_encrypted = (SELECT access_token_encrypted FROM session"
                " WHERE account_id = 'RICH') WHERE account_id = 'DEMO'"
            )
        answer = httpx2.get(f"{url}{ORDERS}", headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False)
        assert (answer.status_code, answer.json()["error_code"]) == (503, "STORE_UNAVAILABLE")
        assert "altered, or copied" in answer.json()["message"]


def certificate(
    folder: Path, name: str, signer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None
) -> Any:  # noqa: ANN401
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signing = (subject, key) if signer is None else (signer[0].subject, signer[1])
    now = datetime.now(tz=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(signing, hashes.SHA256())
    )
    (folder / f"{name}.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made, key


def test_with_a_certificate_only_those_come_in_whom_its_authority_knows(tmp_path: Path) -> None:
    authority = certificate(tmp_path, "authority")
    for name in ("gateway", "friend"):
        certificate(tmp_path, name, authority)
    certificate(tmp_path, "stranger")
    shell = Shell(tmp_path)
    given = {
        "ORDO_TOKEN": TOKEN,
        "ORDO_HTTP__TLS_CERTIFICATE": "gateway.crt",
        "ORDO_HTTP__TLS_KEY": "gateway.key",
        "ORDO_HTTP__TLS_CLIENT_CA": "authority.crt",
    }
    with shell.serving("--json", **given) as serving:
        url = json.loads(serving.said)["url"]
        assert url.startswith("https://")
        port = int(url.rpartition(":")[2])

        def asked(name: str | None) -> bytes:
            context = ssl.create_default_context(cafile=tmp_path / "authority.crt")
            if name is not None:
                context.load_cert_chain(tmp_path / f"{name}.crt", tmp_path / f"{name}.key")
            with (
                socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as secure,
            ):
                secure.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                got = b""
                while part := secure.recv(4096):
                    got += part
                return got

        got = asked("friend")
        assert got.startswith(b"HTTP/1.1 200")
        assert b"strict-transport-security" in got
        for stranger in (None, "stranger"):
            got = b"cut off"
            with suppress(ssl.SSLError, ConnectionError):
                got = asked(stranger)
            assert got in (b"", b"cut off"), stranger
    wrong = shell.ordo("serve", "--port", "0", **given | {"ORDO_HTTP__TLS_KEY": "friend.key"})
    assert wrong.code == 4
    assert "certificate" in wrong.err
