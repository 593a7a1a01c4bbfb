"""Folders in which nothing is: made here and there, removed here and there.

States are compared, never events replayed. A folder that goes because the server's last file in it went is noted as
LED before it is touched, so that what a kill, or an ignored file, leaves of it here is never taken for a new one.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from itertools import takewhile

from syncd.client import place
from syncd.client.api import ABSENT, Api
from syncd.client.decide_folder import FolderVerdict, Here, There, decide_folder, only_up_folder
from syncd.client.folder import Folder, Gap, Stat, Walk
from syncd.client.ignore import Ignore
from syncd.client.names import is_below, parents, why_not
from syncd.client.side_by_side import in_thread
from syncd.client.state import Remote, State
from syncd.client.tell import Teller
from syncd.client.trouble import Changed, Refused

CONFLICT, NOT_FOUND = 409, 404
BEYOND = 1 << 62  # a sequence that no server has reached: in a dry run nobody tells a real one


class Subfolders:
    """*ignore* is set anew when the patterns change."""

    def __init__(
        self, api: Api, folder: Folder, state: State, tell: Teller, ignore: Ignore, *, up_only: bool, dry: bool
    ) -> None:
        self._api = api
        self._folder = folder
        self._state = state
        self._tell = tell
        self._up_only = up_only
        self._dry = dry
        self._kept: bool | None = None  # by the server; None: it was not asked yet
        self.ignore = ignore
        self.acts = 0  # how many things were done

    async def are_kept(self) -> bool:
        """Does the server keep folders that are empty? An older one does not, and then nothing is done about any."""
        if self._kept is None:
            self._set_kept(await self._api.keeps_folders())
        return bool(self._kept)

    def _set_kept(self, kept: bool) -> None:
        self._kept = kept
        if not kept:
            self._state.forget_folders()

    # --- which to look at

    def met(self, walk: Walk, *, was_backup: bool) -> set[str]:
        """Those to look at after a *walk* over everything."""
        agreed = self._state.folders_agreed()
        doubtful = {path for path in walk.empty if agreed.get(path) is not There.MADE}
        for path in agreed.keys() - set(walk.folders):
            if self.ignore.hides_folder(path):
                self._state.forget_folder(path)
            elif not any(is_below(path, folder) for folder in walk.unknown):
                doubtful.add(path)
                if was_backup:  # what is removed here stays there, so it was promised
                    self._state.forget_folder(path)
        return doubtful

    def doubtful(self, paths: Iterable[str]) -> set[str]:
        """Those to look at after *paths* were settled: what is no file here, and what it lies in."""
        found: set[str] = set()
        for path in paths:
            if isinstance(self._folder.look(path), Stat) and self._state.made(path) is None:
                continue
            found.add(path)
            found.update(parents(path))
        return {path for path in found if not self.ignore.hides_folder(path)}

    # --- before files come and go

    def before_coming(self, path: str) -> None:
        """The server's file *path* is going to be put here: the folders made for it are there because of it."""
        self._lead_missing(parents(path))

    def _lead_missing(self, innermost_first: Iterable[str]) -> None:
        self._state.lead(takewhile(lambda one: self._folder.look(one) is Gap.MISSING, innermost_first))

    def before_going(self, path: str) -> set[str]:
        """The file *path* is going to be removed here, as it was there; returns the folders that are to stay."""
        above = parents(path)
        stays = {one for one in above if self._state.folder_there(one) in (There.LED, There.MADE)}
        self._state.lead(one for one in above if one not in stays)
        return stays

    async def keep_emptied(self, paths: Iterable[str]) -> None:
        """*paths* are going to be removed there, as they were here: what they leave empty here stays there, too."""
        if not await self.are_kept():
            return
        seen: set[str] = set()
        for path in paths:
            for above in parents(path):
                if above in seen:
                    break
                seen.add(above)
                here = self._here(above)
                if here is Here.EMPTY and self._state.folder_there(above) is There.LED:
                    with suppress(Refused):  # then it goes, and whoever looks at it next decides
                        await self._make_there(above)
                if here is not Here.NOTHING:
                    break

    # --- one folder

    async def settle(self, path: str, *, removing: bool = False) -> bool:
        """Judge *path* and act; True: it is to be removed on one side, which is done only when *removing*.

        Raises Away, Refused, Changed, OSError.
        """
        if not await self.are_kept():
            return False
        agreed, there = self._state.folder_agreed(path), self._state.folder_there(path)
        verdict = decide_folder(self._here(path), agreed, there)
        if self._up_only:
            verdict = only_up_folder(verdict)
        match verdict:
            case FolderVerdict.AGREE if agreed is not there:
                self._state.agree_folder(path, there)
            case FolderVerdict.FORGET:
                self._state.forget_folder(path)
            case FolderVerdict.MAKE_THERE:
                await self._make_there(path)
            case FolderVerdict.MAKE_HERE:
                await self._make_here(path)
            case FolderVerdict.REMOVE_HERE if removing:
                await self._remove_here(path)
            case FolderVerdict.REMOVE_THERE if removing:
                await self._remove_there(path)
            case FolderVerdict.REMOVE_HERE | FolderVerdict.REMOVE_THERE:
                return True
        return False

    def _here(self, path: str) -> Here:
        look = self._folder.look(path)
        if look is Gap.MISSING:
            looks = (self._folder.look(above) for above in parents(path))
            above = next((one for one in looks if one is not Gap.MISSING), Gap.FOLDER)
            return Here.NOTHING if above is Gap.FOLDER else Here.FILE
        if isinstance(look, Stat):
            return Here.FILE
        if look is not Gap.FOLDER or why_not(path) is not None:
            return Here.UNKNOWN
        try:
            is_full = self._folder.holds(path, self.ignore.hides, self.ignore.hides_folder)
        except OSError:
            return Here.UNKNOWN
        return Here.FULL if is_full else Here.EMPTY

    async def _make_there(self, path: str) -> None:
        try:
            seq = BEYOND if self._dry else await self._api.keep_folder(path)
        except Refused as exc:
            if exc.status not in ABSENT:
                raise
            self._set_kept(False)
            return
        self._state.folder_made(path, seq)
        self._done("made", path, "there")

    async def _make_here(self, path: str) -> None:
        if not self._dry:
            self._lead_missing([path, *parents(path)])
            await in_thread(place.make, self._folder, path)
        self._state.agree_folder(path, There.MADE)
        self._done("made", path, "here")

    async def _remove_here(self, path: str) -> None:
        if not self._dry:
            self.before_going(path)
            if not await in_thread(place.drop, self._folder, path):
                return  # something is in it that is not synced; it is remembered as what is left
        self._state.forget_folder(path)
        self._done("removed", path, "here")

    async def make_way_there(self, path: str) -> None:
        """A file is going to be sent to *path*: it outweighs folders there in which nothing is. Raises Changed."""
        for known in self._state.folders_in_the_way(path):
            await self._removed_there(known)

    async def _remove_there(self, path: str) -> None:
        known = self._state.made(path)
        if known is None or self._state.leads(path):
            return  # what is in it is settled first
        await self.keep_emptied([path])
        await self._removed_there(known)

    async def _removed_there(self, known: Remote) -> None:
        path = known.path
        try:
            if not self._dry:
                await self._api.remove_folder(path)
        except Refused as exc:
            if exc.status == CONFLICT:
                self._state.forget_folder(path)
                raise Changed("something was put into that folder on the server") from exc
            if exc.status != NOT_FOUND:
                raise
        self._state.folder_removed(known)
        self._done("removed", path, "there")

    def _done(self, event: str, path: str, side: str) -> None:
        self.acts += 1
        if self._dry:
            self._tell.say(event, path, side=side, dry=True)
        else:
            self._tell.say(event, path, side=side)
