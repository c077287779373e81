"""The program as it is installed with its extra: what it sends to an OTLP collector on a real socket."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.unit.entrypoints.cli.shell import Shell

TOKEN = "an-invented-token-of-the-tests"
ORDER = {"instrument": "NSE:SBIN", "side": "BUY", "quantity": 1, "order_type": "MARKET", "product": "MIS"}


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """An address that takes whatever is posted there, and what was posted."""
    posted: list[bytes] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", posted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def spans(posted: list[bytes]) -> list[Any]:
    requests = [ExportTraceServiceRequest.FromString(body) for body in posted]
    scopes = (scope for one in requests for resource in one.resource_spans for scope in resource.scope_spans)
    return [span for scope in scopes for span in scope.spans]


def attributes(span: Any) -> dict[str, str]:  # noqa: ANN401  (a message of protobuf)
    return {pair.key: pair.value.string_value for pair in span.attributes}


def test_one_trace_leads_from_the_request_to_the_broker(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    with collector() as (endpoint, posted):
        with shell.serving("--json", ORDO_TOKEN=TOKEN, ORDO_TRACES__ENDPOINT=endpoint) as serving:
            headers = {
                "Authorization": f"Bearer {TOKEN}",
                "Idempotency-Key": "k",
                "X-Correlation-ID": "run-7",
                # Nobody outside decides under which trace the gateway works.
                "traceparent": "00-" + "f" * 32 + "-" + "f" * 16 + "-01",
            }
            url = json.loads(serving.said)["url"]
            path = f"{url}/api/v1/accounts/paper/DEMO/orders"
            assert httpx2.post(path, json=ORDER, headers=headers, trust_env=False).status_code == 201
            assert serving.end(signal.SIGTERM).code == 0
        found = spans(posted)
    (request,) = [span for span in found if attributes(span).get("ordo.correlation_id") == "run-7"]
    assert (request.name, attributes(request)["ordo.result"]) == ("request placeOrder", "201")
    assert (request.parent_span_id, request.trace_id == b"\xff" * 16) == (b"", False)
    (call,) = [span for span in found if span.name == "broker place"]
    assert (call.trace_id, call.parent_span_id) == (request.trace_id, request.span_id)
    assert request.start_time_unix_nano <= call.start_time_unix_nano <= call.end_time_unix_nano
    assert call.end_time_unix_nano <= request.end_time_unix_nano
    assert TOKEN.encode() not in b"".join(posted)
