"""Runs the machine of `once_machine.py`: first the seeds that once failed, then new ones. `ORDO_TEST_SEED` replays one
run, `ORDO_TEST_RUNS` makes more of them (`make histories`).
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from ordo.domain.audit import AuditEvent
from tests.properties.once_machine import OnceMachine

_SEEDS = Path(__file__).with_name("once_seeds.txt")
_RUNS = int(os.environ.get("ORDO_TEST_RUNS", "2"))
_EXAMPLES, _STEPS = 10, 25


def _seeds() -> list[int]:
    lines = (line.partition("#")[0].strip() for line in _SEEDS.read_text(encoding="utf-8").splitlines())
    return [int(line) for line in lines if line]


def _run(number: int, *, examples: int = _EXAMPLES, transcript: list[AuditEvent] | None = None) -> None:
    """One run, wholly given by its seed."""
    machine = type("SeededOnceMachine", (OnceMachine,), {"transcript": transcript})
    run_state_machine_as_test(
        seed(number)(machine),
        settings=settings(
            max_examples=examples,
            stateful_step_count=_STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("number", _seeds())
def test_a_seed_that_once_failed(number: int) -> None:
    _run(number)


@pytest.mark.parametrize("run", range(_RUNS))
def test_whatever_goes_wrong_a_key_makes_one_order_and_every_answer_is_true(run: int) -> None:  # noqa: ARG001
    number = int(os.environ.get("ORDO_TEST_SEED") or random.randrange(2**32))
    try:
        _run(number)
    except BaseException as error:
        error.add_note(f"Replay this with ORDO_TEST_SEED={number}; add {number} to {_SEEDS.name} when it is mended.")
        raise


def test_a_seed_replays_a_run_to_the_last_word() -> None:
    told: list[list[tuple[object, ...]]] = []
    for _ in range(2):
        transcript: list[AuditEvent] = []
        _run(10, examples=6, transcript=transcript)
        told.append([(one.kind, one.at, one.order_id, sorted(one.facts.items())) for one in transcript])
    assert told[0] == told[1]
    assert told[0]
