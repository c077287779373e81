"""The broker in a package of its own: installed as anybody would, found by its entry point, held to the laws."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3] / "examples/ordo-broker-example"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One in which the package is installed beside Ordo. Nothing is asked of an index."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pip", "install", *options, "--target", folder, PACKAGE], check=True
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORDO_", "PYTEST_"))}
    return kept | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}


def run(folder: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """With nothing but what the package's own extra brings."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin"]
    return subprocess.run(  # noqa: S603
        [*command, *arguments],
        cwd=folder,
        env=environment | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_its_own_tests_pass_and_with_them_the_laws(environment: dict[str, str]) -> None:
    done = run(PACKAGE, environment)
    assert done.returncode == 0, done.stdout
    assert "34 passed" in done.stdout


def test_an_adapter_that_takes_lost_for_not_sent_is_caught(environment: dict[str, str], tmp_path: Path) -> None:
    """The laws are not only imported: one that is broken fails, here without a module that takes them in."""
    (tmp_path / "conftest.py").write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(PACKAGE)!r})\n"
        "from ordo.domain.errors import ErrorCode, NotSent\n"
        "from ordo.testing.contract import broker_fixture\n"
        "from ordo_broker_example import client\n"
        "from tests.harness import harness\n\n"
        "client._lost = lambda *_: NotSent(ErrorCode.BROKER_UNAVAILABLE, 'surely not')\n"
        "broker = broker_fixture(broken=harness)\n"
    )
    done = run(tmp_path, environment, "--pyargs", "ordo.testing.contract", "-k", "never_called_refused")
    assert done.returncode == 1, done.stdout
    assert "3 failed" in done.stdout
