"""The HTTP API as a page, from its OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

# Held to the code by its own test.
CONTRACT: Final = Path(__file__).parents[2] / "unit/entrypoints/http/openapi-v1.json"
_HEAD: Final = """\
# HTTP API, version 1

The same as a document for programs is `GET /schema/openapi.json` of a running gateway; `/schema` is a page of it.
This page is made from that document; a test holds the two together.

"""
_METHODS: Final = ("get", "put", "post", "patch", "delete")

Json = dict[str, Any]


def page() -> str:
    """The page as Markdown."""
    contract = json.loads(CONTRACT.read_text("utf-8"))
    return "\n".join(
        (_HEAD + contract["info"]["description"], *_summary(contract), *_routes(contract), *_models(contract))
    )


def _operations(contract: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in contract["paths"].items():
        yield from ((method, path, methods[method]) for method in _METHODS if method in methods)


def _summary(contract: Json) -> Iterator[str]:
    yield "## All requests\n"
    yield "| | | |\n| --- | --- | --- |"
    for method, path, operation in _operations(contract):
        yield f"| {method.upper()} | `{path}` | [{operation['summary']}](#{operation['operationId'].lower()}) |"
    yield ""


def _routes(contract: Json) -> Iterator[str]:
    for tag in contract["tags"]:
        yield f"## {tag['name']}\n"
        yield f"{tag['description']}\n"
        for method, path, operation in _operations(contract):
            if tag["name"] in operation["tags"]:
                yield from _route(contract, method, path, operation)


def _route(contract: Json, method: str, path: str, operation: Json) -> Iterator[str]:
    yield f"### {operation['operationId']}\n"
    yield f"`{method.upper()} {path}`: {operation['summary']}.\n"
    yield f"{operation['description']}\n"
    if operation.get("security") == []:
        yield "Needs no token.\n"
    parameters = [_referred(contract, one) for one in operation["parameters"]]
    if parameters:
        yield "| Parameter | In | | Meaning |\n| --- | --- | --- | --- |"
        for one in parameters:
            needed = "needed" if one.get("required") else ""
            yield f"| `{one['name']}` | {one['in']} | {needed} | {_told(one['description'])} |"
        yield ""
    if "requestBody" in operation:
        yield from _body(operation["requestBody"])
    yield "| Answer | Meaning |\n| --- | --- |"
    yield from (_answer(status, answer) for status, answer in operation["responses"].items())
    yield ""


def _body(body: Json) -> Iterator[str]:
    content = body["content"]["application/json"]
    yield f"Body: {_type(content['schema'])}, for example\n"
    example = next(iter(content["examples"].values()))["value"]
    yield f"```json\n{json.dumps(example, indent=2, ensure_ascii=False)}\n```\n"


def _answer(status: str, answer: Json) -> str:
    if "content" in answer and int(status) < 300:
        kinds = [_type(media["schema"]) for media in answer["content"].values() if "schema" in media]
        return f"| {status} | {_told(answer['description'])} {', '.join(kinds)} |"
    codes = [line.split("`")[1] for line in answer["description"].splitlines() if line.startswith("- `")]
    told = ", ".join(f"[`{code}`](errors.md#{code.lower()})" for code in codes) or _told(answer["description"])
    return f"| {status} | {told} |"


def _models(contract: Json) -> Iterator[str]:
    yield "## Models\n"
    for name, model in contract["components"]["schemas"].items():
        yield f"### {name}\n"
        if "description" in model:
            yield f"{' '.join(model['description'].split())}\n"
        if "enum" in model:
            yield ", ".join(f"`{value}`" for value in model["enum"]) + "\n"
        if "properties" in model:
            required = model.get("required", ())
            yield "| Field | Type | Meaning |\n| --- | --- | --- |"
            for field, told in model["properties"].items():
                may = "" if field in required else ", may be left out"
                yield f"| `{field}` | {_type(told)}{may} | {_told(told.get('description', ''))} |"
            yield ""


def _type(schema: Json) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    return {"null": "null", "date-time": "time"}.get(str(schema.get("format")), str(schema.get("type", "any value")))


def _referred(contract: Json, parameter: Json) -> Json:
    if "$ref" not in parameter:
        return parameter
    found: Json = contract["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
    return found


def _told(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
