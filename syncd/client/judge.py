"""Looking at a path: what lies here, what was agreed on, what the server has, and so what is to be done."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from syncd.client.content import Content, measure
from syncd.client.decide import Verdict, decide, only_up
from syncd.client.folder import Folder, Gap, Look, Stat
from syncd.client.names import why_not
from syncd.client.side_by_side import in_thread
from syncd.client.state import Base, Remote, State
from syncd.client.tell import Teller
from syncd.client.trouble import Changed


@dataclass(frozen=True, slots=True)
class Judged:
    """A path and the verdict on it; acting must find the file as *look* says."""

    path: str
    look: Look
    content: Content | None  # of the local file
    base: Base | None
    remote: Remote | None
    checked_ns: int  # Unix ns, before the file was read
    verdict: Verdict

    @property
    def stat(self) -> Stat | None:
        return self.look if isinstance(self.look, Stat) else None

    @property
    def base_hash(self) -> str | None:
        return self.base.hash if self.base is not None else None


@dataclass(slots=True)
class Leaving:
    """Files that vanished from here and that the server still has: what appears elsewhere may be one of them."""

    paths: dict[str, list[str]] = field(default_factory=dict)  # by hash
    hashes: dict[Stat, str] = field(default_factory=dict)  # a folder that is renamed leaves its files' ctime alone

    def add(self, base: Base) -> None:
        self.paths.setdefault(base.hash, []).append(base.path)
        if base.holds(base.stat):
            self.hashes[base.stat] = base.hash

    def hash_of(self, found: Stat) -> str | None:
        """The content of *found*, if it is one of them under a new name."""
        return self.hashes.get(found)


class Judge:
    def __init__(self, folder: Folder, state: State, tell: Teller, stop: threading.Event, *, up_only: bool) -> None:
        self._folder = folder
        self._state = state
        self._tell = tell
        self._stop = stop
        self._up_only = up_only

    async def judge(self, path: str, leaving: Leaving) -> Judged | None:
        """The verdict on *path*; None when nothing may be done about it. Raises Changed, OSError, Stopped."""
        reason = why_not(path)
        look = self._folder.look(path)
        if reason is None and look in (Gap.UNKNOWN, Gap.TWIN):
            reason = str(look.value)
        if reason is not None:
            self._tell.say_once("skipped", path, reason)
            return None
        base, remote = self._state.base(path), self._state.remote(path)
        checked_ns = time.time_ns()
        content = await self._content(path, look, base, leaving) if isinstance(look, Stat) else None
        verdict = decide(
            content.hash if content is not None else None,
            base.hash if base is not None else None,
            remote.hash if remote is not None else None,
        )
        return Judged(path, look, content, base, remote, checked_ns, only_up(verdict) if self._up_only else verdict)

    async def _content(self, path: str, found: Stat, base: Base | None, leaving: Leaving) -> Content:
        if base is not None and base.holds(found):
            return Content(base.hash, ())
        if base is None and (digest := leaving.hash_of(found)) is not None:
            return Content(digest, ())
        return await in_thread(self.read, path, found)

    def read(self, path: str, judged: Stat) -> Content:
        """The content of *path*, read from the disk; raises Changed when it is not *judged*, before or after."""
        with self._folder.opened(path) as (fd, _):
            content = measure(fd, judged.size, self._stop)
        if self._folder.look(path) != judged:
            raise Changed("it was saved meanwhile")
        return content

    async def is_sure(self, base: Base) -> Stat | None:
        """How the file of *base* lies here, if it is that content still."""
        found = self._folder.look(base.path)
        if not isinstance(found, Stat) or found != base.stat:
            return None
        if base.holds(found):
            return found
        try:
            content = await in_thread(self.read, base.path, found)
        except (Changed, OSError):
            return None
        return found if content.hash == base.hash else None

    def leaving(self, paths: set[str]) -> Leaving:
        """Those of *paths* that vanished from here while the server has what was agreed on."""
        found = Leaving()
        if self._up_only:
            return found
        for path in sorted(paths):
            base = self._state.base(path)
            if base is None or self._folder.look(path) not in (Gap.MISSING, Gap.FOLDER):
                continue
            remote = self._state.remote(path)
            if remote is not None and remote.hash == base.hash:
                found.add(base)
        return found
