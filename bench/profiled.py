"""`ordo`, with a profile of its main thread from SIGUSR1 to SIGUSR2, which is then written to the file named first."""

from __future__ import annotations

import cProfile
import signal
import sys
from pathlib import Path

from ordo.entrypoints.cli import main


def _profiled(file: Path) -> None:
    profile = cProfile.Profile()

    def stop(*_: object) -> None:
        profile.disable()
        half = file.with_suffix(".half")
        profile.dump_stats(half)
        half.rename(file)

    signal.signal(signal.SIGUSR1, lambda *_: profile.enable())
    signal.signal(signal.SIGUSR2, stop)
    main()


if __name__ == "__main__":
    _profiled(Path(sys.argv.pop(1)))
