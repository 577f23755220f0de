"""Work that is done once for all who ask, and isn't undone by who leaves."""

import asyncio

import pytest

from cone_sidecar.shared_task import SharedTask


async def test_it_runs_once_and_outlives_who_started_it():
    """The caller that started it goes away; the work comes to its end, and the others have it."""
    shared, gate, runs = SharedTask(), asyncio.Event(), []

    async def work():
        runs.append("started")
        await gate.wait()
        return "done"

    first = asyncio.create_task(shared.result(work))
    second = asyncio.create_task(shared.result(work))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    assert shared.running
    gate.set()
    assert await second == "done"
    assert runs == ["started"]
    assert await shared.result(work) == "done"
    assert runs == ["started"] * 2


async def test_a_failure_is_everybodys_and_nobodys():
    """All who wait hear of it; if nobody does, asyncio doesn't complain."""
    shared = SharedTask()

    async def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await shared.result(fail)
    shared.start(fail)
    await shared.finish()
    assert not shared.running
