"""Several coroutines at once, where the first failure ends all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine


async def together(count: int, work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run *count* of *work* side by side; the first that fails ends all, and its exception is raised as it is."""
    tasks = [asyncio.ensure_future(work()) for _ in range(count)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
