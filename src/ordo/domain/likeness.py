"""What somebody may have meant: names that look alike. For messages only; nothing is ever traded on a likeness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from heapq import nlargest
from typing import Final

_CLOSE: Final = 0.5
_ROOTS: Final = 4
_LONGEST: Final = 64


def close_roots(symbol: str, roots: Sequence[str]) -> list[str]:
    """The few symbols that share most pairs of letters with a text. Those with its first letter are tried first."""
    pairs = _pairs(symbol[:_LONGEST])
    found = _closest(pairs, (root for root in roots if root[:1] == symbol[:1]))
    if not found or found[0][0] < _CLOSE:
        found = _closest(pairs, roots)
    return [root for _, root in found]


def likest(text: str, names: Mapping[int, str], *, limit: int) -> list[int]:
    """The places whose names are most like a text, the likest first; of equals the first."""
    matcher = SequenceMatcher(a="", b=text[:_LONGEST], autojunk=False)

    def likeness(place: int) -> tuple[float, int]:
        matcher.set_seq1(names[place])
        return matcher.ratio(), -place

    return nlargest(limit, names, key=likeness)


def _closest(pairs: set[str], roots: Iterable[str]) -> list[tuple[float, str]]:
    scored = ((_overlap(pairs, _pairs(root)), root) for root in roots)
    return nlargest(_ROOTS, (one for one in scored if one[0] > 0))


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(max(len(text) - 1, 1))}


def _overlap(one: set[str], other: set[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other))
