"""The core as one object: what is always there, and the mount that is there while the disk is."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from syncd.capacity import Capacity, capacity_of
from syncd.clock import Clock, now_ms
from syncd.config import Config
from syncd.core.accounts import Accounts
from syncd.core.commit import Changes
from syncd.core.mount import INDEX, Mount, Use
from syncd.core.passwords import Passwords
from syncd.core.throttle import Throttle
from syncd.core.timekeeper import Timekeeper
from syncd.core.tokens import Signer
from syncd.db import meta, volumes
from syncd.db.database import Database, set_aside
from syncd.db.records import FolderChange
from syncd.disk.pool import DiskPool
from syncd.disk.state import open_state, signing_key
from syncd.disk.volume import SERVICE_DIR, Volume, VolumeState, mark, read_mark
from syncd.errors import VolumeUnavailable
from syncd.model import Entry

if TYPE_CHECKING:
    from syncd.core.authids import Authids
    from syncd.core.keys import AppKeys
    from syncd.core.settings.store import Settings
    from syncd.core.signin.services import SignIn

log = logging.getLogger(__name__)

ACCOUNTS = "accounts.db"
LATEST = "volume"  # which of its volumes this box served last, in the accounts: that one is missing when none is there
REMEMBERED = 4096  # entries kept in memory, so that a download costs no query

Listener = Callable[[Changes], None]


class Core:
    """What every door works with. Make one with `Core.open`."""

    def __init__(
        self,
        config: Config,
        capacity: Capacity,
        db: Database,
        disk: DiskPool,
        keeper: Timekeeper,
        accounts: Accounts,
        volume: Volume,
    ) -> None:
        self.config = config
        self.capacity = capacity
        self.accounts = accounts
        self.keeper = keeper
        self.volume = volume
        self.disk = disk
        self.listeners: list[Listener] = []
        self._db = db
        self._mount: Mount | None = None
        self._changing = asyncio.Lock()  # one mounts, unmounts or replaces the index at a time
        self.commits = 0  # so that an answer that was overtaken by one is not remembered
        self.remembered: dict[tuple[int, str], Entry | None] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, config: Config, clock: Clock = now_ms) -> AsyncIterator[Core]:
        """Open state and volume. A volume that is absent now may come later; one that was never marked is refused.

        Raises VolumeUnavailable (never marked: says what marks it), IndexBroken, Conflict when another syncd runs.
        """
        with open_state(config.server.state) as state:
            capacity = capacity_of(config.server.memory_mb)
            db = await Database.open(state / ACCOUNTS, "accounts", capacity.cache_kib)
            disk = DiskPool(capacity.threads)
            passwords: Passwords | None = None
            try:
                keeper = await Timekeeper.open(db, clock)
                cost = await meta.text(db, "bcrypt_cost")
                passwords = Passwords(int(cost) if cost else None)
                throttle = Throttle(time.monotonic)
                signer = Signer(signing_key(state))
                accounts = Accounts(db, passwords, throttle, keeper, signer, config.accounts.session_days)
                volume = await _volume(config, db)
                core = cls(config, capacity, db, disk, keeper, accounts, volume)
                try:
                    yield core
                finally:  # also when cancelled: what stays open keeps the process alive, and the index unclean
                    await core._close(passwords)
            finally:
                if passwords is not None:
                    passwords.close()
                disk.close()
                await db.close()

    async def answer(self) -> None:
        """Return once the database of accounts has answered: nobody comes in when it does not.

        Not the index: a disk that hangs is told to clients, and a restart would not bring it back.
        """
        await self._db.answer()

    # Loaded when somebody asks for them: most boxes have no such clients

    @cached_property
    def authids(self) -> Authids:
        """Log-ins of SyncFile."""
        from syncd.core.authids import Authids

        return Authids(self._db, self.accounts, self.keeper)

    # Settings of apps: loaded when somebody asks for them, because most boxes have none

    @cached_property
    def settings(self) -> Settings:
        """What apps have saved, and by which devices."""
        from syncd.core.settings.store import Settings

        return Settings(self._db, self.keeper, lambda: self.config.settings)

    @cached_property
    def keys(self) -> AppKeys:
        """The keys of apps."""
        from syncd.core.keys import AppKeys

        return AppKeys(self._db, self.accounts, self.keeper, lambda: self.config)

    @cached_property
    def signin(self) -> SignIn:
        """Signing in to the web page; loaded when somebody does."""
        from syncd.core.signin.services import SignIn

        return SignIn(self._db, self.accounts, self.keeper, self.config)

    async def _close(self, passwords: Passwords) -> None:
        await self.unmount()
        await self.keeper.save()
        if passwords.cost is not None:
            async with self._db.write() as transaction:
                await meta.set_text(transaction, "bcrypt_cost", str(passwords.cost))

    # The mount

    def use(self) -> Use:
        """The mount, for as long as a block lasts; raises VolumeUnavailable while there is none."""
        if self._mount is None:
            raise VolumeUnavailable("the disk is not there; connect it again")
        return self._mount.use()

    @property
    def is_mounted(self) -> bool:
        return self._mount is not None

    async def mount(self) -> Mount:
        """Open the volume; raises VolumeUnavailable, StorageFull or IndexBroken, and leaves nothing open then."""
        async with self._changing:
            return await self._open_mount()

    async def _open_mount(self) -> Mount:
        if self._mount is not None:  # somebody else was quicker
            return self._mount
        self._mount = await Mount.open(
            self.volume,
            self.disk,
            self.capacity,
            served=(await volumes.served(self._db))[self.volume.id],
            keep_reserved=self._keep_reserved,
            now=self.keeper.now,
            always_durable=self.config.storage.durability == "full",
            on_commit=self._committed,
        )
        await self._note_last(volumes.OPEN)
        return self._mount

    async def unmount(self) -> None:
        """Close every descriptor on the volume."""
        async with self._changing:
            await self._close_mount()

    async def begin_index_anew(self) -> None:
        """Set the index aside and open an empty one, to be filled by a scan; raises as mount does."""
        async with self._changing:
            await self._close_mount()
            await self.disk.run(self.volume.require_present)
            await self.disk.run(set_aside, self.volume.path / SERVICE_DIR / INDEX, "before-rebuild")
            await self._open_mount()

    async def _close_mount(self) -> None:
        mount, self._mount = self._mount, None
        self.remembered.clear()
        if mount is not None:
            await self._note_last(await mount.close())

    async def _note_last(self, seq: int) -> None:
        async with self._db.write() as transaction:
            await volumes.note_last(transaction, self.volume.id, seq)

    async def _keep_reserved(self, seq: int) -> None:
        async with self._db.write() as transaction:
            await volumes.reserve(transaction, self.volume.id, seq)

    async def volume_state(self) -> VolumeState:
        """How the disk is now; ABSENT also while it is there and not opened."""
        if self._mount is None:
            return VolumeState.ABSENT
        return await self.disk.run(self.volume.state)

    def _committed(self, changes: Changes) -> None:
        self.commits += 1
        for _, record in changes:
            if isinstance(record, FolderChange):
                self.remembered.clear()
            self.remembered.pop((record.user_id, record.path), None)
        for listener in self.listeners:
            listener(changes)


async def _volume(config: Config, db: Database) -> Volume:
    """The volume this box serves at `[storage] path`, there or not."""
    known = await volumes.served(db)
    reserve_mb = config.storage.reserve_mb
    found = read_mark(config.storage.path)
    if found is None:  # it was served before: it may be connected later
        latest = await meta.text(db, LATEST)
        found = latest if latest in known else next(iter(known)) if len(known) == 1 else None
    if found is None:
        raise VolumeUnavailable(
            f"{config.storage.path} is not marked as a volume of syncd. If this is the right disk, run: syncd init"
        )
    if found not in known:
        raise VolumeUnavailable(
            f"{config.storage.path} holds a volume that this box has not served before."
            " Mount the right disk or, to serve this one from now on, run: syncd init"
        )
    if found != await meta.text(db, LATEST):
        async with db.write() as transaction:
            await meta.set_text(transaction, LATEST, found)
    return Volume(config.storage.path, found, reserve_mb << 20 if reserve_mb is not None else None)


async def initialise(config: Config) -> str:
    """Make the state, mark the volume and serve it from now on; its id. Harmless when done before.

    Raises OSError for folders that cannot be made.
    """
    with open_state(config.server.state) as state:
        db = await Database.open(state / ACCOUNTS, "accounts")
        try:
            volume_id = mark(config.storage.path)
            async with db.write() as transaction:
                await volumes.serve(transaction, volume_id)
                await meta.set_text(transaction, LATEST, volume_id)
        finally:
            await db.close()
    return volume_id
