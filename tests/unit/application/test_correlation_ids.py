"""The names of requests: no two alike, not even across a fork."""

from __future__ import annotations

import os
import re
import sys

import pytest

from ordo.application.context import Context, new_correlation_id


def test_they_are_32_hexadecimal_digits_and_no_two_alike() -> None:
    names = [new_correlation_id() for _ in range(2000)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in names)
    assert Context().correlation_id not in names


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_gives_out_others_than_its_parent() -> None:
    new_correlation_id()
    ends = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(ends[1], "".join(new_correlation_id() for _ in range(64)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    text = os.read(ends[0], 64 * 32).decode()
    for end in ends:
        os.close(end)
    theirs = {text[at : at + 32] for at in range(0, len(text), 32)}
    assert len(theirs) == 64
    assert theirs.isdisjoint(new_correlation_id() for _ in range(256))
