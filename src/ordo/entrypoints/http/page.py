"""The OpenAPI document as one readable page: rendered here, without a script and without another host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

Json = dict[str, Any]


@cache
def style() -> str:
    """The page's style sheet."""
    return (files(__package__) / "pages.css").read_text(encoding="utf-8")


def page(document: Json) -> str:
    """The whole page."""
    info, schemas = document["info"], document["components"]["schemas"]
    chapters = [(tag, list(_operations(document, tag["name"]))) for tag in document["tags"]]
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(info['title'])} API</title><style>{style()}</style></head><body>",
            f"<nav><h1>{escape(info['title'])}</h1><p class=quiet>API {escape(info['version'])} · ",
            '<a href="/schema/openapi.json">openapi.json</a></p>',
            *(_contents(tag["name"], operations) for tag, operations in chapters),
            "<h2>Models</h2><ul>",
            *(f"<li>{_model_link(name)}</li>" for name in schemas),
            "</ul></nav><main>",
            f"<h3>{escape(info['summary'])}</h3>{_prose(info['description'])}",
            *(_chapter(document, tag, operations) for tag, operations in chapters),
            "<h2>Models</h2>",
            *(_model(name, schema) for name, schema in schemas.items()),
            "</main></body></html>",
        )
    )


def _operations(document: Json, tag: str) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if tag in operation["tags"]:
                yield path, method, operation


def _contents(tag: str, operations: Iterable[tuple[str, str, Json]]) -> str:
    lines = (
        f'<li><a href="#{operation["operationId"]}">{escape(operation["summary"])}</a></li>'
        for _, _, operation in operations
    )
    return f"<h2>{escape(tag)}</h2><ul>{''.join(lines)}</ul>"


def _chapter(document: Json, tag: Json, operations: Iterable[tuple[str, str, Json]]) -> str:
    articles = (_article(document, path, method, operation) for path, method, operation in operations)
    return f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>{''.join(articles)}"


def _article(document: Json, path: str, method: str, operation: Json) -> str:
    return "".join(
        (
            f'<article id="{operation["operationId"]}"><h3>{escape(operation["summary"])}</h3>',
            f'<p class=address><code><span class="method {method}">{method.upper()}</span>{escape(path)}</code></p>',
            _prose(operation["description"]),
            _parameters([_resolved(document, item) for item in operation["parameters"]]),
            _request(operation.get("requestBody")),
            _responses(operation["responses"]),
            "</article>",
        )
    )


def _parameters(parameters: list[Json]) -> str:
    rows = (
        (
            f"<code>{escape(item['name'])}</code>",
            f"{item['in']}{', required' if item['required'] else ''}<br>{_type(item['schema'])}",
            _prose(item["description"]),
        )
        for item in parameters
    )
    return f"<h4>Parameters</h4>{_table(('Name', 'Where and what', ''), rows)}" if parameters else ""


def _request(body: Json | None) -> str:
    if body is None:
        return ""
    content = body["content"]["application/json"]
    examples = (
        f"<pre><code>{escape(json.dumps(example['value'], indent=2, ensure_ascii=False))}</code></pre>"
        for example in content["examples"].values()
    )
    return f"<h4>Request: {_type(content['schema'])} as application/json</h4>{''.join(examples)}"


def _responses(responses: Json) -> str:
    rows = []
    for status, response in responses.items():
        content = response.get("content", {}).get("application/json", {}).get("schema")
        headers = (f"<code>{escape(name)}</code>" for name in response["headers"] if name != "X-Correlation-ID")
        shown = " ".join(headers)
        told = f"{_prose(response['description'])}{f'<p class=quiet>Headers: {shown}</p>' if shown else ''}"
        rows.append((f"<code>{status}</code>", "" if content is None else _type(content), told))
    return f"<h4>Answers</h4>{_table(('Status', 'Body', ''), rows)}"


def _model(name: str, schema: Json) -> str:
    fields = schema.get("properties", {})
    required = schema.get("required", ())
    rows = (
        (
            f"<code>{escape(field)}</code>",
            f"{_type(told)}{'' if field in required else '<br><span class=quiet>may be absent</span>'}",
            _prose(told.get("description", "")),
        )
        for field, told in fields.items()
    )
    body = _table(("Field", "Type", ""), rows) if fields else f"<p>{_type(schema)}</p>"
    return f'<article id="{name}"><h3>{name}</h3>{_prose(schema.get("description", ""))}{body}</article>'


def _type(schema: Json) -> str:
    """What a value may be, in a few words."""
    if "$ref" in schema:
        words = _model_link(schema["$ref"].rpartition("/")[2])
    elif "allOf" in schema and "properties" not in schema:
        words = _type(schema["allOf"][0])
    elif "anyOf" in schema and "properties" not in schema:
        words = " or ".join(_type(choice) for choice in schema["anyOf"])
    elif "enum" in schema:
        words = " ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    elif schema.get("type") == "array":
        words = f"array of {_type(schema['items'])}"
    elif schema.get("type") == "object":
        words = f"object of {_type(schema.get('additionalProperties') or {'type': 'anything'})}"
    else:
        parts = (schema.get("type"), schema.get("format"), *_bounds(schema))
        words = escape(" ".join(part for part in parts if part))
    return words


def _bounds(schema: Json) -> Iterator[str]:
    for key, word in (("minimum", "from"), ("maximum", "to")):
        if key in schema:
            yield f"{word} {schema[key]}"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{text}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _prose(text: str) -> str:
    blocks = []
    for block in filter(None, text.strip().split("\n\n")):
        if block.startswith("- "):
            items = "".join(f"<li>{_inline(line.removeprefix('- '))}</li>" for line in block.split("\n"))
            blocks.append(f"<ul>{items}</ul>")
        else:
            blocks.append(f"<p>{_inline(block)}</p>")
    return "".join(blocks)


def _inline(text: str) -> str:
    coded = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", coded)


def _model_link(name: str) -> str:
    return f'<a href="#{name}">{name}</a>'


def _resolved(document: Json, item: Json) -> Json:
    if "$ref" not in item:
        return item
    _, _, group, name = item["$ref"].split("/")
    found: Json = document["components"][group][name]
    return found
