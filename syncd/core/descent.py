"""Everything below a folder in one walk by path, also the folders that merely lead to something.

Page by page: nothing is held but the page, and the folders that the walk is in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from syncd.core import folders
from syncd.core.core import Core
from syncd.model import Entry, User


@dataclass(frozen=True, slots=True)
class Thing:
    """A file, or (`size` None) a folder."""

    path: str
    size: int | None  # bytes


class Descent:
    """Adds the folders that have no row of their own; rows come by path."""

    def __init__(self, folder: str) -> None:
        self._depth = folder.count("/") + 1 if folder else 0
        self._told: list[str] = []  # folders in which more may come; each is the beginning of the path last seen

    def step(self, entry: Entry) -> list[Thing]:
        """*entry*, after the folders on the way to it that were not told of before."""
        path = entry.path
        # By path, `a/b` is followed by `a/b!` and only then by `a/b/c`, so what is no beginning of it is done with.
        self._told = [one for one in self._told if path.startswith(one)]
        parts = path.split("/")
        above = ["/".join(parts[:depth]) for depth in range(self._depth + 1, len(parts))]
        new = [one for one in above if one not in self._told]
        self._told += new
        if entry.is_folder:
            self._told.append(path)
        return [*(Thing(one, None) for one in new), Thing(path, entry.size)]


async def below(core: Core, user: User, folder: str = "") -> AsyncIterator[list[Thing]]:
    """All things at any depth below *folder* ('' is the top), by path, page by page."""
    walk = Descent(folder)
    async for page in folders.below(core, user, folder):
        yield [thing for entry in page for thing in walk.step(entry)]
