"""The commands as the shell sees them. What they do is imported when one is run."""

# isort: skip_file
# The order of the imports is the order of the help.
from __future__ import annotations

from ordo.entrypoints.cli.tree import starting, trading, looking, guarding, upkeep

__all__ = ["guarding", "looking", "starting", "trading", "upkeep"]
