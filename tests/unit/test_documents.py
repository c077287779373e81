"""The documents are true: their tables are those of the code, their links lead somewhere. That their examples run is
shown by `tests/documents`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ordo.adapters.paper.broker import CAPABILITIES

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAPER = ROOT / "docs/brokers/paper.md"
DECISIONS = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text("utf-8"))


def rows(page: Path, head: str) -> dict[str, str]:
    """The first two columns of the table whose first heading this is."""
    _, found, rest = prose(page).partition(f"\n| {head} |")
    assert found, f"{page.name} has no table of {head}"
    lines = rest.split("\n\n")[0].splitlines()[2:]
    return {first.strip(): second.strip() for first, second in (line.split("|")[1:3] for line in lines)}


def anchors(page: Path) -> set[str]:
    """The anchors that a heading gets from the usual renderers."""
    words = (heading.lower().replace(" ", "-") for heading in _HEADING.findall(prose(page)))
    return {re.sub(r"[^\w-]", "", text) for text in words}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(prose(page)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_the_capabilities_of_the_paper_broker_are_its_own() -> None:
    told = {trait.strip("`"): offered for trait, offered in rows(PAPER, "Trait").items()}
    for trait, offered in told.items():
        value = getattr(CAPABILITIES, trait)
        shown = ", ".join(sorted(value)) if isinstance(value, frozenset) else value
        assert offered == ({True: "yes", False: "no"}[shown] if isinstance(shown, bool) else str(shown)), trait
    assert told.keys() == set(CAPABILITIES.__slots__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^\$ )make ([\w-]+)", page.read_text("utf-8"), re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_every_decision_has_its_four_parts(page: Path) -> None:
    text = page.read_text("utf-8")
    assert _HEADING.findall(text)[1:] == ["Context", "Decision", "Consequences", "Alternatives"]
    assert re.search(r"^Status: .+ Date: ", text, re.MULTILINE)


def test_the_decisions_are_numbered_without_gaps() -> None:
    assert [int(page.stem[:4]) for page in DECISIONS] == list(range(len(DECISIONS)))
    for page in DECISIONS[1:]:
        assert page.read_text("utf-8").startswith(f"# {page.stem[:4]}. ")
