"""Reading a body: a name that stands twice is always found, however the text is spaced and whatever it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from ordo.domain.errors import Invalid
from ordo.entrypoints.http import reading
from ordo.entrypoints.http.heads import Heads
from ordo.schemas.v1.base import Asked

JSON = Heads([(b"content-type", b"application/json")])


class Inner(Asked):
    x: int = 0
    y: str = ""


class Outer(Asked):
    a: str = ""
    b: int = 0
    c: str | None = None
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    words: dict[str, str] = Field(default_factory=dict)


READ = next(iter(reading.reads(Outer).values()))


def _objects(**members: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Objects of these members as text, any of them several times, spaced anyhow."""
    member = st.sampled_from(sorted(members)).flatmap(
        lambda name: st.tuples(st.just(json.dumps(name)), members[name], st.sampled_from(("", " ", "\n\t")))
    )
    return st.lists(member, max_size=5).map(
        lambda found: "{" + ",".join(f"{space}{name}{space}:{value}{space}" for name, value, space in found) + "}"
    )


TEXT = st.text(st.sampled_from(',:"{}\\a '), max_size=6).map(json.dumps)
NUMBER = st.integers(0, 99).map(str)
INNER = _objects(x=NUMBER, y=TEXT)
BODY = _objects(
    a=TEXT,
    b=NUMBER,
    c=st.one_of(TEXT, st.just("null")),
    inner=st.one_of(INNER, st.just("null")),
    many=st.lists(INNER, max_size=3).map(lambda found: f"[{','.join(found)}]"),
    words=_objects(p=TEXT, q=TEXT),
)


def _stands_twice(body: str) -> bool:
    twice = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal twice
        twice = twice or len({name for name, _ in pairs}) < len(pairs)

    json.loads(body, object_pairs_hook=look)
    return twice


@given(BODY)
def test_a_name_that_stands_twice_is_found_wherever_it_stands(body: str) -> None:
    if _stands_twice(body):
        with pytest.raises(Invalid, match="stands twice"):
            READ(body.encode(), JSON)
    else:
        assert READ(body.encode(), JSON) == Outer.model_validate_json(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":"x","a":"x"}',
        b'{"a":"x","b":1,"\\u0061":"x"}',
        b'{"inner":{"x":1,"x":1}}',
        b'{"many":[{"x":1},{"x":1,"x":2}]}',
        b'{"words":{"p":"","p":""}}',
    ],
)
def test_examples_of_names_that_stand_twice(body: bytes) -> None:
    with pytest.raises(Invalid, match="stands twice"):
        READ(body, JSON)
