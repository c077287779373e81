"""`make bench`: what Ordo costs, beside what it stands on, with the goals beside the figures.

`python -m bench --only place,calls --seconds 2 --rounds 3` measures a part. Sections: place, calls, growth, endurance,
start, paper, hanging, masters, scale.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import growth, masters, paper, place, scale, start
from bench.goals import goals
from bench.rows import Effort, Row, goals_table, table

_TABLES: dict[str, Callable[[Effort], list[Row]]] = {
    "place": place.place,
    "calls": place.calls,
    "growth": growth.growth,
    "endurance": growth.endurance,
    "start": start.starts,
    "paper": paper.paper,
    "hanging": paper.beside_a_hanging_broker,
}
_SECTIONS = (*_TABLES, "masters", "scale")


@dataclass
class Found:
    """Everything that was measured, for people and for the file."""

    rows: list[Row] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    others: list[dict[str, Any]] = field(default_factory=list)


def run(sections: Sequence[str], effort: Effort) -> Found:
    found = Found()
    for section in sections:
        if section == "masters":
            loads = masters.loads()
            found.tables.append(masters.table(loads))
            found.others += [asdict(load) for load in loads]
        elif section == "scale":
            scaled = scale.run(effort)
            found.tables.append(scale.table(scaled))
            found.others += [asdict(row) for row in scaled]
        else:
            rows = _TABLES[section](effort)
            found.rows += rows
            found.tables.append(table(rows))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(_SECTIONS), help="sections, with commas between them")
    parser.add_argument("--seconds", type=float, default=2, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="rounds that count, after one to warm up")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="the file to write")
    options = parser.parse_args()
    sections = options.only.split(",")
    unknown = set(sections) - set(_SECTIONS)
    if unknown:
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    before = os.getloadavg()[0]
    found = run(sections, Effort(seconds=options.seconds, rounds=options.rounds))
    reached = goals(found.rows)
    machine = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load before": before,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    print(*found.tables, *([goals_table(reached)] if reached else []), sep="\n\n")
    print(f"\nload of this machine before: {before:.1f} on {machine['cores']} cores", file=sys.stderr)
    told = {
        "machine": machine,
        "rows": [asdict(row) for row in found.rows],
        "goals": [asdict(goal) | {"met": goal.is_met} for goal in reached],
        "others": found.others,
    }
    options.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
