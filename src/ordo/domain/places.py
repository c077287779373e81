"""Where names stand in a list, in twelve bytes a name."""

from __future__ import annotations

from array import array
from bisect import bisect_left

_UNSIGNED = 2**64 - 1


class PlaceIndex:
    """Places by the hash of a name, frozen by `settle`. Who finds a place makes sure that it holds the name.

    Of a million names two share one of the 64-bit hashes once in thirty-seven million indexes, and then count as the
    same name.
    """

    def __init__(self) -> None:
        self._hashes = array("Q")
        self._places = array("I")

    def add(self, name: str, place: int) -> None:
        """Note that a name stands at a place."""
        self._hashes.append(_hash(name))
        self._places.append(place)

    def settle(self) -> tuple[int, int] | None:
        """Make the index ready to be asked; two places of one name, or `None` where every name is unique."""
        order = sorted(range(len(self._hashes)), key=self._hashes.__getitem__)
        self._hashes = array("Q", (self._hashes[one] for one in order))
        self._places = array("I", (self._places[one] for one in order))
        for one in range(1, len(order)):
            if self._hashes[one] == self._hashes[one - 1]:
                return self._places[one - 1], self._places[one]
        return None

    def find(self, name: str) -> int | None:
        """The place of a name; for a name that was never added most likely none."""
        wanted = _hash(name)
        one = bisect_left(self._hashes, wanted)
        return self._places[one] if one < len(self._hashes) and self._hashes[one] == wanted else None


def _hash(name: str) -> int:
    # Python's own hash of a text is SipHash, which another process keys anew; but an index never leaves its own.
    return hash(name) & _UNSIGNED
