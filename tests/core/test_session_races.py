"""Uploads in chunks when things cross: cancelled while completing, sent again meanwhile, lost by the disk."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from syncd.core import sessions
from syncd.core.chunks import ChunkWriter
from syncd.core.sessions import SUFFIX, Wish
from syncd.db import sessions as rows
from syncd.disk.volume import SERVICE_DIR
from syncd.errors import BadName, ChunksMissing, Conflict, NotFound, StorageFailed, VolumeUnavailable
from syncd.model import PATH_BYTES, UploadSession
from tests.core.household import Household, at, opened, sha
from tests.core.test_sessions import CHUNK, CONTENT, begin, blocks_of, complete, missing, send, staged

A, B = b"a" * CHUNK, b"b" * CHUNK
REST = b"r" * CHUNK


async def write(writer: ChunkWriter, content: bytes) -> None:
    await writer.write(content)
    await writer.finish()


async def sent(house: Household, content: bytes = CONTENT) -> UploadSession:
    """A session all of whose chunks are here."""
    session = await begin(house, content)
    for index, start in enumerate(range(0, len(content), CHUNK)):
        await send(house, session, index, content[start : start + CHUNK])
    return session


async def test_cancelled_while_it_is_completed_either_happens_or_not(house: Household) -> None:
    session = await sent(house)
    done, _ = await asyncio.gather(
        complete(house, session), house.mount.sessions.cancel(house.user, session.id), return_exceptions=True
    )
    if isinstance(done, UploadSession):
        assert house.tree() == {"big.bin": CONTENT}
    else:
        assert isinstance(done, NotFound)
        assert house.tree() == {}
    assert staged(house) == []
    with pytest.raises(NotFound):
        await house.mount.sessions.get(house.user, session.id)


async def test_what_was_published_before_an_error_is_not_published_again(house: Household) -> None:
    session = await sent(house)
    mark = house.files.parent / SERVICE_DIR / "volume-id"
    mark.rename(mark.with_suffix(".away"))  # looked for after the COMMIT
    with pytest.raises(VolumeUnavailable):
        await complete(house, session)
    mark.with_suffix(".away").rename(mark)
    await house.put("big.bin", b"somebody else's")
    assert (await complete(house, session)).stored_hash == sha(CONTENT)
    assert house.tree() == {"big.bin": b"somebody else's"}
    assert house.trash() == {"big.bin": CONTENT}


async def test_a_beginning_that_fails_leaves_nothing_open(house: Household) -> None:
    deep = "/".join(["d" * 250] * 16)
    path = at(deep + "/" + "x" * (PATH_BYTES - len(deep) - 2))
    for _ in range(sessions.MOST_OPEN_PER_DEVICE + 1):
        with pytest.raises(BadName):
            wish = Wish(path, len(CONTENT), chunk_size=CHUNK, blocks=blocks_of(CONTENT))
            await house.mount.sessions.begin(house.user, "laptop", wish)
    assert staged(house) == []


async def test_chunks_that_the_disk_lost_are_asked_for_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        session = await sent(house)
    part = tmp_path / "storage" / SERVICE_DIR / "staging" / (session.id + SUFFIX)
    os.truncate(part, 2 * CHUNK + 5)
    async with opened(tmp_path) as house:
        assert await missing(house, session) == [(2, 5)]
    part.unlink()
    async with opened(tmp_path) as house:
        assert await missing(house, session) == [(0, 5)]
        for index in range(6):
            await send(house, session, index)
        await complete(house, session)
        assert house.tree() == {"big.bin": CONTENT}


async def test_a_file_that_got_shorter_meanwhile_is_not_published(house: Household) -> None:
    session = await sent(house)
    os.truncate(house.files.parent / SERVICE_DIR / "staging" / (session.id + SUFFIX), 3)
    with pytest.raises(ChunksMissing):
        await complete(house, session)
    assert house.tree() == {}


async def test_a_hash_in_passing_is_of_the_chunks_that_count(house: Household) -> None:
    session = await begin(house, A + REST)
    await send(house, session, 0, A)
    async with house.mount.sessions.chunk(house.user, session.id, 1, CHUNK) as slow:
        await send(house, session, 0, B)
        await send(house, session, 0, B)
        await write(slow, REST)
    assert (await complete(house, session)).stored_hash == sha(B + REST)
    assert house.tree() == {"big.bin": B + REST}


async def test_a_digest_of_an_earlier_chunk_is_not_taken_for_that_of_the_later(house: Household) -> None:
    session = await begin(house, A + REST)

    async def digested(content: bytes) -> None:
        async with house.mount.sessions.chunk(house.user, session.id, 0, CHUNK) as writer:
            await writer.write(content)
            await writer.finish(sha(content))

    await digested(A)
    await send(house, session, 0, B)
    await send(house, session, 0, B)
    await digested(A)
    await send(house, session, 1, REST)
    assert (await complete(house, session)).stored_hash == sha(A + REST)


async def test_a_chunk_being_overwritten_is_not_written_down_as_received(
    house: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flush that goes before writing down takes its time; the chunk is sent again meanwhile."""
    session = await begin(house, A + REST)
    await send(house, session, 0, A)
    flushing, go_on = threading.Event(), threading.Event()

    def slow(fd: int) -> None:
        flushing.set()
        go_on.wait()

    monkeypatch.setattr(os, "fdatasync", slow)
    saving = asyncio.create_task(house.mount.sessions.save_all())
    await asyncio.to_thread(flushing.wait)
    async with AsyncExitStack() as stack:
        chunk = house.mount.sessions.chunk(house.user, session.id, 0, CHUNK)
        taking = asyncio.create_task(stack.enter_async_context(chunk))
        await asyncio.sleep(0)
        go_on.set()
        await saving
        await (await taking).write(B[:100])
        row = await rows.by_id(house.mount.index, session.id)
        assert row is not None and row.received == b"\0\0"


async def test_what_could_not_be_flushed_was_not_received(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await begin(house, A + REST)
    await send(house, session, 0, A)

    def failing(fd: int) -> None:
        raise OSError(errno.EIO, "the disk is dying")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", failing)
        with pytest.raises(StorageFailed):
            await house.mount.sessions.save_all()
    assert await missing(house, session) == [(0, 1)]


async def test_an_upload_that_is_being_sent_does_not_expire(house: Household) -> None:
    session = await begin(house, A + REST)
    async with house.mount.sessions.chunk(house.user, session.id, 0, CHUNK) as writer:
        assert await house.mount.sessions.expire(1 << 60, 1 << 60) == 0
        await write(writer, A)
    assert await missing(house, session) == [(1, 1)]
    assert await house.mount.sessions.expire(1 << 60, 1 << 60) == 1


async def test_a_chunk_that_waited_too_long_for_its_turn_leaves_nothing_behind(house: Household) -> None:
    session = await begin(house, A + REST)
    async with AsyncExitStack() as stack:
        for _ in range(32):
            await stack.enter_async_context(house.mount.uploads.slot())
        late = asyncio.create_task(send(house, session, 0, A))
        await asyncio.sleep(0)
        await house.mount.sessions.cancel(house.user, session.id)
    with pytest.raises(Conflict):
        await late
    assert staged(house) == []
