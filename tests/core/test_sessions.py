"""Uploads in chunks: in any order, side by side, over restarts, and never half a file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from syncd.core import block_maps, sessions
from syncd.core.conflicts import Knowledge
from syncd.core.sessions import SUFFIX, Sessions, Wish
from syncd.db import blocks
from syncd.disk.staging import block_hashes
from syncd.disk.volume import SERVICE_DIR
from syncd.errors import BadRequest, ChunksMissing, Conflict, NotFound, StorageFull, TooLarge, TooManySessions
from syncd.model import UploadSession
from tests.core.household import Household, at, knows, opened, sha

CHUNK = 64 << 10
CONTENT = b"!" + os.urandom(5 * CHUNK + 16)  # its first byte is one that the tests can change


def blocks_of(content: bytes) -> list[bytes]:
    return [sha(content[start : start + CHUNK]) for start in range(0, len(content), CHUNK)]


def piece(index: int, content: bytes = CONTENT) -> bytes:
    return content[index * CHUNK : (index + 1) * CHUNK]


async def begin(house: Household, content: bytes = CONTENT, **more: object) -> UploadSession:
    wish = Wish(at("big.bin"), len(content), chunk_size=CHUNK, **more)  # type: ignore[arg-type]  # any fields of a Wish
    return await house.mount.sessions.begin(house.user, "laptop", wish)


async def send(house: Household, session: UploadSession, index: int, content: bytes | None = None) -> None:
    content = piece(index) if content is None else content
    async with house.mount.sessions.chunk(house.user, session.id, index, len(content)) as writer:
        for start in range(0, len(content), 10_000):
            await writer.write(content[start : start + 10_000])
        await writer.finish()


async def missing(house: Household, session: UploadSession) -> list[tuple[int, int]]:
    return Sessions.missing(await house.mount.sessions.get(house.user, session.id))


async def complete(house: Household, session: UploadSession) -> UploadSession:
    return await house.mount.sessions.complete(house.user, session.id, house.author())


def staged(house: Household) -> list[str]:
    return [one.name for one in (house.files.parent / SERVICE_DIR / "staging").glob("*" + SUFFIX)]


async def test_chunks_come_in_any_order_twice_and_side_by_side(house: Household) -> None:
    session = await begin(house, hash=sha(CONTENT))
    await asyncio.gather(*(send(house, session, index) for index in (5, 0, 3, 3)), return_exceptions=True)
    assert await missing(house, session) == [(1, 2), (4, 4)]
    with pytest.raises(ChunksMissing) as refused:
        await complete(house, session)
    assert refused.value.missing == ((1, 2), (4, 4))
    for index in (4, 2, 1, 2):
        await send(house, session, index)
    assert house.tree() == {}
    done = await complete(house, session)
    assert (done.stored, done.stored_hash, staged(house)) == ("big.bin", sha(CONTENT), [])
    assert house.tree() == {"big.bin": CONTENT}
    assert await complete(house, session) == done
    with pytest.raises(Conflict, match="completed already"):
        await send(house, session, 0)


async def test_a_file_of_no_bytes_has_no_chunks(house: Household) -> None:
    session = await begin(house, b"")
    assert session.chunk_count == 0
    await complete(house, session)
    assert house.tree() == {"big.bin": b""}


@pytest.mark.parametrize(
    ("index", "content"), [(0, b"short"), (5, b"x" * 18), (0, b"x" * (CHUNK + 1)), (6, b""), (99, b"x")]
)
async def test_a_chunk_of_another_length_or_number_is_refused(house: Household, index: int, content: bytes) -> None:
    session = await begin(house)
    with pytest.raises(BadRequest):
        await send(house, session, index, content)
    assert await missing(house, session) == [(0, 5)]


async def test_half_a_chunk_never_counts_not_even_over_a_whole_one(house: Household) -> None:
    session = await begin(house)
    await send(house, session, 0)
    with pytest.raises(ConnectionResetError):
        async with house.mount.sessions.chunk(house.user, session.id, 0, CHUNK) as writer:
            await writer.write(b"x" * 100)
            raise ConnectionResetError
    assert await missing(house, session) == [(0, 5)]


async def test_the_newest_request_for_a_chunk_takes_over_from_one_that_hangs(house: Household) -> None:
    session = await begin(house, hash=sha(CONTENT))
    async with house.mount.sessions.chunk(house.user, session.id, 0, CHUNK) as old:
        await old.write(b"stale")
        await send(house, session, 0)
        with pytest.raises(Conflict, match="another request"):
            await old.write(b"stale")
        with pytest.raises((Conflict, BadRequest)):
            await old.finish()
    for index in range(1, 6):
        await send(house, session, index)
    assert (await complete(house, session)).stored_hash == sha(CONTENT)


async def test_an_announced_hash_that_is_not_met_publishes_nothing(house: Household) -> None:
    session = await begin(house, hash=sha(b"something else"))
    for index in range(6):
        await send(house, session, index)
    with pytest.raises(BadRequest, match="not those that were announced"):
        await complete(house, session)
    assert house.tree() == {}


async def test_a_chunk_sent_again_with_other_bytes_counts_with_the_later_ones(house: Household) -> None:
    session = await begin(house)
    for index in range(6):
        await send(house, session, index)
    await send(house, session, 0, b"y" * CHUNK)
    wanted = b"y" * CHUNK + CONTENT[CHUNK:]
    assert (await complete(house, session)).stored_hash == sha(wanted)
    assert house.tree() == {"big.bin": wanted}


async def test_an_upload_survives_a_restart_and_its_completion_is_remembered(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        session = await begin(house, hash=sha(CONTENT))
        for index in (0, 2):
            await send(house, session, index)
    async with opened(tmp_path) as house:
        assert await missing(house, session) == [(1, 1), (3, 5)]
        for index in (1, 3, 4, 5):
            await send(house, session, index)
        done = await complete(house, session)
    async with opened(tmp_path) as house:
        again = await complete(house, session)
        assert (again.stored, again.seq) == (done.stored, done.seq)
        assert house.tree() == {"big.bin": CONTENT}


async def test_room_is_set_aside_and_given_back(house: Household) -> None:
    for size, refusal in ((1 << 42, StorageFull), (1 << 62, TooLarge)):
        with pytest.raises(refusal):
            await house.mount.sessions.begin(house.user, None, Wish(at("huge"), size))
    assert staged(house) == []
    session = await begin(house)
    assert len(staged(house)) == 1
    await house.mount.sessions.cancel(house.user, session.id)
    assert staged(house) == []
    with pytest.raises(NotFound):
        await house.mount.sessions.get(house.user, session.id)


async def test_another_users_upload_does_not_exist(house: Household) -> None:
    session = await begin(house)
    other = await house.core.accounts.add("bob", None)
    with pytest.raises(NotFound):
        await house.mount.sessions.get(other, session.id)
    with pytest.raises(NotFound):
        await house.mount.sessions.cancel(other, session.id)


async def test_a_device_has_so_many_uploads_open_and_no_more(house: Household) -> None:
    for _ in range(sessions.MOST_OPEN_PER_DEVICE):
        await begin(house)
    with pytest.raises(TooManySessions):
        await begin(house)


async def test_only_blocks_that_are_not_here_have_to_be_sent(house: Household) -> None:
    first = await begin(house, blocks=blocks_of(CONTENT))
    assert await missing(house, first) == [(0, 5)]
    for index in range(6):
        await send(house, first, index)
    await complete(house, first)
    changed = CONTENT[: 2 * CHUNK] + b"!" * CHUNK + CONTENT[3 * CHUNK :]
    second = await begin(house, changed, blocks=blocks_of(changed), knowledge=knows(CONTENT), hash=sha(changed))
    assert await missing(house, second) == [(2, 2)]
    with pytest.raises(BadRequest, match="damaged"):
        await send(house, second, 2, b"?" * CHUNK)
    await send(house, second, 2, b"!" * CHUNK)
    assert (await complete(house, second)).stored == "big.bin"
    assert house.tree() == {"big.bin": changed}


async def test_a_block_whose_file_was_changed_by_another_program_is_asked_for(house: Household) -> None:
    first = await begin(house, blocks=blocks_of(CONTENT))
    for index in range(6):
        await send(house, first, index)
    await complete(house, first)
    (house.files / "big.bin").write_bytes(b"?" + CONTENT[1:])
    second = await begin(house, blocks=blocks_of(CONTENT))
    assert await missing(house, second) == [(0, 0)]


async def test_a_session_that_knew_another_version_makes_a_copy(house: Household) -> None:
    await house.create("big.bin", b"theirs")
    session = await begin(house, knowledge=Knowledge())
    for index in range(6):
        await send(house, session, index)
    done = await complete(house, session)
    assert done.stored is not None and done.stored.startswith("big.sync-conflict-")
    assert done.conflict_id is not None
    assert house.tree() == {"big.bin": b"theirs", done.stored: CONTENT}
    assert await complete(house, session) == done


async def test_a_user_who_is_removed_leaves_nothing_in_staging(house: Household) -> None:
    await begin(house)
    await house.mount.sessions.forget_all_of(house.user)
    assert staged(house) == []


async def test_a_file_that_another_program_writes_into_gets_no_lasting_map(
    house: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.create("x.bin", CONTENT)

    def interrupted(fd: int, chunk_size: int, first: int, end: int) -> list[bytes]:
        (house.files / "x.bin").write_bytes(b"?" * len(CONTENT))
        os.utime(house.files / "x.bin", (1, 1))
        return block_hashes(fd, chunk_size, first, end)

    monkeypatch.setattr("syncd.core.block_maps.block_hashes", interrupted)
    await block_maps.ensure(house.mount.ground, house.user, at("x.bin"), CHUNK)
    assert await blocks.of(house.mount.index, sha(CONTENT), CHUNK) == []


async def test_a_file_that_came_in_chunks_serves_a_file_elsewhere(house: Household) -> None:
    first = await begin(house)
    for index in range(6):
        await send(house, first, index)
    await complete(house, first)
    changed = CONTENT[: 2 * CHUNK] + b"!" * CHUNK + CONTENT[3 * CHUNK :]
    wish = Wish(at("else/where.bin"), len(changed), chunk_size=CHUNK, blocks=blocks_of(changed))
    assert Sessions.missing(await house.mount.sessions.begin(house.user, "laptop", wish)) == [(2, 2)]


async def test_a_file_of_the_same_size_beside_it_is_looked_at_however_it_came(house: Household) -> None:
    await house.create("a/x.bin", CONTENT)
    changed = b"!" * CHUNK + CONTENT[CHUNK:]
    wish = Wish(at("a/saved as.bin"), len(changed), chunk_size=CHUNK, blocks=blocks_of(changed))
    assert Sessions.missing(await house.mount.sessions.begin(house.user, "laptop", wish)) == [(0, 0)]
