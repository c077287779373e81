"""A virtual environment for somebody else's package, whose pins clash with Ordo's. Built once for its exact pins."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"
_INSTALL_SECONDS = 90


class NotInstalled(AssertionError):
    """The package could not be had, so nothing was shown about it: the test fails, it is not skipped."""


def python_of(requirements: Path, *, cache: Path = CACHE, environment: Mapping[str, str] = os.environ) -> Path:
    """The interpreter of an environment with exactly these hash-checked pins; raises `NotInstalled`."""
    key = sha256(f"{sys.version_info[:2]} {sys.platform}\n".encode() + requirements.read_bytes()).hexdigest()[:16]
    place = cache / f"{requirements.stem}-{key}"
    python = place / "bin" / "python"
    if python.exists():
        return python
    cache.mkdir(exist_ok=True)
    # Made under another name, so that the final one stands for a complete environment, whoever else makes it now.
    draft = Path(tempfile.mkdtemp(dir=cache, prefix=f"{requirements.stem}-draft-"))
    _run([sys.executable, "-m", "venv", "--without-pip", str(draft)], requirements, environment)
    _run(
        [
            *(sys.executable, "-m", "pip", "--python", str(draft / "bin" / "python"), "install", "--quiet"),
            *("--disable-pip-version-check", "--no-input", "--require-hashes", "-r", str(requirements)),
        ],
        requirements,
        # Where no wheel fits, aiohttp is built from its sources, and needs no compiler then.
        {**environment, "AIOHTTP_NO_EXTENSIONS": "1"},
    )
    with suppress(OSError):
        draft.rename(place)
    return python


def _run(command: list[str], requirements: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(  # noqa: S603
        command, env=dict(environment), capture_output=True, text=True, check=False, timeout=_INSTALL_SECONDS
    )
    if done.returncode:
        raise NotInstalled(
            f"{requirements.name} could not be installed, so the scenario did not run. It needs a package index that"
            f" this machine can reach, once; then {CACHE.name}/ keeps the environment. pip said:\n{done.stderr[-2000:]}"
        )
