"""The pool starts beside everything else: who comes before it is ready waits, and who waits at the end is let go."""

from __future__ import annotations

import asyncio
from pathlib import Path

from syncd.config import MediaSection
from syncd.workers.media import NO_SANDBOX, MediaPool
from tests.media import corpus
from tests.media.conftest import opened


async def test_a_job_from_before_the_start_is_done_after_it(tmp_path: Path) -> None:
    pool = MediaPool(MediaSection())
    with opened(corpus.encoded(corpus.quadrants(), "JPEG"), tmp_path) as (fd, media):
        assert media is not None
        early = asyncio.create_task(pool.examine(fd, media))
        await asyncio.sleep(0)
        assert pool.sandbox is None and not early.done()
        running = asyncio.create_task(pool.run())
        try:
            assert (await early).thumbnail is not None
            assert pool.sandbox is not None
        finally:
            running.cancel()
            await pool.close()


async def test_a_job_that_waits_for_a_start_that_never_comes_ends_with_the_pool(tmp_path: Path) -> None:
    pool = MediaPool(MediaSection())
    with opened(corpus.encoded(corpus.quadrants(), "JPEG"), tmp_path) as (fd, media):
        assert media is not None
        early = asyncio.create_task(pool.examine(fd, media))
        await asyncio.sleep(0)
        await pool.close()
        found = await early
        assert found.thumbnail is None and found.note == NO_SANDBOX
