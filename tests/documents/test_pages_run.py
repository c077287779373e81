"""Every block of every page is run, or says before it why it can't be run here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.documents.blocks import LANGUAGES, PAGES, ROOT, Block, blocks, has_a_house
from tests.documents.reader import SERVERS, TOKEN, Reader, shown_in
from tests.support.postgres import the_server
from tests.support.redis import new_prefix, the_redis

ALL = [block for page in PAGES for block in blocks(page)]
RUN = sorted({block.page for block in ALL if block.not_run is None})
HERE = "http://127.0.0.1:8000"
POSTGRES = "postgresql+asyncpg://ordo:password@db.internal:5432/ordo"
REDIS = "redis://cache.internal:6379/0"
# What nobody has run here. A block more is a decision, and stands here.
NOT_RUN = {
    "docs/deploying.md": ["would listen beyond this machine"],
    "docs/howto/move-to-postgresql.md": [
        "needs the shell of a PostgreSQL server's owner; the tests make their database by other means"
    ],
    "docs/howto/systemd.md": [
        "needs root and systemd",
        "needs systemd",
        "needs root, to read the token",
        "needs root and systemd",
    ],
    "docs/performance.md": ["takes minutes, and its figures mean nothing beside other work"],
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, warm: str) -> Iterator[Reader]:
    """A gateway that the pages share which change nothing that others rely on."""
    with closing(Reader(tmp_path_factory.mktemp("house"), {"ORDO_TEST_WARM": warm}, {})) as reader:
        reader.serve("ordo serve")
        yield reader


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", RUN, ids=named)
def test_a_page_can_be_followed(page: Path, tmp_path: Path, warm: str, request: pytest.FixtureRequest) -> None:
    run = [block for block in blocks(page) if block.not_run is None]
    with closing(reader_of(page, run, tmp_path, {"ORDO_TEST_WARM": warm}, request)) as reader:
        for block in run:
            try:
                reader.follow(block)
            except BaseException as error:
                error.add_note(f"in the block at {block}")
                raise


def reader_of(
    page: Path, run: list[Block], folder: Path, variables: dict[str, str], request: pytest.FixtureRequest
) -> Reader:
    text = page.read_text("utf-8")
    places = {}
    if POSTGRES in text:
        places[POSTGRES] = the_server().empty()
    if REDIS in text:
        places[REDIS], variables["ORDO_REDIS__PREFIX"] = the_redis().url, new_prefix()
    if has_a_house(page) or any(SERVERS.match(command) for block in run for command in commands(block)):
        reader = Reader(folder, variables, places)
        if has_a_house(page):
            reader.serve("ordo serve")
        return reader
    house: Reader = request.getfixturevalue("house")
    at = {"ORDO_URL": house.places[HERE], "ORDO_TOKEN": house.places[TOKEN]}
    saves = any(block.file for block in run)
    return Reader(folder if saves else house.home, variables | at, house.places | places)


def commands(block: Block) -> list[str]:
    lines = block.text.splitlines() if block.language in ("sh", "console") else []
    return [line.removeprefix("$ ") for line in lines]


@pytest.mark.parametrize("block", ALL, ids=str)
def test_a_block_says_what_it_is(block: Block) -> None:
    assert block.language in LANGUAGES
    if block.not_run is not None:
        assert re.match(r"(needs|would|takes) \w+", block.not_run)


def test_no_block_is_overlooked() -> None:
    for page in PAGES:
        fences = re.findall(r"^\s*(?:```|~~~)", page.read_text("utf-8"), re.MULTILINE)
        assert len(fences) == 2 * len(list(blocks(page))), page


def test_what_is_not_run_is_known() -> None:
    found: dict[str, list[str]] = {}
    for block in ALL:
        if block.not_run is not None:
            found.setdefault(named(block.page), []).append(block.not_run)
    assert found == NOT_RUN


def test_a_file_that_is_saved_is_used() -> None:
    for block in ALL:
        if block.file is not None and block.language != "toml":
            later = [other for other in blocks(block.page) if other.line > block.line and other.not_run is None]
            assert any(block.file in other.text for other in later), block


def test_a_reader_notices_what_is_not_so(tmp_path: Path) -> None:
    reader = Reader(tmp_path, {}, {})
    page = ROOT / "docs/page.md"
    for language, text in {
        "sh": "false",
        "console": "$ echo one\ntwo\n",
        "python": "assert False",
        "json": "{",
        "toml": "[limits]\nno_such_setting = 1\n",
        "crontab": "0 3 * * 1 false\n",
        "ruby": "puts 1",
    }.items():
        with pytest.raises(Exception):  # noqa: B017, PT011  (each in its own way)
            reader.follow(Block(page=page, line=1, language=language, text=text))
    reader.follow(Block(page=page, line=1, language="console", text="$ export A=1\n$ echo 12 $A\n7 3\n"))
    reader.follow(Block(page=page, line=1, language="sh", text='test "$A" = 1\nexit 3\n', exit=3))


def test_a_comment_that_says_nothing_known_is_an_error(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- not-run: since I say so -->\n```sh\nfalse\n```\n", encoding="utf-8")
    with pytest.raises(ValueError, match="nothing known"):
        list(blocks(page))


def test_numbers_and_dots_stand_for_others_and_words_do_not() -> None:
    shown_in("order 375412345678901 …\nstatus FILLED", "order   1234  made\nx\n status FILLED\n")
    for shown in ("status FILLED\norder 1", "status REJECTED"):
        with pytest.raises(AssertionError, match="not said"):
            shown_in(shown, "order 1\nstatus FILLED")
