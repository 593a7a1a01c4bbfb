"""The tree is the truth: what other programs did to it becomes ordinary changes.

Walks the disk folder by folder beside the index. A disk that is missing or answers errors never looks like deletions:
they are recorded last, only after a walk that read everything, with the right disk still there, and only so many at
once. More than that waits for a person (`syncd scan --confirm-deletions`).
"""

from __future__ import annotations

import asyncio
import logging
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from syncd.core import changes, folder_plans, plans, tree
from syncd.core.core import Core
from syncd.core.mount import Mount
from syncd.core.plans import is_current, trash_place, tree_place
from syncd.db import entries, trash
from syncd.disk.faults import translated
from syncd.disk.root import FileState, Listed, Place
from syncd.disk.staging import hash_file
from syncd.errors import BadName, Busy, Conflict, NotFound, SyncError, VolumeUnavailable
from syncd.model import RESERVED, TRASH_DIR, Entry, TreePath, User

log = logging.getLogger(__name__)

PAUSE_S = 0.002  # between folders: requests go first
FEW_DELETIONS = 20  # never worth a question
SHARE_OF_TREE = 5  # one in so many
SKIPPED_NAMED = 50  # names kept for the report

Progress = Callable[[str], None]


@dataclass(slots=True)
class Report:
    """What a scan found and did. `held` deletions wait for a person."""

    files: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    held: int = 0
    skipped: int = 0
    skipped_names: list[str] = field(default_factory=list)

    def skip(self, name: str, why: str) -> None:
        self.skipped += 1
        if len(self.skipped_names) < SKIPPED_NAMED:
            self.skipped_names.append(f"{name}: {why}")


async def scan(core: Core, *, confirm_deletions: bool = False, progress: Progress = lambda line: None) -> Report:
    """Compare every tree with its index; raises VolumeUnavailable or StorageFailed and then records no deletion."""
    report = Report()
    with core.use() as mount:
        for user in await core.accounts.all():
            progress(f"{user.name}: reading the tree")
            await _Walk(core, mount, user, report, confirm_deletions).run()
            await _scan_trash(mount, user, report)
        mount.was_clean = True
    return report


async def settled(core: Core, user: User, path: TreePath) -> Entry:
    """The live row of *path*, read again first if another program changed the file; raises NotFound, and Busy while it
    is being changed."""
    entry = await tree.live(core, user, path)
    place = tree_place(user, path)
    with core.use() as mount:
        with translated():
            state = mount.root.state(place)  # a look at a name the kernel has at hand, cheaper than a thread
        if state is None:
            raise NotFound("there is no such file")
        if is_current(entry, state):
            return entry
        try:
            digest = await mount.disk.run(hash_file, mount.root, place)
            await _take_note(core, mount, user, str(path), entry, digest, state)
        except Conflict as exc:
            raise Busy("another program is changing this file; try again") from exc
    return await tree.live(core, user, path)


async def _take_note(
    core: Core, mount: Mount, user: User, path: str, known: Entry | None, digest: bytes, state: FileState
) -> bool:
    """Bring the row of a file up to what was read; was that a change of its content?"""
    if known is None or known.hash != digest:
        return bool(await changes.adopt(mount, user, path, digest, state))
    async with mount.index.write(durable=False) as transaction:
        await entries.note_mtime(transaction, known.seq, state.mtime_ns)
    core.remembered.pop((user.id, path), None)
    return False


