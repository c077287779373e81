"""The index of the decision records, from the records."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[3] / "docs/adr"
_HEAD: Final = """\
# Decisions

A decision that somebody could later want to undo has one page: context, decision, consequences, alternatives. A new
one begins from [the template](0000-template.md). This index is made from the records; a test holds the two together.

| | Decision | Status |
| --- | --- | --- |
"""


def page() -> str:
    """The page as Markdown."""
    rows = []
    for path in sorted(FOLDER.glob("[0-9]*.md"))[1:]:
        text = path.read_text("utf-8")
        number, _, title = text.splitlines()[0].removeprefix("# ").partition(". ")
        status = re.search(r"^Status: ([^.]+)\.", text, re.MULTILINE)
        assert status is not None, path.name
        rows.append(f"| {number} | [{title}]({path.name}) | {status[1]} |")
    return _HEAD + "\n".join(rows) + "\n"
