"""What is kept in memory is never older than what was committed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

import pytest

from syncd.config import AccountsSection, Config, ServerSection, StorageSection
from syncd.core import changes, tree
from syncd.core.conflicts import NOTHING
from syncd.core.core import Core, initialise
from syncd.db.database import Database
from syncd.db.records import Gone
from syncd.disk.volume import SERVICE_DIR
from syncd.errors import Unauthenticated, VolumeUnavailable
from syncd.model import TreePath
from tests.core.household import Household, at, sha

T = TypeVar("T")


def config(folder: Path) -> Config:
    (folder / "storage").mkdir()
    return Config(
        server=ServerSection(state=folder / "state"),
        storage=StorageSection(path=folder / "storage", reserve_mb=16),
        accounts=AccountsSection(),
    )


async def answered_but_not_heard(db: Database, question: Coroutine[object, object, T]) -> asyncio.Task[T]:
    """*question*, once its first query is answered in the reader's thread and before the loop could hear of it."""
    task = asyncio.ensure_future(question)
    await asyncio.sleep(0)  # it asks
    answered = threading.Event()
    marker = asyncio.ensure_future(db._reader._execute(answered.set))  # type: ignore[no-untyped-call]  # has no public name
    await asyncio.sleep(0)
    assert answered.wait(10)  # the loop stands still meanwhile
    marker.add_done_callback(lambda done: done.exception())
    return task


async def test_a_question_overtaken_by_a_commit_is_not_remembered(tmp_path: Path) -> None:
    settings = config(tmp_path)
    await initialise(settings)
    async with Core.open(settings) as core:
        mount = await core.mount()
        user = await core.accounts.add("anna", None)
        path = TreePath.parse("phone/2024/5/x.jpg")
        asking = await answered_but_not_heard(mount.index, tree.entry(core, user, path))
        core._committed([(1, Gone(user.id, str(path)))])
        await asking
        assert not core.remembered
        await tree.entry(core, user, path)
        assert core.remembered


async def test_a_key_revoked_while_it_is_looked_up_is_not_remembered(tmp_path: Path) -> None:
    settings = config(tmp_path)
    await initialise(settings)
    async with Core.open(settings) as core:
        user = await core.accounts.add("anna", None)
        device, key = await core.accounts.add_device(user, "phone")
        asking = await answered_but_not_heard(core._db, core.accounts.principal(key))
        core.accounts._changed()  # as a revocation says when it is written
        await asking
        assert not core.accounts._principals._kept
        await core.accounts.principal(key)
        await core.accounts.revoke_device(device.id)
        with pytest.raises(Unauthenticated):
            await core.accounts.principal(key)


async def test_what_was_committed_and_could_not_be_promised_is_not_remembered_as_before(house: Household) -> None:
    assert await tree.entry(house.core, house.user, at("x")) is None
    mark = house.files.parent / SERVICE_DIR / "volume-id"
    async with house.mount.uploads.begin(1) as incoming:
        await incoming.write(b"x")
        arrived = await incoming.seal()
        mark.rename(mark.with_suffix(".away"))  # looked for once more after the COMMIT
        with pytest.raises(VolumeUnavailable):
            await changes.put(house.mount, house.user, at("x"), arrived, NOTHING, house.author())
    mark.with_suffix(".away").rename(mark)
    await house.create("x", b"x")
    assert (await tree.live(house.core, house.user, at("x"))).hash == sha(b"x")
