"""Whoever is cancelled or closes early leaves nothing half-open behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.config import Config
from syncd.core import reconcile
from syncd.core.core import Core, initialise
from syncd.db import meta
from syncd.db.database import Database


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "disk").mkdir()
    plain = Config()
    return replace(
        plain,
        server=replace(plain.server, state=tmp_path / "state"),
        storage=replace(plain.storage, path=tmp_path / "disk"),
    )


async def write(db: Database, value: int) -> None:
    async with db.write() as transaction:
        await meta.set_number(transaction, "examined_seq", value)


async def test_a_writer_cancelled_at_any_step_leaves_no_transaction_open(tmp_path: Path) -> None:
    db = await Database.open(tmp_path / "index.db", "index")
    try:
        for steps in range(12):
            task = asyncio.create_task(write(db, steps))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            # BEGIN in it fails if one is open.
            await db.transact(lambda connection: connection.execute("DELETE FROM meta"))
            await write(db, 100 + steps)
            assert await meta.number(db, "examined_seq") == 100 + steps
    finally:
        await db.close()


async def test_an_index_that_was_not_closed_in_order_stays_so_until_it_was_scanned(config: Config) -> None:
    await initialise(config)
    async with Core.open(config) as core:
        await core.accounts.add("anna", None)
        mount = await core.mount()
        (config.storage.path / "anna").mkdir()
        (config.storage.path / "anna" / "a.jpg").write_bytes(b"x")
        await reconcile.scan(core)
        mount.was_clean = False  # as after a power cut
    async with Core.open(config) as core:
        assert not (await core.mount()).was_clean
    async with Core.open(config) as core:
        assert not (await core.mount()).was_clean
        await reconcile.scan(core)
    async with Core.open(config) as core:
        assert (await core.mount()).was_clean


async def test_a_core_that_is_left_by_an_error_is_closed_in_order(config: Config) -> None:
    await initialise(config)
    with pytest.raises(KeyError):
        async with Core.open(config) as core:
            await core.mount()
            raise KeyError
    assert not core.is_mounted
    async with Core.open(config) as core:
        await core.mount()


async def test_those_who_mount_at_the_same_time_get_the_same_mount(config: Config) -> None:
    await initialise(config)
    async with Core.open(config) as core:
        first, second, _ = await asyncio.gather(core.mount(), core.mount(), core.begin_index_anew())
        assert first is second
        assert core.is_mounted