class _Walk:
    """One user's tree, once."""

    def __init__(self, core: Core, mount: Mount, user: User, report: Report, confirm_deletions: bool) -> None:
        self._core = core
        self._mount = mount
        self._user = user
        self._report = report
        self._confirmed = confirm_deletions
        self._gone: list[str] = []
        self._gone_count = 0

    async def run(self) -> None:
        todo: list[tuple[str, ...]] = [()]
        while todo:
            folder = todo.pop()
            if self._mount.is_closing:
                raise VolumeUnavailable("the disk went away during the scan")
            todo += await self._folder(folder)
            await asyncio.sleep(PAUSE_S)
        await self._find_lost_folders()
        await self._record_gone()

    async def _folder(self, folder: tuple[str, ...]) -> list[tuple[str, ...]]:
        """Compare one folder; the folders in it."""
        listed = await self._mount.disk.run(self._mount.root.names, (self._user.home, *folder))
        fit = [one for one in listed if self._fits(folder, one)]
        files = {"/".join((*folder, one.name)) for one in fit if one.is_file}
        known = await self._known_in("/".join(folder), files)
        for path in sorted(files):
            await self._file(path, known.get(path))
        await self._note_gone(sorted(known.keys() - files))
        if folder and not listed:
            await changes.adopt_folder(self._mount, self._user, "/".join(folder))
        return [(*folder, one.name) for one in fit if one.is_dir]

    async def _known_in(self, parent: str, files: set[str]) -> dict[str, Entry]:
        names = sorted(files | set(await entries.names_in(self._mount.index, self._user.id, parent)))
        known: dict[str, Entry] = {}
        for start in range(0, len(names), 500):
            known |= await entries.among(self._mount.index, self._user.id, names[start : start + 500])
        return known

    def _fits(self, folder: tuple[str, ...], one: Listed) -> bool:
        """Can it be an entry? The daemon's own folders are passed over in silence, the rest is named."""
        if not folder and one.name.casefold() in RESERVED:
            return False
        shown = "/".join((self._user.home, *folder, one.name))
        if not one.is_dir and not one.is_file:
            self._report.skip(shown, "no plain file (a link or a special file)")
            return False
        if unicodedata.normalize("NFC", one.name) != one.name:
            self._report.skip(shown, "its name is not in composed Unicode (NFC)")
            return False
        try:
            TreePath.parse("/".join((*folder, one.name)))
        except BadName as exc:
            self._report.skip(shown, exc.text)
            return False
        return True

    async def _file(self, path: str, known: Entry | None) -> None:
        place = tree_place(self._user, path)
        state = await self._mount.disk.run(self._mount.root.state, place)
        if state is None:
            return
        self._report.files += 1
        if known is not None and is_current(known, state):
            return
        try:
            digest = await self._mount.disk.run(hash_file, self._mount.root, place)
            await self._differs(path, known, digest, state)
        except (Conflict, NotFound):
            log.info("%r changed while it was read; the next scan will see it", path)

    async def _differs(self, path: str, known: Entry | None, digest: bytes, state: FileState) -> None:
        recorded = await _take_note(self._core, self._mount, self._user, path, known, digest, state)
        if recorded and known is None:
            self._report.new += 1
        elif recorded:
            self._report.changed += 1

    async def _find_lost_folders(self) -> None:
        """Made folders, and files of the index whose whole folder is gone from the disk."""
        index, user_id = self._mount.index, self._user.id
        for folder in await entries.folders(index, user_id):
            place: Place = (self._user.home, *folder.split("/")) if folder else (self._user.home,)
            if await self._is_lost(place):
                await self._note_gone(await entries.names_in(index, user_id, folder))
                await self._note_gone(sorted(await entries.made_among(index, user_id, [folder])))

    async def _is_lost(self, folder: Place) -> bool:
        """Is there none, or a file? One behind a link may be there: links are not followed, and tell of no deletion."""
        try:
            found = await self._mount.disk.run(self._mount.root.look, folder)
        except (BadName, NotFound):
            return False
        return found is None or isinstance(found, FileState)

    async def _note_gone(self, paths: list[str]) -> None:
        """Remember what is gone; once it is more than may be recorded anyway, only how many."""
        if paths:  # a folder that is being moved is at its new place already, and not yet in the index
            await self._mount.committer.settled()
            live = await self._live_among(paths)
            paths = [path for path in paths if path in live]
        self._gone_count += len(paths)
        if self._confirmed or self._gone_count <= max(FEW_DELETIONS, self._core.config.storage.delete_guard):
            self._gone += paths

    async def _live_among(self, paths: list[str]) -> set[str]:
        index, user_id, live = self._mount.index, self._user.id, set[str]()
        for start in range(0, len(paths), 500):
            batch = paths[start : start + 500]
            live |= (await entries.among(index, user_id, batch)).keys() | await entries.made_among(
                index, user_id, batch
            )
        return live

    async def _record_gone(self) -> None:
        gone = list(dict.fromkeys(self._gone))  # a folder may have vanished while it was read
        count = len(gone) if self._gone_count == len(self._gone) else self._gone_count
        files, _ = await entries.usage(self._mount.index, self._user.id)
        if not self._confirmed and is_mass_deletion(count, files, self._core.config.storage.delete_guard):
            self._report.held += count
            log.error(
                "%d of %d files of %s are gone from the disk; nothing was recorded. If that is right, run:"
                " syncd scan --confirm-deletions",
                *(count, files, self._user.name),
            )
            return
        for start in range(0, len(gone), changes.BATCH):
            await self._mount.disk.run(self._mount.volume.require_present)
            batch = gone[start : start + changes.BATCH]
            done = await self._mount.committer.carry_out(
                partial(plans.forget, self._mount.ground, self._user, batch), durable=False
            )
            self._report.gone += len(done.changes)


def is_mass_deletion(gone: int, files: int, most: int) -> bool:
    """Are so many deletions more likely a mishap than a wish? *most*: `[storage] delete_guard`."""
    return gone > 0 and (gone >= most or gone > max(FEW_DELETIONS, files // SHARE_OF_TREE))


async def _scan_trash(mount: Mount, user: User, report: Report) -> None:
    """Rows for files that have none (after a rebuild), no rows for files that are gone, no empty folders."""
    files, empty = await mount.disk.run(_walk_trash, mount, user)
    for place in files:
        if await trash.at(mount.index, user.id, place) is None:
            await _adopt_trashed(mount, user, place)
    if empty:
        await mount.committer.carry_out(partial(folder_plans.drop_empty, empty), durable=False)
    last = 0
    while page := await trash.page(mount.index, user.id, last, 500):
        last = page[-1].id
        lost = [one for one in page if not await mount.disk.run(mount.root.is_taken, trash_place(user, one.place))]
        if lost:
            await mount.disk.run(mount.volume.require_present)
            await mount.committer.carry_out(partial(plans.forget_trashed, lost), durable=False)


async def _adopt_trashed(mount: Mount, user: User, place: str) -> None:
    where = trash_place(user, place)
    state = await mount.disk.run(mount.root.state, where)
    if state is None:
        return
    try:
        digest = await mount.disk.run(hash_file, mount.root, where)
    except SyncError:
        return
    await mount.committer.carry_out(
        partial(plans.adopt_trashed, mount.ground, user, place, digest, state), durable=False
    )


def _walk_trash(mount: Mount, user: User) -> tuple[list[str], list[Place]]:
    """Places of all plain files in a user's trash, and the folders in which nothing is."""
    todo: list[tuple[str, ...]] = [()]
    files: list[str] = []
    empty: list[Place] = []
    while todo:
        folder = todo.pop()
        listed = mount.root.names((user.home, TRASH_DIR, *folder))
        todo += [(*folder, one.name) for one in listed if one.is_dir]
        files += ["/".join((*folder, one.name)) for one in listed if one.is_file]
        if folder and not listed:
            empty.append((user.home, TRASH_DIR, *folder))
    return files, empty
