"""What is kept in memory is never older than what was committed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from syncd.config import AccountsSection, Config, ServerSection, StorageSection
from syncd.core import changes, tree
from syncd.core.core import Core, initialise
from syncd.errors import Unauthenticated
from syncd.model import TreePath


def config(folder: Path) -> Config:
    (folder / "storage").mkdir()
    return Config(
        server=ServerSection(state=folder / "state"),
        storage=StorageSection(path=folder / "storage", reserve_mb=16),
        accounts=AccountsSection(),
    )


@pytest.mark.slow
async def test_a_question_overtaken_by_a_commit_is_not_remembered(tmp_path: Path) -> None:
    settings = config(tmp_path)
    await initialise(settings)
    async with Core.open(settings) as core:
        mount = await core.mount()
        user = await core.accounts.add("anna", None)
        path = TreePath.parse("phone/2024/5/x.jpg")
        for _ in range(40):
            async with mount.uploads.begin(3) as upload:
                await upload.write(b"abc")
                await upload.seal()
                stored = changes.store(mount, user, path, upload, None)
                await asyncio.gather(stored, *(tree.entry(core, user, path) for _ in range(5)))
            await asyncio.sleep(0)
            live = await tree.entry(core, user, path)
            assert live is not None and live.live
            await asyncio.gather(
                changes.discard(core, user, [str(path)]), *(tree.entry(core, user, path) for _ in range(5))
            )
            gone = await tree.entry(core, user, path)
            assert gone is not None and not gone.live


async def test_a_key_revoked_while_it_is_looked_up_is_not_remembered(tmp_path: Path) -> None:
    settings = config(tmp_path)
    await initialise(settings)
    async with Core.open(settings) as core:
        user = await core.accounts.add("anna", None)
        for _ in range(20):
            device, key = await core.accounts.add_device(user, "phone")
            await asyncio.gather(
                core.accounts.principal(key), core.accounts.revoke_device(device.id), return_exceptions=True
            )
            with pytest.raises(Unauthenticated):
                await core.accounts.principal(key)
