"""One task, whoever waits for it: callers that go away end nothing."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SharedTask(Generic[T]):
    """Run a piece of work once for all who ask while it runs."""

    def __init__(self) -> None:
        self._task: asyncio.Task[T] | None = None

    @property
    def running(self) -> bool:
        """Tell whether somebody's work is on its way."""
        return self._task is not None and not self._task.done()

    def start(self, work: Callable[[], Coroutine[Any, Any, T]]) -> "asyncio.Task[T]":
        """Start the work, or return the task of the one that runs."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(work())
            self._task.add_done_callback(_take_note)
        return self._task

    async def result(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Wait for the work that runs, starting it where none does; raises what it raises."""
        return await asyncio.shield(self.start(work))

    async def finish(self) -> None:
        """Wait until what runs is done, however it ends."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def cancel(self) -> None:
        """End what runs."""
        if self._task is not None:
            self._task.cancel()


def _take_note(task: "asyncio.Task[T]") -> None:
    """Look at the outcome, so that asyncio doesn't complain when nobody waited for it."""
    if not task.cancelled():
        task.exception()
