from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import InstrumentKey, Venue
from tests.support.orders import keys

_ROOT = r"[A-Z0-9][A-Z0-9&_.+-]{0,31}"
_STRIKE = r"(?:0\.[0-9]{0,3}[1-9]|[1-9][0-9]{0,8}(?:\.[0-9]{0,3}[1-9])?)"
_GRAMMAR = (
    rf"(?:NSE|BSE):{_ROOT}(?::[A-Z0-9]{{1,4}})?"
    rf"|(?:NSE|BSE)_INDEX:{_ROOT}"
    rf"|(?:NFO|BFO|CDS|BCD|MCX|NCO):{_ROOT}:(?P<day>[0-9]{{8}}):(?:FUT|{_STRIKE}:(?:CE|PE))"
)


def _in_grammar(text: str) -> bool:
    """The grammar of domain facts 3.2, read a second time."""
    found = re.fullmatch(_GRAMMAR, text)
    if found is None:
        return False
    day = found["day"]
    try:
        return day is None or datetime.strptime(day, "%Y%m%d").year >= 1000  # noqa: DTZ007  (a date)
    except ValueError:
        return False


def _assert_read_as_it_stands_or_refused(text: str) -> None:
    if _in_grammar(text):
        assert str(InstrumentKey.parse(text)) == text
    else:
        with pytest.raises(Invalid) as refusal:
            InstrumentKey.parse(text)
        assert refusal.value.code is ErrorCode.INVALID_INSTRUMENT
        assert [fault.field for fault in refusal.value.fields] == ["instrument"]


@given(key=keys())
def test_a_key_is_read_back_from_its_text(key: InstrumentKey) -> None:
    text = str(key)
    assert _in_grammar(text)
    assert InstrumentKey.parse(text) == key


_DAYS = st.dates().map(lambda day: day.isoformat().replace("-", "")) | st.from_regex(r"[0-9]{8}", fullmatch=True)
_texts = st.from_regex(_GRAMMAR, fullmatch=True) | st.builds(
    "{}:{}:{}:{}".format,
    st.sampled_from(["NFO", "MCX", "NSE"]),
    st.from_regex(_ROOT, fullmatch=True),
    _DAYS,
    st.just("FUT") | st.from_regex(rf"{_STRIKE}:(?:CE|PE)", fullmatch=True),
)


@given(text=_texts)
@example(text="NFO:NIFTY:09991229:FUT")
@example(text="NFO:NIFTY:00001229:FUT")
@example(text="NFO:NIFTY:20260230:FUT")
@example(text="NSE:SBIN:FUT")
def test_a_text_in_the_grammar_is_written_back_as_it_was(text: str) -> None:
    _assert_read_as_it_stands_or_refused(text)


_ODD = st.sampled_from(list("\u0663\uff13\u096d²½eE+-. \t\n:0naĀ\u200b")) | st.characters()


@given(data=st.data(), key=keys())
def test_a_changed_text_is_another_key_or_refused_but_never_guessed(data: st.DataObject, key: InstrumentKey) -> None:
    text = str(key)
    start = data.draw(st.integers(0, len(text)), "from")
    end = data.draw(st.integers(start, min(len(text), start + 3)), "to")
    _assert_read_as_it_stands_or_refused(text[:start] + data.draw(st.text(_ODD, max_size=2), "instead") + text[end:])


@given(key=keys())
def test_lower_case_blanks_empty_parts_and_foreign_digits_are_refused(key: InstrumentKey) -> None:
    text = str(key)
    damaged = [
        text.lower(),
        f" {text}",
        f"{text} ",
        f"{text}\n",
        text.replace(":", " :", 1),
        f"{text}:",
        f":{text}",
        text.replace(":", "::", 1),
        text.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")) if re.search("[0-9]", text) else "",
    ]
    for wrong in damaged:
        with pytest.raises(Invalid) as refusal:
            InstrumentKey.parse(wrong)
        assert refusal.value.code is ErrorCode.INVALID_INSTRUMENT


@given(text=st.text(max_size=60) | st.builds("{}:{}".format, st.sampled_from(Venue), st.text(max_size=40)))
def test_no_text_at_all_raises_anything_else(text: str) -> None:
    _assert_read_as_it_stands_or_refused(text)
