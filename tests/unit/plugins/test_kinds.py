"""Kinds of broker that installed packages bring: found by their metadata, loaded when configured, never ambiguous."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ordo.container import guards
from ordo.container.plugged import plugin_of
from ordo.container.root import container_for
from ordo.schemas.config.kinds import kind_named, kinds
from ordo.schemas.config.settings import ConfigurationError, load_settings

PLUGIN = """
from ordo.domain.budget import UNLIMITED, Pace, Window
from ordo.container.kinds import PAPER
from ordo.schemas.config.brokers import PaperConfig

class Config(PaperConfig):
    kind: str = {kind!r}

class Plugin:
    kind = {kind!r}
    config = Config

    def pace(self, config):
        return UNLIMITED

    def line(self, adapter_id, config, tools):
        return PAPER.line(adapter_id, config, tools)

    def master(self, config, clock):
        return None

PLUGIN = Plugin()
"""


class Packages:
    """Installs packages as an installer does: a module, and the folder that says what it brings."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, name: str, *, kind: str, text: str | None = None) -> None:
        folder = self._folder / name
        metadata = folder / f"{name}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[ordo.brokers]\n{kind} = {name}:PLUGIN\n")
        (folder / f"{name}.py").write_text(PLUGIN.format(kind=kind) if text is None else text)
        sys.path.insert(0, str(folder))


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packages:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in [name for name in sys.modules if name.startswith("plug_")]:
        del sys.modules[name]
    return Packages(tmp_path)


def configured(kind: str, adapter_id: str = "desk") -> dict[str, str]:
    return {f"ORDO_BROKERS__{adapter_id.upper()}__KIND": kind}


def test_the_houses_own_come_through_the_same_gate() -> None:
    assert kinds() == ("fyers", "hdfc", "paper")
    for name in kinds():
        plugin = plugin_of(name)
        assert plugin.kind == name
        assert plugin is kind_named(name)


def test_a_kind_of_a_package_can_be_configured(packages: Packages) -> None:
    packages.add("plug_one", kind="acme")
    assert kinds() == ("acme", "fyers", "hdfc", "paper")
    settings = load_settings(configured("acme") | {"ORDO_BROKERS__DESK__SEED": "x"})
    lines = {line.adapter_id: line.kind for line in container_for(settings).brokers().lines}
    assert lines == {"paper": "paper", "desk": "acme"}
    with pytest.raises(ConfigurationError, match=r"brokers\.desk\.kolour|kolour"):
        load_settings(configured("acme") | {"ORDO_BROKERS__DESK__KOLOUR": "x"})


def test_its_pace_and_its_master_are_those_of_the_plug_in(packages: Packages) -> None:
    text = PLUGIN.format(kind="acme").replace(
        "return UNLIMITED", "return Pace(orders=(Window.of_rate(3),), reads=(Window.of_rate(7),))"
    )
    text = text.replace("return None", "return FyersMaster(config.seed)")
    imports = "from ordo.adapters.masters.fyers import FyersMaster\n"
    packages.add("plug_whole", kind="acme", text=imports + text)
    settings = load_settings(configured("acme") | {"ORDO_INSTRUMENTS__HDFC_URL": "there"})
    pace = guards.paces(settings)["desk"]
    assert [(window.seconds, window.limit) for window in (*pace.orders, *pace.reads)] == [(1, 3), (1, 7)]
    assert [source.name for source in container_for(settings).master_sources()] == ["hdfc", "fyers"]


def test_what_is_not_enabled_has_neither_line_nor_master(packages: Packages) -> None:
    packages.add("plug_off", kind="acme", text=PLUGIN.format(kind="acme").replace("return", "raise RuntimeError #"))
    container = container_for(load_settings(configured("acme") | {"ORDO_BROKERS__DESK__ENABLED": "false"}))
    assert container.master_sources() == ()
    assert [line.adapter_id for line in container.brokers().lines] == ["paper"]


def test_the_kind_may_be_the_adapter_id(packages: Packages) -> None:
    packages.add("plug_named", kind="acme")
    assert load_settings({"ORDO_BROKERS__ACME__SEED": "x"}).brokers["acme"].kind == "acme"


def test_a_plug_in_is_loaded_only_when_its_kind_is_configured(packages: Packages) -> None:
    packages.add("plug_broken", kind="acme", text="raise ImportError('no such library')")
    load_settings({})
    assert "plug_broken" not in sys.modules


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("raise ImportError('no such library')", "plug_bad.*can't be loaded: ImportError: no such library"),
        ("OTHER = 1", "plug_bad.*can't be loaded: AttributeError"),
        ("PLUGIN = object()", "plug_bad.*its `kind` is not 'acme'"),
        (PLUGIN.format(kind="other"), "plug_bad.*its `kind` is not 'acme'"),
        ("class PLUGIN:\n    kind = 'acme'\n    config = dict", "plug_bad.*its `config` is no class made of"),
    ],
)
def test_a_plug_in_that_is_none_is_named(packages: Packages, text: str, told: str) -> None:
    packages.add("plug_bad", kind="acme", text=text)
    with pytest.raises(ConfigurationError, match=f"brokers.desk.kind {told}"):
        load_settings(configured("acme"))


def test_a_plug_in_for_another_version_says_what_it_lacks(packages: Packages) -> None:
    old = PLUGIN.format(kind="acme").replace("def master", "def masters").replace("def pace", "def paces")
    packages.add("plug_old", kind="acme", text=old)
    settings = load_settings(configured("acme"))
    with pytest.raises(ConfigurationError, match=r"'acme' \(plug_old\) lacks master, pace"):
        container_for(settings).brokers()


def test_two_packages_of_one_kind_are_told_apart_by_nobody(packages: Packages) -> None:
    packages.add("plug_first", kind="acme")
    packages.add("plug_second", kind="acme")
    load_settings({})
    with pytest.raises(ConfigurationError, match=r"'acme' is ambiguous: it is brought by plug_\w+ .* and plug_\w+ "):
        load_settings(configured("acme"))


def test_nobody_takes_the_place_of_the_houses_own(packages: Packages) -> None:
    packages.add("plug_thief", kind="fyers")
    with pytest.raises(ConfigurationError, match=r"ambiguous: it is brought by Ordo itself .* and plug_thief"):
        load_settings({"ORDO_BROKERS__FYERS__BASE_URL": "http://127.0.0.1:1"})


def test_a_kind_that_nobody_brings_is_told_with_those_that_there_are(packages: Packages) -> None:
    packages.add("plug_other", kind="acme")
    with pytest.raises(ConfigurationError, match="must be one of acme, fyers, hdfc, paper, not 'zerodha'"):
        load_settings(configured("zerodha"))


def test_settings_load_no_adapter() -> None:
    code = (
        "from ordo.schemas.config.settings import load_settings; import sys; load_settings({}); "
        "print([name for name in sys.modules if name.startswith('ordo.adapters')])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
