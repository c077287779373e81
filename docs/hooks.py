"""What the site needs beyond the pages: names for what lies outside them, and no foreign host."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).parents[1]
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
# What a browser loads by itself; a link that somebody follows may lead anywhere.
_LOADS = re.compile(r"""<(?:script|link|img|iframe|source|video|audio|embed|object)\b[^>]*?["'=](?:https?:)?//[^>]*>""")
_STYLE_LOADS = re.compile(r"""(?:@import\s*|url\()\s*["']?(?:https?:)?//[^)]*""")

_SCRIPT_ADDRESS = re.compile(r"""(["'`])https?://""")


class _File(Protocol):
    abs_src_path: str


class _Page(Protocol):
    file: _File


def on_page_markdown(markdown: str, *, page: _Page, **_: object) -> str:
    """Turn a link to a file of the repository that is no page into the file's name."""
    folder = Path(page.file.abs_src_path).parent
    return _outside_fences(markdown, lambda text: _LINK.sub(lambda link: named(link, folder), text))


def named(link: re.Match[str], folder: Path) -> str:
    """The link, or the file that it leads to by name where that is not among the pages."""
    text, address = link[1], link[2]
    path = (folder / address.partition("#")[0]).resolve()
    if "://" in address or address.startswith("#") or path.is_relative_to(ROOT / "docs"):
        return link[0]
    name = f"`{path.relative_to(ROOT)}`"
    return name if text.strip("`") in (path.name, name.strip("`")) else f"{text} ({name})"


def _outside_fences(markdown: str, change: Callable[[str], str]) -> str:
    parts, end = [], 0
    for fence in _FENCE.finditer(markdown):
        parts += [change(markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join((*parts, change(markdown[end:])))


def on_post_build(*, config: dict[str, object], **_: object) -> None:
    """Fail where a page would make the reader's browser ask another host, and see to it that no script does."""
    site = Path(str(config["site_dir"]))
    for script in site.rglob("*.js"):
        script.write_text(silenced(script.read_text("utf-8")), encoding="utf-8")
    found = [
        f"{path.relative_to(site)}: {load}"
        for path in sorted(site.rglob("*"))
        if path.suffix in (".html", ".css")
        for load in foreign(path.read_text("utf-8"))
    ]
    if found:
        raise SystemExit("The pages would load from other hosts:\n" + "\n".join(found))


def silenced(script: str) -> str:
    """A script of the theme without the addresses of other hosts: what it would fetch there are diagrams that no page
    has, help for browsers of before 2020, and the stars of a repository.
    """
    return _SCRIPT_ADDRESS.sub(r"\1about:blank#", script)


def foreign(text: str) -> list[str]:
    """What a page or a style sheet would load from another host."""
    return [*_LOADS.findall(text), *_STYLE_LOADS.findall(text)]
