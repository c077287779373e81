"""The contract as a page: all of it, safe, and from this host alone."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.unit.entrypoints.http.gateway_door import Door


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture
async def shown(door: Door) -> Any:  # noqa: ANN401  (the client's response)
    return await door.http.get("/schema", headers={"Authorization": ""})


@pytest.fixture
def page(shown: Any) -> Page:  # noqa: ANN401
    parsed = Page()
    parsed.feed(shown.text)
    return parsed


def test_it_is_one_whole_page(shown: Any, page: Page) -> None:  # noqa: ANN401
    assert shown.headers["Content-Type"].startswith("text/html")
    assert page.open == []
    assert "Place an order" in page.text


def test_it_needs_no_other_host_and_no_script(shown: Any, page: Page) -> None:  # noqa: ANN401
    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "form", "base", "svg"})
    assert page.attributes <= {"lang", "charset", "name", "content", "class", "href", "id"}
    assert all(link.startswith(("#", "/schema/")) for link in page.links)
    assert "//" not in shown.text
    style = re.search(r"<style>(.*?)</style>", shown.text, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_its_policy_allows_its_own_style_and_nothing_else(shown: Any) -> None:  # noqa: ANN401
    style = re.search(r"<style>(.*?)</style>", shown.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = shown.headers["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "unsafe" not in policy


async def test_every_operation_and_model_stands_once_and_every_link_leads_somewhere(door: Door, page: Page) -> None:
    document = (await door.http.get("/schema/openapi.json")).json()
    operations = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert sorted(page.ids) == sorted([*operations, *document["components"]["schemas"]])
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= set(page.ids)
    text = "".join(page.text)
    for schema in document["components"]["schemas"].values():
        for field in schema.get("properties", {}):
            assert field in text


def test_what_looks_like_markup_is_text(page: Page) -> None:
    assert any("Bearer <token>" in text for text in page.text)
