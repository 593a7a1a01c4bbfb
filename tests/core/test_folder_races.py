"""What comes at the same moment: as if one had come after the other."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Coroutine, Sequence
from functools import partial

import pytest

from syncd.core import changes, commit, folders, plans, reconcile
from syncd.db import entries
from syncd.db.records import Change, Record, apply
from syncd.disk.root import Listed, Place, Root
from syncd.errors import NotFound
from tests.core.household import Household, at


def on_disk(house: Household) -> list[str]:
    found = (str(one.relative_to(house.files)) for one in house.files.rglob("*") if one.is_dir())
    return sorted(one for one in found if not one.startswith(".trash"))


async def known(house: Household) -> list[str]:
    return await folders.all_of(house.core, house.user)


@pytest.mark.parametrize("is_kept_first", [True, False])
async def test_a_folder_that_is_kept_stays_when_its_last_file_goes(house: Household, is_kept_first: bool) -> None:
    for path in ("removed/file", "moved/file", "discarded/file"):
        await house.put(path, b"x")
    leaving: list[Coroutine[object, object, object]] = [
        house.remove("removed/file"),
        changes.move(house.mount, house.user, at("moved/file"), at("elsewhere/file"), house.author()),
        changes.discard(house.core, house.user, ["discarded/file"]),
    ]
    kept: list[Coroutine[object, object, object]] = [
        folders.keep(house.core, house.user, at(one)) for one in ("removed", "moved", "discarded")
    ]
    await asyncio.gather(*(kept + leaving if is_kept_first else leaving + kept))
    assert await known(house) == on_disk(house) == ["discarded", "elsewhere", "moved", "removed"]


async def test_a_folder_is_kept_while_something_arrives_in_it(house: Household) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(house.put(f"a/b/{number}", b"x"))
            group.create_task(folders.keep(house.core, house.user, at("a/b")))
            group.create_task(folders.keep(house.core, house.user, at("a")))
    assert await known(house) == on_disk(house) == ["a", "a/b"]
    for number in range(5):
        await house.remove(f"a/b/{number}")
    assert await known(house) == on_disk(house) == ["a", "a/b"]


@pytest.mark.parametrize("is_stored_first", [True, False])
async def test_what_is_stored_is_not_forgotten_as_gone(house: Household, is_stored_first: bool) -> None:
    await house.put("file", b"1")
    (house.files / "file").unlink()
    forget = house.mount.committer.carry_out(partial(plans.forget, house.mount.ground, house.user, ["file"]))
    store = house.put("file", b"2")
    await asyncio.gather(*((store, forget) if is_stored_first else (forget, store)))
    row = await entries.at(house.mount.index, house.user.id, "file")
    assert row is not None and row.is_file
    assert house.tree() == {"file": b"2"}


async def test_what_is_thrown_away_is_what_stands_there_by_then(house: Household) -> None:
    await house.put("before/file", b"in a folder")
    rename = changes.move(house.mount, house.user, at("before"), at("a"), house.author())
    await asyncio.gather(rename, house.throw_away("a"))
    assert house.tree() == {} and await known(house) == on_disk(house) == []
    await house.put("a", b"a file")
    await house.throw_away("a")
    assert sorted(house.trash().values()) == [b"a file", b"in a folder"]
    with pytest.raises(NotFound):
        await house.throw_away("a")


async def test_a_folder_that_moves_during_a_scan_is_not_taken_for_gone(
    house: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(reconcile.FEW_DELETIONS + 5):
        await house.put(f"old/{number}", b"x")
    loop, moving = asyncio.get_running_loop(), []
    renamed, looked = threading.Event(), threading.Event()
    names = Root.names

    def begin() -> None:
        moving.append(asyncio.create_task(changes.move(house.mount, house.user, at("old"), at("new"), house.author())))

    def listed(root: Root, place: Place) -> list[Listed]:
        found = names(root, place)
        if place == ("anna",) and not moving:
            loop.call_soon_threadsafe(begin)
            assert renamed.wait(10)
        elif place == ("anna", "old"):
            looked.set()
        return found

    def applied(
        connection: sqlite3.Connection, records: Sequence[Record], *, now_ms: int, uptime_s: int
    ) -> list[tuple[int, Change]]:
        renamed.set()
        assert looked.wait(10)
        return apply(connection, records, now_ms=now_ms, uptime_s=uptime_s)

    monkeypatch.setattr(Root, "names", listed)
    monkeypatch.setattr(commit, "apply", applied)
    report = await reconcile.scan(house.core)
    await moving[0]
    assert (report.gone, report.held) == (0, 0)
    assert len(house.tree()) == reconcile.FEW_DELETIONS + 5
