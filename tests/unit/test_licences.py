"""Ordo is MIT: what it runs on must let it be given away as it is."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Permissive licences, and those that bind only who changes the library itself.
ALLOWED = ("MIT", "BSD", "Apache", "PSF", "Python Software Foundation", "ISC", "0BSD", "Unlicense", "MPL", "Mozilla")
FORBIDDEN = re.compile(r"\b(A?GPL|LGPL|SSPL|BUSL|Commons Clause|Proprietary)", re.IGNORECASE)


def pinned() -> list[str]:
    """What is installed to run, on any system."""
    return re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / "requirements/run.txt").read_text("utf-8"), re.MULTILINE)


def licence(found: Distribution) -> str:
    told = found.metadata
    classifiers = [text for text in told.get_all("Classifier") or () if text.startswith("License ::")]
    expressions = told.get_all("License-Expression") or []
    texts = [text.strip().splitlines()[0] for text in told.get_all("License") or () if text.strip()]
    return "; ".join([*expressions, *classifiers, *texts])


@pytest.mark.parametrize("name", pinned())
def test_what_ordo_runs_on_may_be_given_away_with_it(name: str) -> None:
    try:
        told = licence(distribution(name))
    except PackageNotFoundError:
        pytest.skip(f"{name} is not for this system")
    assert any(word in told for word in ALLOWED), f"{name}: {told or 'says nothing of its licence'}"
    assert not FORBIDDEN.search(told), f"{name}: {told}"


def test_there_is_something_to_look_at() -> None:
    assert len(pinned()) > 20
