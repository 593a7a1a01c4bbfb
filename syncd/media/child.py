"""One started child, whatever it is: its output bounded, its memory watched, its end certain."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from asyncio.subprocess import Process
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import NoReturn, Self, TypeVar

from syncd.media import family

log = logging.getLogger(__name__)
T = TypeVar("T")

WATCH_S = 0.1  # between looks at the memory of a busy child; one look costs about a millisecond
BLOCK = 64 * 1024
PIPES_S = 5.0  # for the pipes of the killed to close


class Failed(Exception):
    """The job came to nothing; the text says why, fit for the note of an Examination."""


@dataclass(frozen=True, slots=True)
class Output:
    code: int
    stdout: bytes
    stderr: bytes


class Child:
    """Owns a process from its start to its reaping. Use it as `async with`: nothing outlives the block."""

    def __init__(self, process: Process, name: str, memory: int) -> None:
        self.process = process
        self.name = name
        self.memory = memory  # bytes resident, of the whole family

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.end()

    async def end(self) -> None:
        """Kill it with all that it started, and wait. May be called again."""
        if self.alive:
            family.kill(self.process.pid)
        await asyncio.shield(self._reaped())

    async def _reaped(self) -> None:
        """Wait for its end, and read what nobody wants any more, or its pipes would stay open."""
        # RuntimeError: its job is still reading, and will to the end of the pipe that the kill has closed.
        with contextlib.suppress(TimeoutError, RuntimeError):
            async with asyncio.timeout(PIPES_S):
                for pipe in (self.process.stdout, self.process.stderr):
                    while pipe is not None and await pipe.read(BLOCK):
                        pass
        await self.process.wait()

    async def output(self, limit: int, stderr_limit: int, timeout_s: float) -> Output:
        """What it writes until it ends. Raises Failed if that is too much, too slow or takes too much memory."""
        return await self.within(self._collect(limit, stderr_limit), timeout_s)

    async def _collect(self, limit: int, stderr_limit: int) -> Output:
        out, err = self.process.stdout, self.process.stderr
        assert out is not None and err is not None, "started with pipes"
        try:
            async with asyncio.TaskGroup() as group:
                kept = group.create_task(bounded(out, limit))
                said = group.create_task(tail(err, stderr_limit))
                ended = group.create_task(self.process.wait())
        except ExceptionGroup as several:  # the three end together: the first to fail is why
            raise several.exceptions[0] from None
        return Output(ended.result(), kept.result(), said.result())

    async def within(self, work: Coroutine[None, None, T], timeout_s: float) -> T:
        """The result of *work* that this child does; raises Failed when it is too slow or takes too much memory."""
        task, watch = asyncio.ensure_future(work), asyncio.ensure_future(self.watch())
        try:
            done, _ = await asyncio.wait((task, watch), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if watch in done:
                watch.result()
            if task in done:
                return task.result()
            raise Failed(f"{self.name} took longer than {timeout_s:g} seconds")
        finally:
            task.cancel()
            watch.cancel()
            await asyncio.gather(task, watch, return_exceptions=True)

    async def watch(self) -> NoReturn:
        """Look at its memory until cancelled; kills it and raises Failed when that is too much."""
        while True:
            await asyncio.sleep(WATCH_S)
            if self.alive and family.resident(self.process.pid) > self.memory:
                log.warning("%s used more than %d MiB and was ended", self.name, self.memory >> 20)
                family.kill(self.process.pid)
                raise Failed(f"{self.name} needs more than {self.memory >> 20} MiB of memory for this file")


async def bounded(reader: asyncio.StreamReader, limit: int) -> bytes:
    """All of *reader*; raises Failed beyond *limit* bytes."""
    parts = bytearray()
    while block := await reader.read(BLOCK):
        parts += block
        if len(parts) > limit:
            raise Failed(f"the output is larger than {limit >> 10} KiB")
    return bytes(parts)


async def tail(reader: asyncio.StreamReader, limit: int) -> bytes:
    """The first *limit* bytes of *reader*, read to its end all the same, so that the writer never waits."""
    parts = bytearray()
    while block := await reader.read(BLOCK):
        parts += block[: max(0, limit - len(parts))]
    return bytes(parts)
