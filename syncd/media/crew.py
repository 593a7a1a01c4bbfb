"""The children that work for the pool: started confined, kept while there is work, ended for sure.

It starts them through the one function that it is given (`spawn` in `syncd/workers/media.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

from syncd.media import exiftool, frames, sandbox
from syncd.media.child import Child, Failed, Output
from syncd.media.link import Dead, ExiftoolLink, WorkerLink
from syncd.media.tools import pillow_folder
from syncd.model import MediaType

CPU_S = 20  # of one job
JOBS = 500  # of one child, then a fresh one: what leaks, leaks little
STDERR_LIMIT = 64 * 1024
PROBE_S = 30.0  # a router that has just been switched on is busy; nobody waits for this but the first thumbnail
WORKER = Path(__file__).with_stem("worker")  # .py, or .pyc where only that is installed

Pipes = tuple[int, int, int]  # stdin, stdout, stderr
Spawn = Callable[[Sequence[str], Sequence[int], Pipes], Awaitable[Process]]


class Crew:
    """Owns every child. start(), use, close(): after that none is left and none can be started."""

    def __init__(
        self, spawn: Spawn, memory: int, timeout_s: float, ladder: Sequence[sandbox.Level], idle_s: float
    ) -> None:
        self.level: sandbox.Level = "limits"
        self.closed = True
        self._spawn = spawn
        self._memory = memory  # bytes resident of one child's family
        self._timeout_s = timeout_s
        self._ladder = ladder
        self._idle_s = idle_s
        self._folders: list[str] = []
        self._own_user = False
        self._children: set[Child] = set()
        self._workers: list[WorkerLink] = []  # those that wait
        self._exiftool: ExiftoolLink | None = None
        self._exiftool_lock = asyncio.Lock()
        self._tidying: asyncio.Task[None] | None = None

    async def start(self, folders: Sequence[str]) -> None:
        """Find the best rung of the ladder that holds; *folders* is what children may read beyond the system."""
        self._folders = sandbox.readable(folders)
        needed = (sys.executable, str(sandbox.PACKAGE / "media"), *(f"{path}/PIL" for path in pillow_folder()))
        self._own_user = os.geteuid() == 0 and all(map(sandbox.reachable_by_others, needed))
        self.closed = False
        for level in self._ladder:
            self.level = level
            if await self._holds(level):
                break
        self._tidying = asyncio.create_task(self._tidy())

    async def close(self) -> None:
        """End everything; jobs still running fail."""
        self.closed = True
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.gather(self._tidying, return_exceptions=True)
        waiting, self._workers = self._workers, []
        for worker in waiting:
            await worker.end()
        if self._exiftool is not None:
            await self._exiftool.end()
            self._exiftool = None
        for child in tuple(self._children):
            await child.end()

    async def run(
        self, name: str, command: Sequence[str], source: int | None, limit: int, how: sandbox.Confinement | None = None
    ) -> Output:
        """Run *command* on the open file *source* to its end, *limit* bytes of output at most; raises Failed."""
        how = how or self._held(CPU_S, True, source)
        async with await self._start(name, how, command, source, (DEVNULL, PIPE, PIPE)) as child:
            return await child.output(limit, STDERR_LIMIT, self._timeout_s)

    async def ask_worker(self, action: frames.Action, source: int, orientation: int = 0) -> frames.Reply:
        """Have a Pillow worker look at *source*; it waits for the next job afterwards, unless it failed."""
        request = frames.Request(action, self._memory, CPU_S, orientation)
        link = await self._waiting_worker() or await self._start_worker()
        try:
            reply = await link.ask(request, source, self._timeout_s)
        except Dead:  # while it waited, and we had not heard of it yet
            link = await self._start_worker()
            reply = await link.ask(request, source, self._timeout_s)
        if link.jobs >= JOBS or self.closed:
            await link.end()
        else:
            link.idle_since = asyncio.get_running_loop().time()
            self._workers.append(link)
        return reply

    async def _waiting_worker(self) -> WorkerLink | None:
        """One that waits for a job, if it is still alive."""
        link = self._workers.pop() if self._workers else None
        if link is not None and not link.child.alive:
            await link.end()
            return None
        return link

    @contextlib.asynccontextmanager
    async def exiftool_with(self, program: str, source: int, media: MediaType) -> AsyncIterator[ExiftoolLink]:
        """The running exiftool, alone with *source*; started if need be. Raises Failed."""
        async with self._exiftool_lock:
            link = self._exiftool
            if link is None or not link.child.alive or link.jobs >= JOBS:
                if link is not None:
                    await link.end()
                link = self._exiftool = await self._start_exiftool(program)
            try:
                await link.load(source, media)
                yield link
            finally:
                link.unload()
                link.idle_since = asyncio.get_running_loop().time()

    def supervised(self) -> sandbox.Confinement:
        """For the owner's own program: limits, no sandbox, and no grandchild left."""
        return sandbox.Confinement("limits", self._memory, CPU_S, forks=True, own_user=False, supervise=True)

    def _held(self, cpu_s: int | None, forks: bool, source: int | None) -> sandbox.Confinement:
        """The confinement of a child. Root's file that only root may read is not for nobody to open again."""
        own_user = self._own_user and (source is None or bool(os.fstat(source).st_mode & 0o004))
        return sandbox.Confinement(self.level, self._memory, cpu_s, forks, own_user)

    async def _start(
        self, name: str, how: sandbox.Confinement, command: Sequence[str], source: int | None, pipes: Pipes
    ) -> Child:
        if self.closed:
            raise Failed("the server is stopping")
        argv = sandbox.argv(how, self._folders, os.getpid(), source, command)
        child = Child(await self._spawn(argv, () if source is None else (source,), pipes), name, self._memory)
        self._children = {one for one in self._children if one.alive} | {child}
        if self.closed:  # meanwhile
            await child.end()
        return child

    async def _holds(self, level: sandbox.Level) -> bool:
        """Does *level* work here? Tried on a child that does what it must not."""
        if level == "bwrap" and shutil.which("bwrap") is None:
            return False
        try:
            async with asyncio.timeout(PROBE_S):
                output = await self.run("the probe", sandbox.probe(level), None, 4096)
        except (Failed, OSError, TimeoutError):
            return False
        return sandbox.proven(level, output.code, output.stderr)

    async def _start_worker(self) -> WorkerLink:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        command = [sys.executable, "-I", "-S", str(WORKER), str(sandbox.INPUT_FD), *pillow_folder()]
        how, silent = self._held(None, False, None), (DEVNULL, DEVNULL, DEVNULL)
        with theirs:
            try:
                child = await self._start("the media process", how, command, theirs.fileno(), silent)
            except BaseException:
                ours.close()
                raise
        return WorkerLink(child, ours)

    async def _start_exiftool(self, program: str) -> ExiftoolLink:
        memory_file = os.memfd_create("syncd-excerpt", os.MFD_CLOEXEC)
        try:
            readonly = os.open(f"/proc/self/fd/{memory_file}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                how, pipes = self._held(None, False, None), (PIPE, PIPE, DEVNULL)
                child = await self._start("exiftool", how, exiftool.command(program), readonly, pipes)
            finally:
                os.close(readonly)
        except BaseException:
            os.close(memory_file)
            raise
        return ExiftoolLink(child, memory_file)

    async def _tidy(self) -> None:
        """End the children that have waited too long, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._idle_s / 3)
            old = [link for link in self._workers if loop.time() - link.idle_since > self._idle_s]
            self._workers = [link for link in self._workers if link not in old]
            for worker in old:
                await worker.end()
            async with self._exiftool_lock:
                if self._exiftool is not None and loop.time() - self._exiftool.idle_since > self._idle_s:
                    await self._exiftool.end()
                    self._exiftool = None
