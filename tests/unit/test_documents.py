"""The documents are true: their examples run, their tables are those of the code, their links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template

import httpx2
import pytest
from pydantic import BaseModel

from ordo.adapters.paper.broker import CAPABILITIES
from ordo.entrypoints.cli.program import app
from ordo.schemas.config.brokers import PaperConfig
from ordo.schemas.config.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAPER = ROOT / "docs/brokers/paper.md"
DECISIONS = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")


def fenced(page: Path, language: str) -> list[str]:
    return [text for name, text in _FENCE.findall(page.read_text("utf-8")) if name == language]


def prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text("utf-8"))


def rows(page: Path, head: str) -> dict[str, str]:
    """The first two columns of the table whose first heading this is."""
    _, found, rest = prose(page).partition(f"\n| {head} |")
    assert found, f"{page.name} has no table of {head}"
    lines = rest.split("\n\n")[0].splitlines()[2:]
    return {first.strip(): second.strip() for first, second in (line.split("|")[1:3] for line in lines)}


@dataclass(frozen=True, kw_only=True)
class Gateway:
    url: str
    token: str

    @property
    def environment(self) -> dict[str, str]:
        return {"ORDO_URL": self.url, "ORDO_TOKEN": self.token}


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("ORDO_")}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """`ordo serve` as somebody would start it in an empty folder, on a free port."""
    program = Path(sys.executable).with_name("ordo")
    with subprocess.Popen(  # noqa: S603
        [program, "serve", "--port", "0", "--json"],
        cwd=tmp_path_factory.mktemp("gateway"),
        env=clean_environment() | {"ORDO_IDEMPOTENCY__DUPLICATE_SECONDS": "0"},  # The examples are one order.
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            yield Gateway(url=told["url"], token=told["token"])
        finally:
            process.terminate()
    assert process.returncode == 0


def request_of(curl: str, gateway: Gateway) -> httpx2.Request:
    """The request that a curl in a document stands for; an option that is not known here fails."""
    words = shlex.split(Template(curl.replace("\\\n", " ")).substitute(gateway.environment))
    assert words[0] == "curl"
    method, url, headers, body = None, None, {}, None
    rest = iter(words[1:])
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(rest)
        elif word == "-X":
            method = next(rest)
        elif word != "-i":
            assert url is None, word
            assert not word.startswith("-"), word
            url = word
    assert url is not None
    return httpx2.Request(method or ("GET" if body is None else "POST"), url, headers=headers, content=body)


def curls(page: Path) -> list[str]:
    return [text[text.index("curl ") :] for text in fenced(page, "sh") if "curl " in text]


def test_the_first_order_by_curl_is_placed_once(gateway: Gateway) -> None:
    (curl,) = curls(README)
    order = request_of(curl, gateway)
    with httpx2.Client(trust_env=False) as client:
        first, again = client.send(order), client.send(order)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["Idempotency-Replayed"] == "true"
        assert json.loads(order.content).items() <= first.json().items()

        other = client.send(request_of(curl.replace("800.00", "799.00"), gateway))
        assert (other.status_code, other.json()["error_code"]) == (422, "IDEMPOTENCY_KEY_REUSED")

        book = client.get(order.url, headers={"Authorization": order.headers["Authorization"]}).json()
        assert [row["order_id"] for row in book if row["price"] == "800.00"] == [first.json()["order_id"]]


def test_another_paper_account_opens_with_a_login(gateway: Gateway) -> None:
    (curl,) = curls(PAPER)
    with httpx2.Client(trust_env=False) as client:
        opened = client.send(request_of(curl, gateway))
        shown = client.get(
            f"{gateway.url}/api/v1/sessions/paper/SECOND", headers={"Authorization": f"Bearer {gateway.token}"}
        )
    assert (opened.status_code, opened.json()["kind"]) == (200, "none")
    assert shown.json()["state"] == "ACTIVE"


@pytest.mark.parametrize(
    ("opening", "printed"),
    [("from ordo.client", r"\d{15} FILLED"), ("import asyncio", r"\d{15} FILLED True True")],
    ids=["over HTTP", "in process"],
)
def test_the_python_examples_run(gateway: Gateway, tmp_path: Path, opening: str, printed: str) -> None:
    (example,) = (text for text in fenced(README, "python") if text.startswith(opening))
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", example],
        cwd=tmp_path,
        env=clean_environment() | gateway.environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert re.fullmatch(printed, done.stdout.strip())


def test_every_python_example_is_run() -> None:
    assert len(fenced(README, "python")) == 2
    assert not [page for page in PAGES if page != README and fenced(page, "python")]


def anchors(page: Path) -> set[str]:
    """The anchors that a heading gets from the usual renderers."""
    words = (heading.lower().replace(" ", "-") for heading in _HEADING.findall(prose(page)))
    return {re.sub(r"[^\w-]", "", text) for text in words}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(prose(page)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def names_of(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from names_of(field.annotation, f"{prefix}{name.upper()}__")
        elif name not in ("brokers", "kind"):
            yield f"{prefix}{name.upper()}"


def test_the_settings_are_exactly_those_that_exist() -> None:
    documented = {_CODE.findall(name)[0] for name in rows(README, "Variable")}
    assert documented == {*names_of(Settings, "ORDO_"), *names_of(PaperConfig, "ORDO_BROKERS__PAPER__")}


def test_the_settings_of_the_paper_broker_are_told_alike() -> None:
    of_paper = {name: default for name, default in rows(README, "Variable").items() if "PAPER" in name}
    assert rows(PAPER, "Variable") == of_paper


def test_the_defaults_of_the_settings_are_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = {name.strip("`"): default.strip("`") for name, default in rows(README, "Variable").items() if "`" in default}
    assert len(told) > 10
    for name, default in told.items():
        assert load_settings({name: default}) == load_settings({}), name
    assert load_settings({"ORDO_BROKERS__OTHER__KIND": "paper"}).brokers.keys() == {"paper", "other"}


def test_the_commands_are_exactly_those_that_exist() -> None:
    documented = {name for row in rows(README, "Command") for name in re.findall(r"`ordo (\w+)`", row)}
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    groups = {str(group.typer_instance.info.name) for group in app.registered_groups if group.typer_instance}
    assert documented == commands | groups


def test_the_capabilities_of_the_paper_broker_are_its_own() -> None:
    told = {trait.strip("`"): offered for trait, offered in rows(PAPER, "Trait").items()}
    for trait, offered in told.items():
        value = getattr(CAPABILITIES, trait)
        shown = ", ".join(sorted(value)) if isinstance(value, frozenset) else value
        assert offered == ({True: "yes", False: "no"}[shown] if isinstance(shown, bool) else str(shown)), trait
    assert told.keys() == set(CAPABILITIES.__slots__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^\$ )make (\w+)", page.read_text("utf-8"), re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_every_decision_has_its_four_parts(page: Path) -> None:
    text = page.read_text("utf-8")
    assert _HEADING.findall(text)[1:] == ["Context", "Decision", "Consequences", "Alternatives"]
    assert re.search(r"^Status: .+ Date: ", text, re.MULTILINE)


def test_the_decisions_are_numbered_without_gaps() -> None:
    assert [int(page.stem[:4]) for page in DECISIONS] == list(range(len(DECISIONS)))
    for page in DECISIONS[1:]:
        assert page.read_text("utf-8").startswith(f"# {page.stem[:4]}. ")
