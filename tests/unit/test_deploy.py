"""The files in `deploy` fit the program that they run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from ordo.schemas.config.settings import load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_the_settings_of_the_gateway_are_ordos_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = dict(SERVICES["gateway"]["environment"])
    for name, path in environment.items():
        if name.endswith("_FILE"):
            secret = Path(path).name
            assert secret in SERVICES["gateway"]["secrets"]
            told = tmp_path / secret
            told.write_text("postgresql+asyncpg://ordo:x@postgres/ordo\n" if secret == "database_url" else "x" * 43)
            environment[name] = str(told)
    settings = load_settings(environment)
    assert settings.shares_state
    assert settings.token is not None
    assert settings.master_keys is not None


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_as_confined_as_it_can_be(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["image"] == "ordo" or service["user"] not in {"root", "0"}
    assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])


def test_the_gateway_waits_for_the_tables_and_the_servers() -> None:
    assert SERVICES["upgrade"]["command"] == ["db", "upgrade"]
    assert {name: on["condition"] for name, on in SERVICES["gateway"]["depends_on"].items()} == {
        "upgrade": "service_completed_successfully",
        "postgres": "service_healthy",
        "redis": "service_healthy",
    }
    assert all("healthcheck" in SERVICES[name] for name in ("postgres", "redis"))


def test_redis_evicts_nothing_and_holds_no_facts_that_it_may_lose() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    assert "--maxmemory-policy noeviction" in command
    settings = SERVICES["gateway"]["environment"]
    assert "--appendfsync always" in command or not any(name.startswith("ORDO_STORES__") for name in settings)


def test_the_image_runs_as_a_plain_user_and_copies_what_exists() -> None:
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert "USER 10001:10001" in lines
    assert any(line.startswith("HEALTHCHECK ") for line in lines)
    copied = [line.split()[1:-1] for line in lines if re.match(r"COPY (?!--from)", line)]
    for name in (name for names in copied for name in names):
        assert (DEPLOY.parent / name).exists(), name


UNIT = DEPLOY / "ordo.service"


def of_the_unit(name: str) -> list[str]:
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{name}=")]


def test_the_settings_of_the_unit_are_ordos_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = [credential.partition(":")[0] for credential in of_the_unit("LoadCredential")]
    for name in shown:
        (tmp_path / name).write_text("x" * 43, encoding="utf-8")
    words = " ".join(of_the_unit("Environment")).replace("%d", str(tmp_path)).split()
    settings = load_settings(dict(word.split("=", 1) for word in words))
    assert settings.token is not None
    assert settings.master_keys is not None
    assert settings.log.json_lines


def test_the_unit_is_as_confined_as_it_can_be() -> None:
    for name in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "PrivateUsers", "DynamicUser"):
        assert of_the_unit(name) == ["yes"], name
    assert of_the_unit("CapabilityBoundingSet") == [""]
    assert of_the_unit("ProtectSystem") == ["strict"]
    assert of_the_unit("ExecStart") == ["/opt/ordo/.venv/bin/ordo serve"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text("utf-8").replace("/opt/ordo/.venv/bin/ordo", sys.executable), encoding="utf-8")
    done = subprocess.run(  # noqa: S603
        [str(shutil.which("systemd-analyze")), "verify", here], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if UNIT.name in line] == []
