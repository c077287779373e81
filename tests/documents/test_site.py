"""What the site adds to the pages: `make docs` builds it."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml  # type: ignore[import-untyped]

from docs import hooks
from tests.documents.blocks import PAGES, ROOT

FOLDER = ROOT / "docs/howto"


class Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Leaves out what names a function of the site's own environment."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
SITE = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), Loader)  # noqa: S506  (a safe loader that makes less)


def pages_of(entry: object) -> list[str]:
    if isinstance(entry, dict):
        return [page for part in entry.values() for page in pages_of(part)]
    return [page for part in entry for page in pages_of(part)] if isinstance(entry, list) else [str(entry)]


def test_every_page_is_in_the_navigation() -> None:
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    listed = pages_of(SITE["nav"])
    assert len(listed) == len(set(listed))
    assert {page for page in pages if not page.startswith("adr/0")} == set(listed)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_nested_is_indented_by_four(page: Path) -> None:
    """Or the site takes it for the end of its list."""
    assert re.findall(r"\n\n {1,3}\S.*", page.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("[the API](../reference/http.md#placeorder)", "[the API](../reference/http.md#placeorder)"),
        ("[somewhere](https://example.com/a)", "[somewhere](https://example.com/a)"),
        ("[here](#look-at-it)", "[here](#look-at-it)"),
        ("[the unit](../../deploy/ordo.service)", "the unit (`deploy/ordo.service`)"),
        ("[deploy/ordo.service](../../deploy/ordo.service)", "`deploy/ordo.service`"),
        ("[`once.py`](../../src/ordo/application/once.py)", "`src/ordo/application/once.py`"),
    ],
)
def test_a_link_out_of_the_pages_becomes_a_name(link: str, told: str) -> None:
    found = hooks._LINK.search(link)
    assert found is not None
    assert hooks.named(found, FOLDER) == told


def test_a_link_in_a_block_stays() -> None:
    page = SimpleNamespace(file=SimpleNamespace(abs_src_path=str(FOLDER / "systemd.md")))
    block = "```sh\n[a](../../README.md)\n```"
    assert hooks.on_page_markdown(f"[a](../../README.md)\n\n{block}\n", page=page) == f"a (`README.md`)\n\n{block}\n"


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js"></script>',
        "<link rel=stylesheet href=//fonts.example/css>",
        '<img alt="" src="http://pixel.example/1.gif">',
        "@import 'https://fonts.example/css'",
        "src: url(https://fonts.example/a.woff2)",
    ],
)
def test_what_would_ask_another_host_is_seen(text: str, tmp_path: Path) -> None:
    assert hooks.foreign(text)
    (tmp_path / "index.html").write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match=r"index\.html"):
        hooks.on_post_build(config={"site_dir": str(tmp_path)})


def test_no_script_knows_another_host(tmp_path: Path) -> None:
    script = tmp_path / "assets/bundle.js"
    script.parent.mkdir()
    script.write_text('/* https://licence.example */ load("https://cdn.example/a.js"); get(`http://api.example/${e}`)')
    hooks.on_post_build(config={"site_dir": str(tmp_path)})
    told = script.read_text("utf-8")
    assert (
        told
        == '/* https://licence.example */ load("about:blank#cdn.example/a.js"); get(`about:blank#api.example/${e}`)'
    )


def test_what_stays_here_or_is_only_followed_is_left_alone() -> None:
    assert not hooks.foreign('<script src="assets/x.js"></script><a href="https://example.com">there</a> url(a.png)')
    assert not SITE["theme"]["font"]
    assert re.search(r"^/build/$", (ROOT / ".gitignore").read_text("utf-8"), re.MULTILINE)
