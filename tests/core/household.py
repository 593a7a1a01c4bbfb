"""An open core with one person in it, and what the tests of the core do with them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from syncd.clock import Clock, now_ms
from syncd.config import Config, ServerSection
from syncd.core import changes
from syncd.core.changes import Placed
from syncd.core.conflicts import EVERYTHING, NOTHING, Knowledge
from syncd.core.core import Core, initialise
from syncd.core.feed import Feed
from syncd.core.mount import Mount
from syncd.core.swap import Author
from syncd.model import TreePath, User


def sha(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def knows(content: bytes) -> Knowledge:
    """Somebody who has seen *content* at the path they write to."""
    return Knowledge(sha(content))


def at(path: str) -> TreePath:
    return TreePath.parse(path)


@dataclass(frozen=True, slots=True)
class Household:
    core: Core
    feed: Feed
    user: User
    files: Path  # the user's folder on the disk

    @property
    def mount(self) -> Mount:
        with self.core.use() as mount:
            return mount

    def author(self, device: str = "laptop") -> Author:
        return Author(device, device, self.core.keeper.now_ms)

    async def put(self, path: str, content: bytes, knowledge: Knowledge = EVERYTHING, device: str = "laptop") -> Placed:
        """Write *content*, as a device that knew so much."""
        async with self.mount.uploads.begin(len(content)) as incoming:
            await incoming.write(content)
            arrived = await incoming.seal()
            return await changes.put(self.mount, self.user, at(path), arrived, knowledge, self.author(device))

    async def create(self, path: str, content: bytes, device: str = "laptop") -> Placed:
        """Write *content*, as a device that knows of nothing there."""
        return await self.put(path, content, NOTHING, device)

    async def remove(self, path: str) -> None:
        await changes.remove(self.mount, self.user, at(path), self.author())

    async def throw_away(self, path: str) -> None:
        """Move a file, or a folder with all that is in it, to the trash."""
        await changes.throw_away(self.mount, self.user, at(path), self.author())

    def tree(self) -> dict[str, bytes]:
        """What is on the disk, but for the trash."""
        return {path: content for path, content in self._below(self.files).items() if not path.startswith(".trash/")}

    def trash(self) -> dict[str, bytes]:
        return self._below(self.files / ".trash")

    def _below(self, folder: Path) -> dict[str, bytes]:
        return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


@asynccontextmanager
async def opened(folder: Path, config: Config | None = None, clock: Clock = now_ms) -> AsyncIterator[Household]:
    """The household whose disk and state are below *folder*, made at the first call."""
    (folder / "storage").mkdir(exist_ok=True)
    settings = replace(
        config or Config(),
        server=ServerSection(state=folder / "state"),
        storage=replace((config or Config()).storage, path=folder / "storage", reserve_mb=16),
    )
    await initialise(settings)
    async with Core.open(settings, clock) as core:
        feed = Feed(core)
        await core.mount()
        user = await core.accounts.find("anna") or await core.accounts.add("anna", None)
        yield Household(core, feed, user, folder / "storage" / "anna")
