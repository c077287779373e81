from __future__ import annotations

import pytest

from ordo.domain.budget import Window
from ordo.domain.errors import ErrorCode, Invalid


@pytest.mark.parametrize(("seconds", "limit"), [(0.0, 1), (-1.0, 1), (1.0, 0)])
def test_a_window_needs_a_length_and_a_limit(seconds: float, limit: int) -> None:
    with pytest.raises(Invalid, match="window") as failure:
        Window(seconds=seconds, limit=limit)
    assert failure.value.code is ErrorCode.VALIDATION_ERROR
