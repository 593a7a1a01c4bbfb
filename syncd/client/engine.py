"""The reconciler: takes the paths that were touched on either side and settles them, deletions last."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Awaitable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from syncd.client.act import Actor
from syncd.client.api import Api
from syncd.client.consent import Consent, Side
from syncd.client.decide import Verdict
from syncd.client.download import Fetcher
from syncd.client.folder import Folder, Walk
from syncd.client.ignore import FILE as IGNORE_FILE
from syncd.client.ignore import Ignore
from syncd.client.judge import Judge, Judged, Leaving
from syncd.client.names import is_below
from syncd.client.side_by_side import together
from syncd.client.state import State
from syncd.client.subfolders import Subfolders
from syncd.client.tell import Teller
from syncd.client.trouble import Away, Blocked, Changed, Refused
from syncd.client.upload import Sender

WORKERS = 8  # paths at a time; an answer takes a flush of the server's disk, which many can share
TRANSFERS = 4  # pieces of large files at a time
REPORTED = 500  # deletions in one request
CONFLICT = 409
QUIET_TRIES = 2  # a failure that passes by itself is not told
LONGEST_S = 600.0  # between two tries of a path
SOON_S = 1.0
RESTLESS_S = 60.0  # between two looks at a file that is written all the time
FOLDER = "/"  # ends what is noted of a folder: a file may have failed under the same name
RESTLESS_TRIES = 5  # that many are not told


@dataclass(frozen=True, slots=True)
class Options:
    up_only: bool = False
    dry: bool = False
    yes: bool = False  # mass deletions are meant
    asks: bool = False  # somebody sits at the terminal


class Engine:
    def __init__(self, api: Api, folder: Folder, state: State, tell: Teller, options: Options) -> None:
        self.api = api
        self.folder = folder
        self.state = state
        self.tell = tell
        self.options = options
        self.stop = threading.Event()
        self.wake = asyncio.Event()
        self.passing = asyncio.Lock()  # a pass relies on the mirror, which is not begun anew under its feet
        self.dirty: set[str] = set()
        self.fresh: set[str] = set()  # folders to walk
        self.held: set[str] = set()
        self.tries: dict[str, int] = {}  # of paths that failed
        self.changing: dict[str, int] = {}  # how often they were found changing, one after the other
        self.waiting: dict[str, asyncio.TimerHandle] = {}
        self.ignore = Ignore.of(folder.path)
        self.told_failed: set[str] = set()
        self.scanned = False  # walked over everything since the start
        self.caught_up = False  # read the feed to its end since the start
        self.consent = Consent(tell, self.wake.set, yes=options.yes, asks=options.asks)
        self._acked = -1
        self._told = -1
        slots = asyncio.Semaphore(TRANSFERS)
        self._judge = Judge(folder, state, tell, self.stop, up_only=options.up_only)
        self._subfolders = Subfolders(api, folder, state, tell, self.ignore, up_only=options.up_only, dry=options.dry)
        self._sender = Sender(api, folder, state, tell, slots, self.stop)
        self._actor = Actor(
            api,
            folder,
            state,
            tell,
            self._judge,
            self._subfolders,
            self._sender,
            Fetcher(api, folder, tell, slots, self.stop),
            up_only=options.up_only,
            dry=options.dry,
        )

    def touch(self, paths: set[str]) -> None:
        """Something may have changed at *paths*."""
        if paths:
            self.dirty |= paths
            self.wake.set()

    # --- walking

    async def scan(self) -> None:
        """Walk over everything and touch what is not as agreed."""
        self.folder.check()
        self.ignore = self._subfolders.ignore = Ignore.of(self.folder.path)
        for line in self.ignore.wrong:
            self.tell.say_once("skipped", IGNORE_FILE, f"this line is no pattern: {line}")
        walk = await self._walk("")
        known = {base.path: base for base in self.state.bases()}
        for path, found in walk.files.items():
            base = known.pop(path, None)
            if base is None or not base.holds(found):
                self.dirty.add(path)
        was_backup = not self.options.up_only and self.state.was_backup
        for path in known:
            if self.ignore.hides(path):
                self.state.forget(path)
            elif not any(is_below(path, folder) for folder in walk.unknown):
                self.dirty.add(path)
                if was_backup:  # what is deleted here stays there, so it was promised
                    self.state.forget(path)
        self.dirty |= self._subfolders.met(walk, was_backup=was_backup)
        self.state.was_backup = self.options.up_only
        self.scanned = True
        self.wake.set()

    async def _walk(self, under: str) -> Walk:
        walk = await asyncio.to_thread(self.folder.walk, under, self.ignore.hides, self.ignore.hides_folder)
        for path, reason in walk.skipped.items():
            self.tell.say_once("skipped", path, reason)
        return walk

    async def _take(self) -> set[str]:
        """The paths to look at now."""
        fresh, self.fresh = self.fresh, set()
        for folder in sorted(fresh):
            if not self.ignore.hides_folder(folder):
                walk = await self._walk(folder)
                self.dirty |= walk.files.keys() | set(walk.empty)
        if IGNORE_FILE in self.dirty:
            await self.scan()
            self.dirty |= self.state.unsettled()
        resting = self.changing.keys() & self.waiting.keys()
        batch = {path for path in (self.dirty | self.held) - resting if not self.ignore.hides(path)}
        self.dirty, self.held = set(), set()
        return batch

    # --- a pass

    async def reconcile(self) -> None:
        """One pass over what was touched. Raises Away, Unpaired, Lost; then everything is still to do."""
        async with self.passing:
            self.wake.clear()
            if self.state.is_whole and self.caught_up and self.scanned:
                await self._pass()

    async def _pass(self) -> None:
        self.folder.check()
        batch = await self._take()
        try:
            await self._settle_all(batch)
        except BaseException:
            self.dirty |= batch
            raise
        finally:
            self.tell.end_bar()

    async def _settle_all(self, batch: set[str]) -> None:
        leaving = self._judge.leaving(batch)
        going: list[str] = []
        waiting = iter(sorted(batch))

        async def working() -> None:
            for path in waiting:
                if await self._tried(path, self._actor.settle(path, leaving)):
                    going.append(path)

        await together(min(WORKERS, max(1, len(batch))), working)
        if going:
            await self._delete(sorted(going))
        if batch and await self._subfolders.are_kept():
            await self._settle_folders(self._subfolders.doubtful(batch))

    async def _settle_folders(self, doubtful: set[str]) -> None:
        """Make folders, then remove folders, the innermost first: what they lie in may be empty then."""
        going = await self._settle_each(doubtful, removing=False)
        if going:
            self.folder.check()  # a disk that went away this moment must not look like removed folders
        while going:
            depth = max(path.count("/") for path in going)
            level = {path for path in going if path.count("/") == depth}
            await self._settle_each(level, removing=True)
            going = going - level | {path.rpartition("/")[0] for path in level} - {""}

    async def _settle_each(self, paths: Iterable[str], *, removing: bool) -> set[str]:
        """Settle these folders side by side; those that are to be removed."""
        waiting, going = iter(sorted(paths)), set[str]()

        async def working() -> None:
            for path in waiting:
                if await self._tried(path + FOLDER, self._subfolders.settle(path, removing=removing)):
                    going.add(path)

        await together(WORKERS, working)
        return going

    async def _tried(self, path: str, settling: Awaitable[bool]) -> bool:
        """Settle *path*, and take note if that fails; True: it is to be deleted on one side."""
        try:
            going = await settling
        except Changed as exc:
            self._restless(path, exc)
        except (Away, Refused, Blocked, OSError) as exc:
            await self._failed(path, exc)
        else:
            self._succeeded(path)
            return going
        return False

    async def _failed(self, path: str, exc: Away | Refused | Blocked | OSError) -> None:
        """Try *path* again later; raises Away when it is not the path but the server."""
        if isinstance(exc, Away):
            if exc.retry_s:
                raise exc
            with suppress(Refused):
                await self.api.changes(self.state.cursor)
        tries = self.tries[path] = self.tries.get(path, 0) + 1
        if tries > QUIET_TRIES or (isinstance(exc, Refused) and exc.status not in (404, 409, 412, 429)):
            text = exc.strerror if isinstance(exc, OSError) else exc.text
            self.tell.say_once("error", path, text or str(exc))
            self.told_failed.add(path)
        self.again(path, min(2.0 ** (tries - 1), LONGEST_S))

    def _restless(self, path: str, exc: Changed) -> None:
        """*path* changes while it is looked at: each look comes later than the last, however often it is saved."""
        times = self.changing[path] = self.changing.get(path, 0) + 1
        if times > RESTLESS_TRIES:
            self.tell.say_once("error", path, f"{exc.text}, again and again; it is synced once it rests")
        self.again(path, min(SOON_S * 2.0 ** (times - 1), RESTLESS_S))

    def _succeeded(self, path: str) -> None:
        changed = self.changing.pop(path, 0) > RESTLESS_TRIES
        if self.tries.pop(path, None) is not None or changed:
            self.tell.unsay("error", path)
        if handle := self.waiting.pop(path, None):
            handle.cancel()

    def again(self, path: str, delay_s: float) -> None:
        """Look at *path* once more after *delay_s*."""
        if handle := self.waiting.pop(path, None):
            handle.cancel()
        self.waiting[path] = asyncio.get_running_loop().call_later(delay_s, self._due, path)

    def _due(self, path: str) -> None:
        self.waiting.pop(path, None)
        self.touch({path.removesuffix(FOLDER)})

    @property
    def fewest_tries(self) -> float:
        """How often that path failed that failed least, of those that will be looked at again; inf: there is none."""
        return min((self.tries.get(one, 0) + self.changing.get(one, 0) for one in self.waiting), default=math.inf)

    # --- deletions

    async def _delete(self, paths: list[str]) -> None:
        """Delete what is still to be deleted, after everything else was done."""
        here: list[Judged] = []
        there: list[Judged] = []
        for path in paths:
            try:
                judged = await self._judge.judge(path, Leaving())
            except (Changed, OSError):
                self.again(path, SOON_S)
                continue
            if judged is not None and judged.verdict is Verdict.DELETE_HERE:
                here.append(judged)
            elif judged is not None and judged.verdict is Verdict.DELETE_THERE:
                there.append(judged)
            elif judged is not None and judged.verdict is not Verdict.FORGET:
                self.again(path, 0.0)
            elif judged is not None:
                self.state.forget(path)
        if self.options.dry:
            await self._pretend(here, there)
            return
        if there and await self._may("there", there):
            await self._delete_there(there)
        if here and await self._may("here", here):
            await self._delete_here(here)

    async def _pretend(self, here: list[Judged], there: list[Judged]) -> None:
        """Tell what would be deleted; the state is a copy, in which it may be gone there for who looks at folders."""
        for one in here:
            self.tell.say("deleted", one.path, side="here", dry=True)
        await self._subfolders.keep_emptied(one.path for one in there)
        for one in there:
            self.tell.say("deleted", one.path, side="there", dry=True)
            if one.remote is not None:
                self.state.removed(one.remote)

    async def _may(self, side: Side, judged: list[Judged]) -> bool:
        """Is that many meant? Otherwise they are held."""
        if await self.consent.may(side, len(judged), self.state.agreed()):
            return True
        self.held |= {one.path for one in judged}
        return False

    async def _delete_here(self, judged: list[Judged]) -> None:
        for one in judged:
            try:
                await self._actor.delete_here(one)
            except (Changed, Blocked, OSError):
                self.again(one.path, SOON_S)

    async def _delete_there(self, judged: list[Judged]) -> None:
        self.folder.check()  # a disk that went away this moment must not look like deletions
        await self._subfolders.keep_emptied(one.path for one in judged)
        for batch in _parts(judged):
            for path, reason in (await self._deleted_there(batch)).items():
                await self._failed(path, Blocked(reason))

    async def _deleted_there(self, batch: list[Judged]) -> dict[str, str]:
        """Those of *batch* that the server did not delete, and why; one of them must not spoil it for all."""
        try:
            return await self._actor.delete_there(batch)
        except Refused as exc:
            if len(batch) == 1 or exc.status != CONFLICT:
                return {one.path: exc.text for one in batch}
            half = len(batch) // 2
            return {**await self._deleted_there(batch[:half]), **await self._deleted_there(batch[half:])}

    # --- the end of a pass

    @property
    def is_settled(self) -> bool:
        """Is nothing left to do, and nothing held or failing?"""
        return self.caught_up and self.scanned and not (self.dirty or self.fresh or self.waiting or self.held)

    async def in_step(self) -> None:
        """Tell that nothing is left to do; the server may forget what we know."""
        cursor = self.state.cursor
        if self.options.dry:
            return
        with suppress(Refused):  # it is only tidying up
            for session in self.state.sessions():
                await self._sender.drop(session.path)
            if cursor != self._acked:
                await self.api.ack(cursor)
                self._acked = cursor
        for entry in (self.folder.own / "tmp").glob("*.part"):
            entry.unlink(missing_ok=True)
        acts = self._actor.acts + self._subfolders.acts
        if self._told != acts:
            self._told = acts
            self.tell.say("in_step", cursor=cursor)


def _parts(judged: list[Judged]) -> Iterator[list[Judged]]:
    for start in range(0, len(judged), REPORTED):
        yield judged[start : start + REPORTED]
