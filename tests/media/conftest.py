import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncd.config import MediaSection
from syncd.media import family
from syncd.media.sniff import SNIFF_BYTES, sniff
from syncd.model import Examination, MediaType
from syncd.workers.media import MediaPool

Examine = Callable[[bytes | Path], Awaitable[Examination]]


@pytest.fixture
async def pool() -> AsyncIterator[MediaPool]:
    """A pool on the best sandbox of this machine; afterwards no child of it may be left."""
    before = set(family.members(os.getpid()))
    pool = MediaPool(MediaSection())
    await pool.start()
    yield pool
    await pool.close()
    assert set(family.members(os.getpid())) <= before


@contextmanager
def opened(content: bytes | Path, folder: Path) -> Iterator[tuple[int, MediaType | None]]:
    """An open file of *content*, and what its first bytes say."""
    path = content if isinstance(content, Path) else folder / "input"
    if isinstance(content, bytes):
        path.write_bytes(content)
    fd = os.open(path, os.O_RDONLY)
    try:
        yield fd, sniff(os.pread(fd, SNIFF_BYTES, 0))
    finally:
        os.close(fd)


@pytest.fixture
def examine(pool: MediaPool, tmp_path: Path) -> Examine:
    """Examine bytes or a file, as what they say they are."""

    async def look(content: bytes | Path) -> Examination:
        with opened(content, tmp_path) as (fd, media):
            assert media is not None
            return await pool.examine(fd, media)

    return look
