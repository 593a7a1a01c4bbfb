"""The one door for changes, with the real disk and the real index."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from syncd.config import Config, ServerSection, StorageSection
from syncd.core import changes
from syncd.core.core import Core, initialise
from syncd.core.mount import Mount
from syncd.model import TreePath, User


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[tuple[Core, Mount, User, Path]]:
    """An open core with one user, and where the user's files are."""
    (tmp_path / "storage").mkdir()
    settings = Config(
        server=ServerSection(state=tmp_path / "state"),
        storage=StorageSection(path=tmp_path / "storage", reserve_mb=16),
    )
    await initialise(settings)
    async with Core.open(settings) as core:
        mount = await core.mount()
        yield core, mount, await core.accounts.add("anna", None), tmp_path / "storage" / "anna"


async def put(mount: Mount, user: User, name: str, content: bytes) -> str:
    """Upload *content* as *name*; the path it got."""
    async with mount.uploads.begin(len(content)) as upload:
        await upload.write(content)
        arrived = await upload.seal()
        return str(await changes.store(mount, user, TreePath.parse(name), arrived, None))


async def test_same_name_twice_at_the_same_moment_keeps_both(box: tuple[Core, Mount, User, Path]) -> None:
    _, mount, user, home = box
    paths = await asyncio.gather(*(put(mount, user, "x.jpg", b"%d" % number) for number in range(6)))
    assert len(set(paths)) == 6
    assert {path.read_bytes() for path in home.iterdir() if path.is_file()} == {b"%d" % number for number in range(6)}
    again = await asyncio.gather(*(put(mount, user, "x.jpg", b"%d" % number) for number in range(6)))
    assert set(again) == set(paths)


async def test_one_refused_change_does_not_fail_its_group(box: tuple[Core, Mount, User, Path]) -> None:
    _, mount, user, home = box
    home.mkdir()
    (home / "folder").write_bytes(b"in the way")
    results = await asyncio.gather(
        put(mount, user, "a.jpg", b"a"),
        put(mount, user, "folder/x.jpg", b"x"),
        put(mount, user, "b.jpg", b"b"),
        return_exceptions=True,
    )
    assert (results[0], results[2]) == ("a.jpg", "b.jpg")
    assert isinstance(results[1], Exception)
    assert (home / "folder").read_bytes() == b"in the way"


async def test_cancelled_upload_is_stored_or_not_and_tears_nobody_elses(box: tuple[Core, Mount, User, Path]) -> None:
    _, mount, user, home = box
    for number in range(20):
        hasty = asyncio.ensure_future(put(mount, user, f"hasty{number}.jpg", b"hasty"))
        calm = asyncio.ensure_future(put(mount, user, f"calm{number}.jpg", b"calm"))
        for _ in range(number):
            await asyncio.sleep(0)
        hasty.cancel()
        assert await calm == f"calm{number}.jpg"
        await asyncio.gather(hasty, return_exceptions=True)
        assert (home / f"calm{number}.jpg").read_bytes() == b"calm"
    staging = home.parent / ".syncd" / "staging"
    assert list(staging.iterdir()) == []


async def test_who_is_cancelled_twice_tears_nobody_elses_either(
    box: tuple[Core, Mount, User, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the disk takes its time with the first flush of their group."""
    _, mount, user, home = box
    flushing, go_on, fsync = threading.Event(), threading.Event(), os.fsync

    def slow(fd: int) -> None:
        flushing.set()
        go_on.wait()
        fsync(fd)

    monkeypatch.setattr(os, "fsync", slow)
    calm = asyncio.ensure_future(put(mount, user, "calm.jpg", b"calm"))
    hasty = asyncio.ensure_future(put(mount, user, "hasty.jpg", b"hasty"))
    await asyncio.to_thread(flushing.wait)
    for _ in range(2):
        hasty.cancel()
        await asyncio.wait((hasty,), timeout=0.1)
    go_on.set()
    assert await calm == "calm.jpg"
    await asyncio.gather(hasty, return_exceptions=True)
    assert (home / "calm.jpg").read_bytes() == b"calm"


async def test_trash_and_restore_never_replace(box: tuple[Core, Mount, User, Path]) -> None:
    core, mount, user, home = box
    for content in (b"first", b"second"):
        await put(mount, user, "x.jpg", content)
        assert await changes.discard(core, user, ["x.jpg"]) == 1
    assert {path.read_bytes() for path in (home / ".trash").iterdir()} == {b"first", b"second"}
    await put(mount, user, "x.jpg", b"third")
    assert await changes.restore(core, user, ["x.jpg", "x (2).jpg"]) == 2
    assert {path.read_bytes() for path in home.iterdir() if path.is_file()} == {b"first", b"second", b"third"}
