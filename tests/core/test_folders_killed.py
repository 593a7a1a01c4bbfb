"""Killed while folders are removed: what was begun is finished at the next start."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from syncd.core import folders, tree
from syncd.core.reconcile import FEW_DELETIONS
from syncd.db import meta, records
from syncd.disk.root import Place, Root
from tests.core.household import Household, at, opened

BARE = ["bare", *(f"bare/{number:02}" for number in range(FEW_DELETIONS + 2))]  # more than a scan forgets unasked


def on_disk(house: Household) -> list[str]:
    found = (str(one.relative_to(house.files)) for one in house.files.rglob("*") if one.is_dir())
    return sorted(one for one in found if not one.startswith(".trash"))


@pytest.mark.parametrize(
    ("change", "removals"),
    [
        (lambda house: house.throw_away("bare"), len(BARE)),
        (lambda house: folders.remove(house.core, house.user, at("bare/00")), 1),
        (lambda house: house.remove("led/to/here/file"), 3),
    ],
    ids=["discard", "remove", "last file"],
)
async def test_killed_between_removals(
    tmp_path: Path,
    change: Callable[[Household], Awaitable[None]],
    removals: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    living, killed = tmp_path / "living", tmp_path / "killed"
    living.mkdir()
    remove_folder, done = Root.remove_folder, 0

    def remove(root: Root, place: Place) -> bool:
        nonlocal done
        is_gone = remove_folder(root, place)
        done += 1
        if done == max(1, removals - 1):
            shutil.copytree(living, killed)  # what a kill at this moment leaves
        return is_gone

    async with opened(living) as house:
        for path in BARE:
            await folders.make(house.core, house.user, at(path))
        await house.put("led/to/here/file", b"x")
        with monkeypatch.context() as patched:
            patched.setattr(Root, "remove_folder", remove)
            await change(house)
        assert done == removals
        after = on_disk(house)
        assert await folders.all_of(house.core, house.user) == after
    async with opened(killed) as house:
        assert await folders.all_of(house.core, house.user) == on_disk(house) == after


async def test_killed_on_the_way_to_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    living, killed = tmp_path / "living", tmp_path / "killed"
    living.mkdir()
    make_folders = Root.make_folders

    def make(root: Root, place: Place) -> list[Place]:
        changed = make_folders(root, place)
        shutil.copytree(living, killed)
        return changed

    async with opened(living) as house:
        with monkeypatch.context() as patched:
            patched.setattr(Root, "make_folders", make)
            await folders.keep(house.core, house.user, at("wanted/made"))
    async with opened(killed) as house:
        assert await folders.all_of(house.core, house.user) == on_disk(house) == ["wanted", "wanted/made"]
        await folders.remove(house.core, house.user, at("wanted/made"))
        assert on_disk(house) == []


async def test_killed_before_a_refusal_the_disk_is_opened_all_the_same(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.put("file", b"x")
        await house.put("source", b"y")
        came = records.Live(house.user.id, "file/below", b"y" * 32, 1, 1, moved_from="source")
        gone = records.Gone(house.user.id, "source", moved_to="file/below")
        step = records.Step(("anna", "source"), ("anna", "file", "below"), (gone, came))
        await house.mount.index.transact(partial(meta.intend, steps=[step]))
    async with opened(tmp_path) as house:
        assert house.tree() == {"file": b"x", "source": b"y"}
        assert await tree.files_in(house.core, house.user, "") == ["file", "source"]
        assert await meta.intents(house.mount.index) == []
