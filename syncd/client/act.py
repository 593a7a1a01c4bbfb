"""Doing what was judged about one path. Every step leaves both sides whole, and can be taken again after a kill."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from syncd.client import place
from syncd.client.api import Api, Stored
from syncd.client.content import Content
from syncd.client.decide import Verdict
from syncd.client.download import Fetcher
from syncd.client.folder import Folder, Gap, Stat
from syncd.client.judge import Judge, Judged, Leaving
from syncd.client.names import conflicted
from syncd.client.side_by_side import in_thread
from syncd.client.state import Remote, State
from syncd.client.subfolders import Subfolders
from syncd.client.tell import Teller
from syncd.client.trouble import Blocked, Changed, Refused
from syncd.client.upload import Sender

ROUNDS = 4  # judging and acting on a path before it has to wait: a clash takes two


class Actor:
    def __init__(
        self,
        api: Api,
        folder: Folder,
        state: State,
        tell: Teller,
        judge: Judge,
        subfolders: Subfolders,
        sender: Sender,
        fetcher: Fetcher,
        *,
        up_only: bool,
        dry: bool,
    ) -> None:
        self._api = api
        self._folder = folder
        self._state = state
        self._tell = tell
        self._judge = judge
        self._subfolders = subfolders
        self._sender = sender
        self._fetcher = fetcher
        self._up_only = up_only
        self._dry = dry
        self._hands = [asyncio.Lock() for _ in range(256)]  # by the hash's first byte: a part has one writer
        self.acts = 0  # how many things were done

    async def settle(self, path: str, leaving: Leaving) -> bool:
        """Judge *path* and act until it is in step; True: it is to be deleted on one side, which comes last."""
        for _ in range(ROUNDS):
            judged = await self._judge.judge(path, leaving)
            if judged is None or judged.verdict is Verdict.NOTHING:
                return False
            if judged.verdict in (Verdict.DELETE_HERE, Verdict.DELETE_THERE):
                return True
            if judged.verdict is Verdict.FORGET:
                self._state.forget(path)
                return False
            if judged.verdict is Verdict.AGREE:
                self._agree(judged)
                return False
            self.acts += 1
            if self._dry:
                self._announce(judged)
                return False
            if await self._done(judged, leaving):
                return False
        raise Changed("it keeps changing")

    def _agree(self, judged: Judged) -> None:
        assert judged.stat is not None and judged.content is not None
        base = judged.base
        if base is None or base.hash != judged.content.hash or not base.holds(judged.stat):
            self._state.agree(judged.path, judged.content.hash, judged.stat, judged.checked_ns)

    def _announce(self, judged: Judged) -> None:
        event = {Verdict.SEND: "sent", Verdict.FETCH: "fetched"}.get(judged.verdict, "conflict")
        size = judged.remote.size if event == "fetched" and judged.remote else judged.stat.size if judged.stat else 0
        self._tell.say(event, judged.path, size=size, dry=True)

    async def _done(self, judged: Judged, leaving: Leaving) -> bool:
        """Act once; False when it has to be judged again."""
        if judged.verdict is Verdict.FETCH:
            await self._fetch(judged)
            return True
        assert judged.stat is not None and judged.content is not None
        if judged.verdict is Verdict.CLASH:
            copy = self._state.conflicted_copy(judged.path, judged.content.hash)
            if copy is not None:  # sent before we were killed
                return await self._step_aside(judged, judged.stat, judged.content, copy)
        elif judged.remote is None:
            if not self._up_only:
                await self._subfolders.make_way_there(judged.path)
            if await self._moved(judged, judged.stat, judged.content, leaving):
                return True
        if not self._up_only and self._state.is_in_the_way(judged.path):
            raise Blocked("what stands there on the server is deleted first")
        if not self._up_only and (file := self._state.file_above(judged.path)) is not None:
            await self._make_way(file)
        stored = await self._sender.send(judged.path, judged.stat, judged.content, judged.base_hash)
        self._sent(judged, judged.stat, stored)
        if stored.path == judged.path:
            return True
        return await self._step_aside(judged, judged.stat, judged.content, stored.path)

    async def _make_way(self, file: Remote) -> None:
        """Rename a file of the server where here a folder is, in which something was saved: both are kept."""
        assert file.hash is not None
        name = conflicted(file.path, datetime.now(UTC))
        seq = await self._api.move(file.path, name, file.hash)
        with self._state.writing():
            self._state.heard(Remote(file.path, None, 0, None, seq - 1))
            self._state.heard(Remote(name, file.hash, file.size, file.mtime_ms, seq))
        self._tell.say("conflict", file.path, "a file there, and a folder here; both are kept", to=name)

    def _sent(self, judged: Judged, found: Stat, stored: Stored) -> None:
        with self._state.writing():
            mtime_ms = found.mtime_ns // 1_000_000
            self._state.heard(Remote(stored.path, stored.hash, found.size, mtime_ms, stored.seq))
            if stored.path == judged.path:
                self._state.agree(judged.path, stored.hash, found, judged.checked_ns)
        if stored.path == judged.path:
            self._tell.say("sent", judged.path, size=found.size)

    async def _moved(self, judged: Judged, found: Stat, content: Content, leaving: Leaving) -> bool:
        """Rename on the server instead of sending, if this is a file that vanished elsewhere."""
        candidates = leaving.paths.get(content.hash, [])
        while candidates:
            old = candidates.pop()
            if self._folder.look(old) not in (Gap.MISSING, Gap.FOLDER):
                continue
            await self._subfolders.keep_emptied([old])
            try:
                seq = await self._api.move(old, judged.path, content.hash)
            except Refused:
                continue  # it changed there, or something stands here: sending finds out
            with self._state.writing():
                mtime_ms = found.mtime_ns // 1_000_000
                self._state.heard(Remote(old, None, 0, None, seq - 1))  # the two changes of a move are neighbours
                self._state.heard(Remote(judged.path, content.hash, found.size, mtime_ms, seq))
                self._state.forget(old)
                self._state.agree(judged.path, content.hash, found, judged.checked_ns)
            self._tell.say("moved", old, to=judged.path, side="there")
            return True
        return False

    async def _step_aside(self, judged: Judged, found: Stat, content: Content, copy: str) -> bool:
        """The server keeps our version as *copy*: ours gets that name here, too, and the other one its place."""
        if self._up_only:
            self._state.agree(judged.path, content.hash, found, judged.checked_ns)
        else:
            try:
                moved = await in_thread(place.rename, self._folder, judged.path, found, copy)
                self._state.agree(copy, content.hash, moved, judged.checked_ns)
            except Changed:
                there = self._folder.look(copy)
                if not isinstance(there, Stat):
                    raise
                if (await in_thread(self._judge.read, copy, there)).hash != content.hash:
                    raise
                await in_thread(place.remove, self._folder, judged.path, found)  # it is here already
        self._tell.say("conflict", judged.path, "changed on both sides; both versions are kept", to=copy)
        return self._up_only

    async def _fetch(self, judged: Judged) -> None:
        remote = judged.remote
        assert remote is not None and remote.hash is not None
        if judged.look is Gap.FOLDER:
            await in_thread(place.clear_way, self._folder, judged.path)
        self._subfolders.before_coming(judged.path)
        async with self._hands[int(remote.hash[:2], 16)]:
            if judged.stat is None and await self._moved_here(judged.path, remote.hash):
                return
            name = await self._copied(judged, remote, remote.hash)
            if name is None:
                name = await self._fetcher.fetch(remote, remote.hash, judged.stat)
            checked_ns = time.time_ns()
            placed = await in_thread(place.put, self._folder, name, judged.path, judged.stat)
            self._state.agree(judged.path, remote.hash, placed, checked_ns)
        self._tell.say("fetched", judged.path, size=remote.size)

    async def _moved_here(self, path: str, digest: str) -> bool:
        """Rename a file that is to go from here and has that content."""
        for base in self._state.holders(digest):
            if self._state.remote(base.path) is not None or (found := await self._judge.is_sure(base)) is None:
                continue
            stays = self._subfolders.before_going(base.path)
            try:
                moved = await in_thread(place.rename, self._folder, base.path, found, path)
            except Changed:
                continue
            await in_thread(place.prune, self._folder, base.path, stays)
            with self._state.writing():
                self._state.forget(base.path)
                self._state.agree(path, digest, moved, base.checked_ns)
            self._tell.say("moved", base.path, to=path, side="here")
            return True
        return False

    async def _copied(self, judged: Judged, remote: Remote, digest: str) -> str | None:
        """The part made from a file here with the same content; None when there is none."""
        for base in self._state.holders(digest):
            found = await self._judge.is_sure(base) if base.path != judged.path else None
            if found is not None:
                name = await in_thread(self._fetcher.copy, base.path, found, digest, remote, judged.stat)
                if name is not None:
                    return name
        return None

    async def delete_here(self, judged: Judged) -> None:
        """Remove the local file, which the server has no more."""
        if judged.stat is None:
            raise Blocked("there is no file")
        stays = self._subfolders.before_going(judged.path)
        await in_thread(place.remove, self._folder, judged.path, judged.stat, stays)
        self._state.forget(judged.path)
        self.acts += 1
        self._tell.say("deleted", judged.path, side="here")

    async def delete_there(self, batch: list[Judged]) -> dict[str, str]:
        """Tell the server that files are gone; those refused, and why. What it keeps otherwise, the feed tells."""
        wanted = {one.path: one.base_hash for one in batch if one.base_hash is not None}
        removed, refused = await self._api.delete(wanted)
        with self._state.writing():
            for one in batch:
                if one.path in removed and one.remote is not None:
                    self._state.removed(one.remote)
        for path in sorted(removed):
            self.acts += 1
            self._tell.say("deleted", path, side="there")
        return refused
