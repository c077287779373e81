"""Reads that are made together: each caller's answer is as good as one that he had read himself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordo.application.joint import Joint
from ordo.domain.errors import ErrorCode, Unavailable
from tests.support.clock import VirtualClock, quiet

HEADWAY = 0.25


@dataclass(eq=False)
class Read:
    """One read under the test's hand. `began` counts the steps of the test."""

    began: int
    end: asyncio.Future[None]
    is_over: bool = False
    error: Exception | None = None


@dataclass
class Source:
    """Whatever is read; `step` is the moment."""

    step: int = 0
    reads: list[Read] = field(default_factory=list)

    async def read(self) -> Read:
        read = Read(began=self.step, end=asyncio.get_running_loop().create_future())
        self.reads.append(read)
        try:
            await read.end
        finally:
            read.is_over = True
        return read

    @property
    def under_way(self) -> list[Read]:
        return [read for read in self.reads if not read.is_over]


async def end(read: Read, error: Exception | None = None) -> None:
    read.error = error
    if error is None:
        read.end.set_result(None)
    else:
        read.end.set_exception(error)
    await quiet()


def outage() -> Unavailable:
    return Unavailable(ErrorCode.BROKER_UNAVAILABLE, "502")


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(1, 3)),
        st.tuples(st.sampled_from(["end", "fail", "leave"]), st.integers(0, 50)),
        st.tuples(st.just("wait"), st.integers(1, 3)),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_nobody_is_given_what_began_before_he_asked(steps: list[tuple[str, int]]) -> None:
    asyncio.run(_walk(steps))


async def _walk(steps: list[tuple[str, int]]) -> None:
    clock, source = VirtualClock(), Source()
    joint: Joint[str, Read] = Joint(clock, headway=HEADWAY)
    asked: list[tuple[int, asyncio.Task[Read]]] = []
    left: set[asyncio.Task[Read]] = set()
    for what, number in steps:
        source.step += 1
        waiting = [task for _, task in asked if not task.done()]
        if what == "ask":
            asked += [(source.step, asyncio.ensure_future(joint.ask("a", source.read))) for _ in range(number)]
        elif what == "leave" and waiting:
            left.add(waiting[number % len(waiting)])
            waiting[number % len(waiting)].cancel()
        elif what == "wait":
            await clock.advance(number * HEADWAY / 2)
        elif source.under_way:
            await end(source.under_way[number % len(source.under_way)], outage() if what == "fail" else None)
        await quiet()
        for since, task in asked:
            _judge(since, task, source, left)
        # Somebody who waits is never left without a read that is under way or will be within the headway.
        assert source.under_way or all(task.done() for _, task in asked)
    await _finish(clock, source)
    assert all(task.done() for _, task in asked)
    for since, task in asked:
        _judge(since, task, source, left)
    assert not joint._next
    assert not joint._last


def _judge(since: int, task: asyncio.Task[Read], source: Source, left: set[asyncio.Task[Read]]) -> None:
    if not task.done():
        return
    assert task.cancelled() == (task in left)
    if task.cancelled():
        return
    error = task.exception()
    read = task.result() if error is None else next(one for one in source.reads if one.error is error)
    assert read.began >= since
    assert read.error is error


async def _finish(clock: VirtualClock, source: Source) -> None:
    while source.under_way:
        await end(source.under_way[0])
    await clock.advance(10 * HEADWAY)
    while source.under_way:
        await end(source.under_way[0])


async def _asked(joint: Joint[str, Read], source: Source, number: int, key: str = "a") -> list[asyncio.Task[Read]]:
    tasks = [asyncio.ensure_future(joint.ask(key, source.read)) for _ in range(number)]
    await quiet()
    return tasks


async def test_those_who_come_while_one_is_under_way_share_the_next() -> None:
    source = Source()
    joint: Joint[str, Read] = Joint(VirtualClock())
    early = await _asked(joint, source, 3)
    late = [*await _asked(joint, source, 3), *await _asked(joint, source, 3)]
    assert len(source.reads) == 1
    await end(source.reads[0])
    assert {await task for task in early} == {source.reads[0]}
    assert len(source.reads) == 2
    await end(source.reads[1])
    assert {await task for task in late} == {source.reads[1]}


async def test_a_read_that_hangs_holds_the_next_up_for_its_headway_only() -> None:
    clock, source = VirtualClock(), Source()
    joint: Joint[str, Read] = Joint(clock, headway=HEADWAY)
    (early,) = await _asked(joint, source, 1)
    (late,) = await _asked(joint, source, 1)
    await clock.advance(HEADWAY)
    await end(source.reads[1])
    assert (await late, early.done()) == (source.reads[1], False)
    await end(source.reads[0])
    assert await early is source.reads[0]


async def test_a_failure_is_told_to_all_who_waited_and_to_nobody_else() -> None:
    source = Source()
    joint: Joint[str, Read] = Joint(VirtualClock())
    early = await _asked(joint, source, 3)
    (late,) = await _asked(joint, source, 1)
    await end(source.reads[0], outage())
    for task in early:
        with pytest.raises(Unavailable):
            await task
    await end(source.reads[1])
    assert await late is source.reads[1]


async def test_the_first_to_ask_may_go_and_the_read_goes_on() -> None:
    source = Source()
    joint: Joint[str, Read] = Joint(VirtualClock())
    first, second = await _asked(joint, source, 2)
    first.cancel()
    await quiet()
    await end(source.reads[0])
    assert await second is source.reads[0]


async def test_the_last_to_go_ends_the_read_and_who_comes_then_has_one_of_his_own() -> None:
    source = Source()
    joint: Joint[str, Read] = Joint(VirtualClock())
    for task in await _asked(joint, source, 2):
        task.cancel()
    (late,) = await _asked(joint, source, 1)
    assert [read.is_over for read in source.reads] == [True, False]
    await end(source.reads[1])
    assert await late is source.reads[1]


async def test_who_comes_when_the_last_has_just_gone_waits_for_no_dead_read() -> None:
    source = Source()
    joint: Joint[str, Read] = Joint(VirtualClock())
    (early,) = await _asked(joint, source, 1)
    (gone,) = await _asked(joint, source, 1)
    gone.cancel()
    (late,) = await _asked(joint, source, 1)
    await end(source.reads[0])
    await end(source.reads[1])
    assert (await early, await late, gone.cancelled()) == (*source.reads, True)


async def test_different_things_are_read_apart() -> None:
    source = Source()
    joint: Joint[str, Read] = Joint(VirtualClock())
    (one,), (other,) = await _asked(joint, source, 1, "a"), await _asked(joint, source, 1, "b")
    assert len(source.under_way) == 2
    await end(source.reads[1])
    assert (await other, one.done()) == (source.reads[1], False)
    await end(source.reads[0])
    assert await one is source.reads[0]


async def test_a_read_that_is_cut_off_from_without_leaves_nobody_waiting() -> None:
    async def cut_off() -> Read:
        raise asyncio.CancelledError

    joint: Joint[str, Read] = Joint(VirtualClock())
    asking: list[Callable[[], Awaitable[Read]]] = [lambda: joint.ask("a", cut_off)] * 2
    tasks = [asyncio.ensure_future(ask()) for ask in asking]
    await quiet()
    assert all(task.cancelled() for task in tasks)
    assert not joint._last
