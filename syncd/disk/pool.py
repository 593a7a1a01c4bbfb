"""The few threads that wait for the disk, so that the event loop never does."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from syncd.disk.faults import translate

P = ParamSpec("P")
T = TypeVar("T")


class DiskPool:
    """Runs one blocking function per hop; an OSError comes back as a SyncError."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="disk")

    async def run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(*args, **kwargs))
        except OSError as exc:
            raise translate(exc) from exc

    def close(self) -> None:
        self._threads.shutdown(wait=True)
