"""Work that goes on side by side."""

from __future__ import annotations

import asyncio
import threading

import pytest

from syncd.client.side_by_side import in_thread


def test_who_is_cancelled_leaves_when_the_thread_is_done() -> None:
    begun, may_end, steps = threading.Event(), threading.Event(), list[str]()

    def work() -> None:
        begun.set()
        may_end.wait()
        steps.append("written")

    async def working() -> None:
        try:
            await in_thread(work)
        finally:
            steps.append("closed")

    async def main() -> None:
        task = asyncio.ensure_future(working())
        await asyncio.to_thread(begun.wait)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(may_end.set)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert steps == ["written", "closed"]
