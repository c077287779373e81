"""The program `ordo`."""

from __future__ import annotations


def main() -> None:
    """Run the command line, and leave with its exit code (`ordo.entrypoints.cli.outcome`)."""
    import sys

    from ordo.entrypoints.cli.program import run

    sys.exit(run(sys.argv[1:]))
