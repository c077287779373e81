"""`make bench`: what Ordo costs, beside what it stands on, with the goals beside the figures.

`python -m bench --only place,calls --seconds 2 --rounds 3` measures a part. Sections: place, parts, calls, stores,
growth, endurance, start, paper, hanging, masters, scale, transport. A part that breaks is told, leaves the others their
rows, and is why the end is not 0; a goal that is missed is not.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import growth, masters, paper, parts, place, scale, start, stores, tables, transport
from bench.goals import goals
from bench.masters import MasterRow
from bench.parts import PartRow
from bench.processes import can_pin
from bench.ratios import ratios, shares
from bench.rows import Effort, Row
from bench.transport import TransportRow

AnyRow = Row | MasterRow | PartRow | TransportRow
_SECTIONS: dict[str, tuple[Callable[[Effort], Sequence[AnyRow]], ...]] = {
    "place": (place.place,),
    "parts": (parts.parts,),
    "calls": (place.calls,),
    "stores": (stores.stores,),
    "growth": (
        growth.keys, growth.unknown, growth.accounts, growth.books, growth.bounds, growth.day, growth.masters,
        growth.trails,
    ),
    "endurance": (growth.endurance,),
    "start": (start.starts,),
    "paper": (paper.paper,),
    "hanging": (paper.beside_a_hanging_broker,),
    "masters": (masters.loads,),
    "scale": (scale.scale,),
    "transport": (transport.transports,),
}  # fmt: skip


@dataclass
class Found:
    """Everything that was measured, and what broke: the part, and why."""

    rows: list[Row] = field(default_factory=list)
    others: list[dict[str, Any]] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)

    def run(self, section: str, effort: Effort) -> None:
        """Measure all parts of a section, and print each as soon as it is there."""
        for part in _SECTIONS[section]:
            try:
                self._take(part(effort))
            except Exception as error:  # noqa: BLE001  (the others' rows are worth having all the same)
                traceback.print_exc()
                self.broken[f"{section}: {part.__name__}"] = f"{type(error).__name__}: {error}"

    def _take(self, rows: Sequence[AnyRow]) -> None:
        measured = [row for row in rows if isinstance(row, Row)]
        loads = [row for row in rows if isinstance(row, MasterRow)]
        calls = [row for row in rows if isinstance(row, TransportRow)]
        shares = [row for row in rows if isinstance(row, PartRow)]
        self.rows += measured
        self.others += [*map(asdict, loads), *map(asdict, calls), *map(asdict, shares)]
        _print(
            tables.rows_table(measured) if measured else "",
            masters.table(loads) if loads else "",
            parts.table(shares) if shares else "",
            transport.table(calls) if calls else "",
        )


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
    if options.seconds <= 0 or options.rounds < 1:
        parser.error("a measurement takes more than 0 seconds, and at least one round")
    machine = _machine() | {"seconds": options.seconds, "rounds": options.rounds, "load before": os.getloadavg()}
    print(*(f"{name}: {fact}" for name, fact in machine.items()), sep="; ", end="\n\n", flush=True)
    found = Found()
    for section in sections:
        found.run(section, Effort(seconds=options.seconds, rounds=options.rounds))
    machine["load after"] = os.getloadavg()
    _tell(found, machine, options.json)
    sys.exit(1 if found.broken else 0)


def _machine() -> dict[str, Any]:
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "pinned": can_pin(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _tell(found: Found, machine: dict[str, Any], file: Path) -> None:
    compared, waiting, reached = ratios(found.rows), shares(found.rows), goals(found.rows)
    _print(
        tables.ratios_table(compared) if compared else "",
        tables.shares_table(waiting) if waiting else "",
        tables.goals_table(reached) if reached else "",
    )
    print(f"load of this machine before and after: {machine['load before'][0]:.1f}, {machine['load after'][0]:.1f}")
    for part, why in found.broken.items():
        print(f"BROKEN, {part}: {why}")
    told = {
        "machine": machine,
        "rows": [asdict(row) for row in found.rows],
        "ratios": [asdict(ratio) for ratio in compared],
        "waiting for the disk": [asdict(share) for share in waiting],
        "goals": [asdict(goal) | {"met": goal.is_met} for goal in reached],
        "others": found.others,
        "broken": found.broken,
    }
    file.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def _print(*told: str) -> None:
    for one in filter(None, told):
        print(one, end="\n\n", flush=True)


if __name__ == "__main__":
    # As with Ctrl-C, the servers end before this process does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    main()
