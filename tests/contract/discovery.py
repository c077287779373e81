"""Finds the harness modules of an adapter family: every file in its folder is one, whatever its name."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType


def harnesses(family: str) -> dict[str, ModuleType]:
    """The modules in `tests/contract/<family>`, by name. None at all is a fault of the suite, not an empty success."""
    names = sorted(path.stem for path in (Path(__file__).parent / family).glob("[!_]*.py"))
    if not names:
        raise LookupError(f"tests/contract/{family} holds no harness")
    return {name: import_module(f"tests.contract.{family}.{name}") for name in names}
