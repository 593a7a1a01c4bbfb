"""What is asked of a folder is answered without reading the library beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from functools import partial
from pathlib import Path

import aiosqlite
import pytest

from syncd.db import entries, records
from syncd.db.database import Database
from syncd.model import Reason

USER = 1
BESIDE = 5_000  # files each before and after the folder, and between it and what is in it
STEPS = 1000  # of SQLite's machine between two looks
FEW = 3 * STEPS  # an answer of a handful of rows takes less, one file of the library after the other more than BESIDE


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Database]:
    db = await Database.open(tmp_path / "index.db", "index")
    digest = bytes(32)
    paths = [f"{top}/{number:05}" for top in ("a", "pre b", "z") for number in range(BESIDE)]
    files = [records.Live(USER, path, digest, 1, 1) for path in (*paths, "pre/one", "pre/sub/two")]
    await db.transact(lambda connection: records.apply(connection, files, now_ms=1, uptime_s=1))
    yield db
    await db.close()


async def steps(connection: aiosqlite.Connection, ask: Awaitable[object]) -> int:
    looks: list[None] = []
    await connection.set_progress_handler(partial(looks.append, None), STEPS)
    await ask
    return len(looks) * STEPS


async def test_neither_question_nor_change_reads_the_library(index: Database) -> None:
    for question in (
        entries.below(index, USER, "pre", "", 500),
        entries.extent(index, USER, "pre"),
        entries.is_folder(index, USER, "pre"),
        entries.folders(index, USER, "pre"),
        entries.by_node(index, USER, 7),
    ):
        assert await steps(index._reader, question) <= FEW, question
    for change in (
        records.FolderMoved(USER, "pre", "other", 2),
        records.FolderBinned(USER, "other", "other", 2, Reason.DELETED),
    ):
        write = partial(records.apply, records=[change], now_ms=1, uptime_s=1)
        assert await steps(index._writer, index.transact(write)) <= FEW, change
    assert await entries.usage(index, USER) == (3 * BESIDE, 3 * BESIDE)
