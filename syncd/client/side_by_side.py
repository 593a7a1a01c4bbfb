"""Several coroutines at once, where the first failure ends all; work in a thread that is never left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """*work* in a thread. Who is cancelled leaves when it is over, too: it writes to descriptors closed afterwards."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *args, **more))
    try:
        return await asyncio.shield(task)
    finally:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        task.exception()  # looked at, so that nobody misses it


async def together(count: int, work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run *count* of *work* side by side; the first that fails ends all, and its exception is raised as it is."""
    tasks = [asyncio.ensure_future(work()) for _ in range(count)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
