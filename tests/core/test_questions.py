"""What the index is asked must not read whole trees: SQLite says beforehand how it would go about it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence

import pytest

from syncd.core import block_maps
from syncd.core.sessions import Wish
from syncd.db import blocks, conflicts, entries, sessions
from syncd.db.database import Database, Row, Value
from tests.core.household import Household, at, sha
from tests.core.test_sessions import CHUNK, blocks_of

Question = Callable[[Database], Awaitable[object]]
HASHES = [bytes(32), bytes([1]) * 32]


class Asked(Exception):
    """The question and its plan are known; the answer does not matter."""


class Explained(Database):
    """A database that answers each question with the plan for it."""

    def __init__(self, index: Database) -> None:
        self.plan: list[str] = []
        self._index = index

    async def read(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        self.plan = [str(row[3]) for row in await self._index.read("EXPLAIN QUERY PLAN " + sql, values)]
        raise Asked


@pytest.mark.parametrize(
    "question",
    [
        lambda index: blocks.held(index, 1, CHUNK, HASHES),
        lambda index: entries.with_contents(index, 1, HASHES),
        lambda index: conflicts.won_by(index, 1, "a", HASHES[0], HASHES[1]),
        lambda index: conflicts.open_of(index, 1),
        lambda index: conflicts.same(index, 1, "d", "a", HASHES[0], HASHES[1]),
        lambda index: sessions.open_bytes(index, 1),
        lambda index: sessions.expired(index, 1, 1),
        lambda index: entries.feed(index, 1, 0, None, 500, ""),
    ],
)
async def test_no_question_reads_a_whole_table_or_tree(house: Household, question: Question) -> None:
    explained = Explained(house.mount.index)
    with pytest.raises(Asked):
        await question(explained)
    for line in explained.plan:
        for table in ("entries", "conflicts", "sessions", "blocks"):
            assert not line.startswith(f"SCAN {table}"), explained.plan
        # A row of a tree is found by its path or its content, not by whose it is.
        assert not (line.startswith("SEARCH entries") and line.endswith("(user_id=?)")), explained.plan
        assert not line.startswith("SEARCH conflicts USING INTEGER PRIMARY KEY"), explained.plan


async def test_a_block_that_is_in_many_places_is_found_once(house: Household) -> None:
    zeros = bytes(40 * CHUNK)
    for name in ("one", "two"):
        wish = Wish(at(name), len(zeros), chunk_size=CHUNK, blocks=blocks_of(zeros))
        session = await house.mount.sessions.begin(house.user, "laptop", wish)
        for index in range(0 if name == "two" else 40):
            async with house.mount.sessions.chunk(house.user, session.id, index, CHUNK) as writer:
                await writer.write(bytes(CHUNK))
                await writer.finish()
        await house.mount.sessions.complete(house.user, session.id, house.author())
    assert house.tree() == {"one": zeros, "two": zeros}
    other = await house.core.accounts.add("bob", None)
    asked = blocks_of(zeros)[:1]
    assert list(await blocks.held(house.mount.index, house.user.id, CHUNK, asked)) == asked
    assert await blocks.held(house.mount.index, other.id, CHUNK, asked) == {}


async def test_only_one_map_of_a_content_is_kept(house: Household) -> None:
    index = house.mount.index
    async with index.write() as transaction:
        for size in (CHUNK, CHUNK + 1, CHUNK + 2):
            await blocks.note(transaction, HASHES[0], size, HASHES)
    assert await blocks.of(index, HASHES[0], CHUNK) == []
    assert await blocks.of(index, HASHES[0], CHUNK + 2) == HASHES
    async with index.write() as transaction:
        await blocks.note(transaction, HASHES[1], CHUNK, HASHES)
        await blocks.forget_unused(transaction, 1)
    assert len(await index.read("SELECT 1 FROM blocks")) == 2
    async with index.write() as transaction:
        await blocks.forget_unused(transaction, 100)
    assert await index.read("SELECT 1 FROM blocks") == []


async def test_a_map_whose_end_was_not_written_down_is_made_again(house: Household) -> None:
    content = bytes(CHUNK) + b"x" * CHUNK + b"end"
    await house.create("x", content)
    ground = house.mount.ground
    async with ground.index.write() as transaction:
        await blocks.note(transaction, sha(content), CHUNK, blocks_of(content)[:1])
    opened = ground.root.open_file((house.user.home, "x"))
    found = await block_maps.of_open_file(ground, opened, len(content), sha(content), CHUNK)
    os.close(opened)
    assert found == blocks_of(content) == await blocks.of(ground.index, sha(content), CHUNK)
