"""The contract: complete, true, and changed only on purpose."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from ordo.container.root import container_for
from ordo.domain.errors import ErrorCode
from ordo.entrypoints.http import openapi
from ordo.entrypoints.http.app import routes
from ordo.schemas.config.settings import Settings
from tests.unit.entrypoints.http.gateway_door import DEMO, MASTER_KEY, ORDERS, RESTING, Door

SNAPSHOT = Path(__file__).with_name("openapi-v1.json")
Json = dict[str, Any]

PUBLISHED = {
    "get /health",
    "get /ready",
    "get /callback/{adapter_id}",
    "get /api/v1/status",
    "get /api/v1/brokers",
    "get /api/v1/sessions",
    "get /api/v1/sessions/{adapter_id}/{account_id}",
    "post /api/v1/sessions/{adapter_id}/{account_id}/login",
    "post /api/v1/sessions/{adapter_id}/{account_id}/login/answer",
    "delete /api/v1/sessions/{adapter_id}/{account_id}",
    "get /api/v1/accounts/{adapter_id}/{account_id}/portfolio",
    "get /api/v1/accounts/{adapter_id}/{account_id}/funds",
    "get /api/v1/accounts/{adapter_id}/{account_id}/positions",
    "get /api/v1/accounts/{adapter_id}/{account_id}/holdings",
    "get /api/v1/accounts/{adapter_id}/{account_id}/trades",
    "get /api/v1/accounts/{adapter_id}/{account_id}/quotes",
    "get /api/v1/accounts/{adapter_id}/{account_id}/orders",
    "post /api/v1/accounts/{adapter_id}/{account_id}/orders",
    "post /api/v1/accounts/{adapter_id}/{account_id}/orders/preview",
    "get /api/v1/accounts/{adapter_id}/{account_id}/orders/{order_id}",
    "patch /api/v1/accounts/{adapter_id}/{account_id}/orders/{order_id}",
    "delete /api/v1/accounts/{adapter_id}/{account_id}/orders/{order_id}",
    "post /api/v1/accounts/{adapter_id}/{account_id}/orders/{order_id}/resolve",
    "post /api/v1/baskets",
    "get /api/v1/instruments",
    "get /api/v1/instruments/{key}",
    "post /api/v1/instruments/sync",
    "get /api/v1/kill-switch",
    "get /api/v1/portfolios",
    "put /api/v1/kill-switch",
}
KEYED = {"placeBasket", "placeOrder", "modifyOrder", "cancelOrder"}
OF_NO_ROUTE = {ErrorCode.METHOD_NOT_ALLOWED, ErrorCode.OUTCOME_UNKNOWN}


@pytest.fixture
def document(tmp_path: Path) -> Json:
    settings = {"master_keys": MASTER_KEY, "database_url": f"sqlite+aiosqlite:///{tmp_path / 'ordo.db'}"}
    gateway = container_for(Settings.model_validate(settings)).gateway()
    written: Json = json.loads(json.dumps(openapi.document(routes(gateway))))
    return written


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _resolved(document: Json, item: Json) -> Json:
    while "$ref" in item:
        _, _, group, name = item["$ref"].split("/")
        item = document["components"][group][name]
    return item


def _validator(document: Json, schema: Json) -> jsonschema_rs.Validator:
    text = json.dumps({**schema, "components": {"schemas": document["components"]["schemas"]}})
    return jsonschema_rs.validator_for(json.loads(text))


def test_the_contract_has_not_changed(document: Json) -> None:
    """Run with `ORDO_TEST_WRITE_SNAPSHOTS=1` to take over a change that is meant."""
    shown = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("ORDO_TEST_WRITE_SNAPSHOTS"):
        SNAPSHOT.write_text(shown, encoding="utf-8")
    assert shown == SNAPSHOT.read_text(encoding="utf-8")


async def test_the_contract_is_what_is_served(door: Door, document: Json) -> None:
    assert (await door.http.get("/schema/openapi.json")).json() == document


def test_every_published_route_is_in_it_and_no_other(document: Json) -> None:
    assert {f"{method} {path}" for path, method, _ in _operations(document)} == PUBLISHED


def test_every_operation_says_what_it_is(document: Json) -> None:
    ids = []
    for path, _, operation in _operations(document):
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= {tag["name"] for tag in document["tags"]}
        assert (operation.get("security") == []) is (path in ("/health", "/ready", "/callback/{adapter_id}"))
        ids.append(operation["operationId"])
    assert len(set(ids)) == len(ids)
    assert document["security"] == [{"token": []}]


def test_every_field_parameter_header_and_answer_is_described(document: Json) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert schema["description"], name
        for field, told in schema.get("properties", {}).items():
            assert told.get("description"), f"{name}.{field}"
    for path, method, operation in _operations(document):
        for item in operation["parameters"]:
            parameter = _resolved(document, item)
            assert parameter["description"], (method, path, parameter["name"])
            assert "example" in parameter or not parameter["required"]
        named = {_resolved(document, item)["name"] for item in operation["parameters"]}
        assert {*re.findall(r"{(\w+)}", path)} <= named
        for status, response in operation["responses"].items():
            assert response["description"], (method, path, status)
            assert "X-Correlation-ID" in response["headers"]
            assert all(_resolved(document, header)["description"] for header in response["headers"].values())


def test_every_code_is_documented_where_it_may_come(document: Json) -> None:
    documented = set()
    for _, _, operation in _operations(document):
        for response in operation["responses"].values():
            documented.update(re.findall(r"- `([A-Z_]+)`: ", response["description"]))
    assert documented == set(ErrorCode) - OF_NO_ROUTE
    assert set(document["components"]["schemas"]["ErrorCode"]["enum"]) == set(ErrorCode)


def test_writes_of_orders_need_a_key_and_nothing_else_does(document: Json) -> None:
    for _, _, operation in _operations(document):
        names = {_resolved(document, item)["name"] for item in operation["parameters"]}
        assert ("Idempotency-Key" in names) is (operation["operationId"] in KEYED)


def test_every_schema_is_a_valid_one(document: Json) -> None:
    for name in document["components"]["schemas"]:
        _validator(document, {"$ref": f"#/components/schemas/{name}"})
    text = json.dumps(document)
    for group, name in re.findall(r'"#/components/(\w+)/([\w-]+)"', text):
        assert name in document["components"][group]


async def test_every_example_works_as_documented(door: Door, document: Json) -> None:
    for number, (path, method, operation) in enumerate(_operations(document)):
        parameters = [_resolved(document, item) for item in operation["parameters"]]
        where = {item["name"]: item.get("example") for item in parameters if item["in"] == "path"}
        query = {item["name"]: item["example"] for item in parameters if item["in"] == "query" and "example" in item}
        for name, body in _bodies(operation):
            if "order_id" in where:
                where["order_id"] = (await door.place(RESTING, key=f"{number} {name}")).json()["order_id"]
            answer = await door.http.request(
                method.upper(),
                path.format(**where),
                params=query,
                json=body,
                headers={"Idempotency-Key": f"{operation['operationId']} {name}"},
            )
            what = f"{operation['operationId']} {name}: {answer.text}"
            if operation["operationId"] in ("answerLogin", "finishLogin"):  # Paper has nothing to be answered.
                assert answer.status_code == 404, what
            elif operation["operationId"] == "resolveOrder":  # Nothing is unknown of the order.
                assert answer.status_code == 409, what
            elif operation["operationId"] == "syncInstruments":  # No master is configured.
                assert answer.status_code == 422, what
            else:
                assert answer.status_code < 300, what
            _conforms(document, operation, answer.status_code, answer.headers, answer.content)


def _bodies(operation: Json) -> list[tuple[str, Any]]:
    if "requestBody" not in operation:
        return [("no body", None)]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    return [(name, example["value"]) for name, example in examples.items()]


def _conforms(document: Json, operation: Json, status: int, headers: Any, content: bytes) -> None:  # noqa: ANN401
    promised = operation["responses"][str(status)]
    for name, item in promised["headers"].items():
        header = _resolved(document, item)
        assert name in headers or not header.get("required"), name
    if "content" in promised:
        (media_type, form), *_ = promised["content"].items()
        assert headers["Content-Type"].partition(";")[0] == media_type
        if media_type == "text/html":
            return
        schema = form["schema"]
        assert list(_validator(document, schema).iter_errors(json.loads(content))) == []


async def test_failures_conform_too(door: Door, document: Json) -> None:
    operation = document["paths"]["/api/v1/accounts/{adapter_id}/{account_id}/orders"]["post"]
    for body, headers in (
        ({**RESTING, "price": 1}, {"Idempotency-Key": "k"}),
        ({**RESTING, "price": "700.03"}, {"Idempotency-Key": "k"}),
        (RESTING, {}),
        (RESTING, {"Idempotency-Key": "k", "Authorization": ""}),
    ):
        answer = await door.http.post(ORDERS, json=body, headers=headers)
        assert answer.status_code >= 400
        _conforms(document, operation, answer.status_code, answer.headers, answer.content)
    door.broker.loses_replies = door.broker.hides_book = True
    lost = await door.place()
    assert lost.status_code == 202
    _conforms(document, operation, 202, lost.headers, lost.content)
    assert (await door.intents())[0].order.account == DEMO
