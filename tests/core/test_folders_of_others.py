"""Folders and links that other programs put into the tree, and that no scan has seen yet."""

from __future__ import annotations

import itertools
import os
import shutil
from contextlib import suppress

import pytest

from syncd.core import changes, folders, reconcile
from syncd.errors import Conflict, NotFound
from syncd.model import PATH_BYTES
from tests.core.household import Household, at


async def test_a_new_empty_folder_is_left_alone(house: Household) -> None:
    await house.put("a/file", b"x")
    (house.files / "new/below").mkdir(parents=True)
    author = house.author()
    with pytest.raises(NotFound):
        await house.remove("new")
    for source, target in (("a/file", "new"), ("a", "new")):
        with pytest.raises(Conflict):
            await changes.move(house.mount, house.user, at(source), at(target), author)
    with pytest.raises(NotFound):
        await changes.move(house.mount, house.user, at("new"), at("other"), author)
    assert (await house.put("new", b"y")).clash is not None
    assert (house.files / "new/below").is_dir()


async def test_thousands_of_folders_in_each_other_go_in_one_step(house: Household) -> None:
    await folders.make(house.core, house.user, at("a"))
    depths = range(1, 1200)  # more than calls may be in each other
    for depth in depths[1:]:
        os.mkdir(house.files / "/".join("a" * depth))
    try:
        await house.throw_away("a")
        assert not (house.files / "a").exists()
    finally:  # what empties the test's folder cannot go that deep
        for depth, top in itertools.product(reversed(depths), (house.files, house.files / ".trash")):
            with suppress(FileNotFoundError):
                os.rmdir(top / "/".join("a" * depth))


async def test_a_kept_folder_that_was_removed_is_made_again(house: Household) -> None:
    await folders.make(house.core, house.user, at("made"))
    await house.put("led/file", b"x")
    for path in ("made", "led"):
        shutil.rmtree(house.files / path)
        await folders.keep(house.core, house.user, at(path))
        assert (house.files / path).is_dir()
    await reconcile.scan(house.core)
    assert await folders.all_of(house.core, house.user) == ["led", "made"]


async def test_a_folder_that_is_a_link_now_stops_no_scan(house: Household) -> None:
    for path in ("a", "a/b", "a/b/c"):
        await folders.make(house.core, house.user, at(path))
    await house.put("a/b/file", b"x")
    shutil.move(house.files / "a", house.files.parent / "elsewhere")
    (house.files / "a").symlink_to(house.files.parent / "elsewhere")
    (house.files / "new").write_bytes(b"y")
    report = await reconcile.scan(house.core)
    assert (report.new, report.gone, report.skipped) == (1, 0, 1)


async def test_paths_that_would_be_out_of_reach_are_refused(house: Household) -> None:
    """The kernel takes paths of 4095 bytes, and the home and the trash stand before each."""
    folder = "/".join(["a", *("d" * 250 for _ in range(16))])
    name = "f" * (PATH_BYTES - 1 - len(f"anna/{folder}/"))
    await house.put(f"{folder}/{name}", b"x")
    with pytest.raises(Conflict):
        await changes.move(house.mount, house.user, at("a"), at("ab"), house.author())
    with pytest.raises(Conflict):
        await house.throw_away("a")
    await changes.move(house.mount, house.user, at("a"), at("b"), house.author())
    report = await reconcile.scan(house.core)
    assert (report.files, report.new, report.gone) == (1, 0, 0)
