"""What is remembered until accounts change: never older than the change, and never without a bound."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from syncd.core.remembered import MOST, Remembered


class Table:
    """Rows that are looked up; it notes which were asked for."""

    def __init__(self) -> None:
        self.version = 0
        self.rows: dict[str, str] = {}
        self.asked: list[str] = []
        self.answering = asyncio.Event()
        self.answering.set()
        self.memory: Remembered[str, str | None] = Remembered(lambda: self.version)

    async def find(self, name: str) -> str | None:
        return await self.memory.get(name, lambda: self._look_up(name))

    async def _look_up(self, name: str) -> str | None:
        self.asked.append(name)
        found = self.rows.get(name)
        await self.answering.wait()
        return found


async def test_a_row_is_looked_up_once() -> None:
    table = Table()
    table.rows["a"] = "1"
    assert [await table.find("a"), await table.find("a")] == ["1", "1"]
    assert table.asked == ["a"]


async def test_what_is_not_there_is_looked_up_again() -> None:
    table = Table()
    assert await table.find("a") is None
    table.rows["a"] = "1"
    assert await table.find("a") == "1"


async def test_after_a_change_everything_is_looked_up_again() -> None:
    table = Table()
    table.rows.update(a="1", b="2")
    await table.find("a"), await table.find("b")
    table.rows.update(a="3")
    table.version += 1
    assert [await table.find("a"), await table.find("b")] == ["3", "2"]
    assert table.asked == ["a", "b", "a", "b"]


def changed(table: Table) -> None:
    table.version += 1


def forgot_it(table: Table) -> None:
    table.memory.forget("a")


@pytest.mark.parametrize("happens", [changed, forgot_it])
async def test_what_was_overtaken_is_not_remembered(happens: Callable[[Table], None]) -> None:
    table = Table()
    table.rows["a"] = "1"
    table.answering.clear()
    asking = asyncio.create_task(table.find("a"))
    await asyncio.sleep(0)  # it asks
    assert table.asked == ["a"]
    del table.rows["a"]
    happens(table)
    table.answering.set()
    assert await asking == "1"
    assert await table.find("a") is None


async def test_one_answer_can_be_forgotten() -> None:
    table = Table()
    table.rows.update(a="1", b="2")
    await table.find("a"), await table.find("b")
    table.memory.forget("a")
    table.memory.forget("nobody remembers this one")
    del table.rows["a"]
    assert [await table.find("a"), await table.find("b")] == [None, "2"]
    assert table.asked == ["a", "b", "a"]


async def test_there_is_a_bound() -> None:
    table = Table()
    names = [str(number) for number in range(3 * MOST)]
    table.rows.update(zip(names, names, strict=True))
    for name in names:
        assert await table.find(name) == name
        assert len(table.memory._kept) <= MOST


async def test_a_failed_look_up_is_told_and_leaves_nothing() -> None:
    table = Table()

    async def fail() -> str:
        raise OSError("the disk")

    with pytest.raises(OSError, match="the disk"):
        await table.memory.get("a", fail)
    table.rows["a"] = "1"
    assert await table.find("a") == "1"
