"""What cannot be written down leaves no trace: no folder more, none less, and nothing that comes back later."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from syncd.core import changes, folders
from syncd.db import meta
from syncd.errors import StorageFull
from tests.core.household import Household, at, opened


def on_disk(house: Household) -> list[str]:
    found = (str(one.relative_to(house.files)) for one in house.files.rglob("*") if one.is_dir())
    return sorted(one for one in found if not one.startswith(".trash"))


def fail(*_args: object, **_named: object) -> None:
    raise StorageFull("the disk is full; make room or empty the trash")


def refuse(*_args: object, **_named: object) -> None:
    raise OSError(errno.ENOSPC, "no room")


async def move(house: Household, source: str, target: str) -> None:
    await changes.move(house.mount, house.user, at(source), at(target), house.author())


CHANGES: dict[str, Callable[[Household], Awaitable[object]]] = {
    "store": lambda house: house.put("new/below/file", b"2"),
    "move a file": lambda house: move(house, "a/file", "new/below/file"),
    "move a folder": lambda house: move(house, "a", "new/below/a"),
    "keep": lambda house: folders.keep(house.core, house.user, at("new/below")),
    "restore": lambda house: changes.restore(house.core, house.user, ["gone/file"]),
    "remove": lambda house: folders.remove(house.core, house.user, at("a/empty")),
    "discard": lambda house: house.throw_away("bare"),
}


async def furnish(house: Household) -> None:
    for path in ("a", "a/empty", "bare", "bare/one", "bare/two"):
        await folders.make(house.core, house.user, at(path))
    await house.put("a/file", b"1")
    await house.put("gone/file", b"1")
    await house.remove("gone/file")


@pytest.mark.parametrize("what", CHANGES)
async def test_folders_are_as_before(house: Household, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await furnish(house)
    before = (house.tree(), on_disk(house))
    with monkeypatch.context() as patched:
        patched.setattr("syncd.core.commit.apply", fail)
        with pytest.raises(StorageFull):
            await CHANGES[what](house)
    assert (house.tree(), on_disk(house)) == before


async def test_a_refused_rename_leaves_no_folders(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    await furnish(house)
    before = (house.tree(), on_disk(house))
    with monkeypatch.context() as patched:
        patched.setattr("syncd.disk.kernel.rename_noreplace", refuse)
        with pytest.raises(StorageFull):
            await house.put("new/below/file", b"2")
    assert (house.tree(), on_disk(house)) == before


@pytest.mark.parametrize("later", [{}, {"a/later": b"2"}])
async def test_what_was_taken_back_is_not_done_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: dict[str, bytes]
) -> None:
    async with opened(tmp_path) as house:
        await furnish(house)
        with monkeypatch.context() as patched:
            patched.setattr("syncd.core.commit.apply", fail)
            patched.setattr("syncd.core.commit.meta.fulfil", fail)  # not even that it was taken back
            with pytest.raises(StorageFull):
                await house.throw_away("a")
        for path, content in later.items():
            await house.put(path, content)
    async with opened(tmp_path) as house:
        assert house.tree() == {"a/file": b"1"} | later


async def test_a_refusal_is_told_once_nothing_is_left_to_do(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    await furnish(house)
    loop, told = asyncio.get_running_loop(), []

    async def look() -> None:
        for _ in range(20):  # turns, in which an answer would arrive
            await asyncio.sleep(0)
        told.append(moving.done())

    def fulfil(connection: sqlite3.Connection, intents: Sequence[int]) -> None:
        asyncio.run_coroutine_threadsafe(look(), loop).result()
        meta.fulfil(connection, intents)

    monkeypatch.setattr("syncd.disk.kernel.rename_noreplace", refuse)
    monkeypatch.setattr("syncd.core.commit.meta", SimpleNamespace(intend=meta.intend, fulfil=fulfil))
    moving = asyncio.create_task(move(house, "a/file", "b"))
    with pytest.raises(StorageFull):
        await moving
    assert told == [False]
