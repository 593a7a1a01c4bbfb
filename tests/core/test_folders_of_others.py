"""Folders and links that other programs put into the tree, and that no scan has seen yet."""

from __future__ import annotations

import itertools
import os
from contextlib import suppress

import pytest

from syncd.core import changes, folders
from syncd.errors import Conflict, NotFound
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
        await folders.discard(house.core, house.user, at("a"))
        assert not (house.files / "a").exists()
    finally:  # what empties the test's folder cannot go that deep
        for depth, top in itertools.product(reversed(depths), (house.files, house.files / ".trash")):
            with suppress(FileNotFoundError):
                os.rmdir(top / "/".join("a" * depth))
