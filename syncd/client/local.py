"""Noticing what is saved here: by inotify where there is one, and by walking over everything now and then."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

from syncd.client.engine import Engine
from syncd.client.names import composed
from syncd.client.watch import Touched, Watch

QUIET_S, LONGEST_S = 0.2, 1.0  # who saves several files, or one in several steps, is let finish
HOUR_S = 3600.0
RESCAN_S = 30.0  # without inotify


class Local:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._touched: list[Touched] = []
        self._happened = asyncio.Event()
        self._broken = ""

    async def run(self) -> None:
        """For ever: watch, and tell the engine. Raises Lost."""
        with ExitStack() as stack:
            interval_s = self._begin(stack)
            await self._engine.scan()
            while True:
                try:
                    async with asyncio.timeout(interval_s):
                        await self._happened.wait()
                    await self._quiet()
                except TimeoutError:
                    await self._engine.scan()
                    continue
                if self._broken:
                    self._engine.tell.say_once("skipped", "", self._broken)
                    interval_s = RESCAN_S
                await self._tell()

    def _begin(self, stack: ExitStack) -> float:
        """Start watching; returns the seconds between two walks over everything."""
        try:
            watch = Watch(self._engine.folder.path, lambda path: self._engine.ignore.hides_folder(composed(path)))
            stack.callback(watch.close)
            watch.add("")
        except OSError as exc:
            self._engine.tell.say_once("skipped", "", self._reason(exc))
            return RESCAN_S
        loop = asyncio.get_running_loop()
        loop.add_reader(watch.fd, self._read, watch)
        stack.callback(loop.remove_reader, watch.fd)
        return HOUR_S

    @staticmethod
    def _reason(exc: OSError) -> str:
        return f"changes here are looked for every {RESCAN_S:.0f} s only: {exc.strerror} (fs.inotify.max_user_watches?)"

    def _read(self, watch: Watch) -> None:
        try:
            self._touched += watch.read()
        except OSError as exc:
            self._broken = self._reason(exc)
            self._touched.append(Touched(None))
        if self._touched:
            self._happened.set()

    async def _quiet(self) -> None:
        """Return once nothing happened for a moment, or after a second."""
        loop = asyncio.get_running_loop()
        end = loop.time() + LONGEST_S
        while loop.time() < end:
            self._happened.clear()
            try:
                async with asyncio.timeout(QUIET_S):
                    await self._happened.wait()
            except TimeoutError:
                return

    async def _tell(self) -> None:
        self._happened.clear()
        touched, self._touched = self._touched, []
        if any(one.path is None for one in touched):
            await self._engine.scan()
            return
        for folder in sorted(self._doubtful(touched)):
            await asyncio.to_thread(self._engine.folder.learn, folder)
        paths: set[str] = set()
        for one in touched:
            assert one.path is not None
            paths |= self._paths(one, one.path)
        if paths or self._engine.fresh:
            self._engine.dirty |= paths
            self._engine.wake.set()

    def _doubtful(self, touched: list[Touched]) -> set[str]:
        """Folders with names that are, or may have been, written otherwise than the server does."""
        names = [(one.path, composed(one.path)) for one in touched if one.path is not None]
        return {path.rpartition("/")[0] for real, path in names if path != real or self._engine.folder.aliases}

    def _paths(self, one: Touched, real: str) -> set[str]:
        engine = self._engine
        path = composed(real)
        if engine.ignore.hides(path):
            return set()
        if not one.is_folder:
            return {path}
        if one.is_new:
            engine.fresh.add(path)
        return {path, *engine.state.below(path)}
