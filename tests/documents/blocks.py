"""The fenced blocks of a page, and what the comments before them say about how they are run."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
LANGUAGES: Final = frozenset({"console", "crontab", "json", "python", "sh", "text", "toml", "yaml"})

_FENCE: Final = re.compile(
    r"(?P<comments>(?:^[ ]*<!--[^\n]*-->\n\s*)*)"
    r"^(?P<indent>[ ]*)```(?P<language>[^\n]*)\n(?P<text>.*?)^(?P=indent)```[ ]*$",
    re.MULTILINE | re.DOTALL,
)
_COMMENT: Final = re.compile(r"<!-- (?P<word>not run|file|exit): (?P<value>.+?) -->|<!--(?P<other>[^\n]*)-->")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block.

    `not_run` says why it can't be run here; `file` is the name under which a reader saves it; `exit` the code with
    which its last command ends.
    """

    page: Path
    line: int
    language: str
    text: str
    not_run: str | None = None
    file: str | None = None
    exit: int = 0

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def has_a_house(page: Path) -> bool:
    """Whether a page begins with a gateway of its own, since it changes what others rely on."""
    return "<!-- house: its own -->" in page.read_text("utf-8")


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page from its top. Raises `ValueError` for a comment before a block that says nothing known."""
    text = page.read_text("utf-8")
    for found in _FENCE.finditer(text):
        said = {}
        for comment in _COMMENT.finditer(found["comments"]):
            if comment["other"] is not None:
                raise ValueError(f"{page}: a comment before a block that says nothing known:{comment['other']}")
            said[comment["word"]] = comment["value"]
        yield Block(
            page=page,
            line=text.count("\n", 0, found.start("language")) + 1,
            language=found["language"],
            text=textwrap.dedent(found["text"]),
            not_run=said.get("not run"),
            file=said.get("file"),
            exit=int(said.get("exit", 0)),
        )
