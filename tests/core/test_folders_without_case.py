"""A disk that ignores case: PRE is the folder pre, and nothing of pre is touched under that name."""

from __future__ import annotations

import os

import pytest

from syncd.core import changes, folders
from syncd.disk import kernel
from syncd.errors import Conflict
from tests.core.household import Household, at


@pytest.fixture
def without_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """What exFAT does: a name is found however its letters are written."""
    openat2 = kernel.openat2

    def found(folder: int, path: str, flags: int) -> int:
        names: list[str] = []
        for name in path.split("/"):
            try:
                listed = os.listdir("/".join((f"/proc/self/fd/{folder}", *names)))
            except (FileNotFoundError, NotADirectoryError):
                listed = []
            names.append(next((one for one in listed if one.casefold() == name.casefold()), name))
        return openat2(folder, "/".join(names), flags)

    monkeypatch.setattr(kernel, "openat2", found)


@pytest.mark.usefixtures("without_case")
async def test_nothing_is_done_to_a_folder_under_another_name(house: Household) -> None:
    await folders.make(house.core, house.user, at("pre"))
    await house.put("pre/mine", b"1")
    await house.put("PRE/yours", b"2")
    before = house.tree()
    assert sorted(before) == ["pre/mine", "pre/yours"]
    for change in (
        folders.keep(house.core, house.user, at("PRE")),
        folders.keep(house.core, house.user, at("PRE/new")),
        house.throw_away("PRE"),
        folders.remove(house.core, house.user, at("PRE")),
        changes.move(house.mount, house.user, at("PRE"), at("other"), house.author()),
        changes.move(house.mount, house.user, at("pre"), at("Pre"), house.author()),
    ):
        with pytest.raises(Conflict):
            await change
    assert house.tree() == before
    await folders.keep(house.core, house.user, at("pre/new"))
    assert await changes.move(house.mount, house.user, at("pre/new"), at("pre/newer"), house.author())
