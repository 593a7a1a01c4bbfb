"""The feed: every change once, in order, and never an answer to a cursor that means nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.clock import DAY_MS, now_ms
from syncd.config import Config, StorageSection
from syncd.core import clashes, mount, retention
from syncd.core.sessions import Wish
from syncd.disk.volume import SERVICE_DIR
from syncd.errors import BadRequest, Expired, StorageFull
from tests.core.household import Household, at, opened


async def paths(house: Household, cursor: int = 0, limit: int = 500, below: str = "") -> list[str]:
    return [one.path for one in (await house.feed.after(house.user, cursor, limit, below)).changes]


async def test_a_path_appears_once_in_its_latest_state(house: Household) -> None:
    for content in (b"1", b"2", b"3"):
        await house.put("x.txt", content)
    await house.create("y.txt", b"y")
    await house.remove("y.txt")
    page = await house.feed.after(house.user, 0)
    assert [(one.path, one.live) for one in page.changes] == [("x.txt", True), ("y.txt", False)]
    assert not page.has_more and page.cursor == page.changes[-1].seq


async def test_pages_join_without_gap_or_double(house: Household) -> None:
    for number in range(7):
        await house.create(f"{number}.txt", b"x")
    first = await house.feed.after(house.user, 0, 3)
    second = await house.feed.after(house.user, first.cursor, 3)
    third = await house.feed.after(house.user, second.cursor, 3)
    assert [page.has_more for page in (first, second, third)] == [True, True, False]
    names = [one.path for page in (first, second, third) for one in page.changes]
    assert names == [f"{number}.txt" for number in range(7)]


async def test_a_folder_alone(house: Household) -> None:
    for path in ("a/1", "b/1", "a/sub/2", "ab/3", "a0/4"):
        await house.create(path, path.encode())
    assert await paths(house, below="a") == ["a/1", "a/sub/2"]
    # The cursor moves on past what was not asked for, so that it need not be looked at again.
    assert (await house.feed.after(house.user, 0, 500, "a")).cursor == 5


async def test_who_waits_is_told_at_once_and_who_waits_in_vain_in_time(house: Household) -> None:
    await house.create("x", b"x")
    waiting = asyncio.create_task(house.feed.wait(house.user, 1, 60))
    await asyncio.sleep(0)
    await house.create("y", b"y")
    assert [one.path for one in (await waiting).changes] == ["y"]
    page = await house.feed.wait(house.user, 2, 0.01)
    assert (page.changes, page.cursor) == ([], 2)


async def test_closing_lets_everybody_go(house: Household) -> None:
    waiting = asyncio.create_task(house.feed.wait(house.user, 0, 60))
    await asyncio.sleep(0)
    house.feed.close()
    assert (await waiting).changes == []


async def test_a_cursor_beyond_the_newest_means_nothing(house: Household) -> None:
    await house.create("x", b"x")
    with pytest.raises(Expired):
        await house.feed.after(house.user, 2)
    with pytest.raises(BadRequest):
        await house.feed.acknowledge(house.user, "laptop", 2)


async def test_acknowledging_less_than_before_is_believed(house: Household) -> None:
    for name in "abc":
        await house.create(name, b"x")
    for cursor in (3, 1):
        await house.feed.acknowledge(house.user, "laptop", cursor)
    assert (await house.feed.cursors(house.user))["laptop"].seq == 1


async def test_after_a_rebuild_old_cursors_mean_nothing_and_numbers_go_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.create("x", b"x")
        await house.create("y", b"y")
    for file in (tmp_path / "storage" / SERVICE_DIR).glob("index.db*"):
        file.unlink()
    async with opened(tmp_path) as house:
        for cursor in (1, 2, 500):
            with pytest.raises(Expired):
                await house.feed.after(house.user, cursor)
        placed = await house.create("z", b"z")
        assert placed.seq > 10_000  # above everything that was reserved
        assert (await house.feed.after(house.user, placed.seq - 1)).changes[0].path == "z"


async def test_an_index_thrown_back_by_a_power_cut_leaves_a_gap_nobody_can_stand_in(tmp_path: Path) -> None:
    index = tmp_path / "storage" / SERVICE_DIR / "index.db"
    async with opened(tmp_path) as house:
        await house.create("x", b"x")
    old = index.read_bytes()
    async with opened(tmp_path) as house:
        await house.create("y", b"y")
        await house.create("z", b"z")
    index.write_bytes(old)
    async with opened(tmp_path) as house:
        assert await paths(house, 1) == []  # that cursor still means what it meant
        for lost in (2, 3):
            with pytest.raises(Expired):
                await house.feed.after(house.user, lost)
        fresh = await house.create("y2", b"y")
        assert fresh.seq > 3
        assert await paths(house, 1) == ["y2"]


async def test_in_balanced_the_feed_waits_until_a_power_cut_can_take_nothing_back(tmp_path: Path) -> None:
    async with opened(tmp_path, Config(storage=StorageSection(durability="balanced"))) as house:
        await house.create("x", b"x")
        assert await paths(house) == []
        await house.mount.make_durable()
        assert await paths(house) == ["x"]


async def test_a_name_at_the_end_of_unicode_is_in_the_feed(house: Household) -> None:
    await house.create("\U0010ffff.txt", b"x")
    await house.create("a/\U0010ffff/b.txt", b"x")
    assert await paths(house) == ["\U0010ffff.txt", "a/\U0010ffff/b.txt"]
    assert await paths(house, below="a") == ["a/\U0010ffff/b.txt"]


async def test_no_cursor_of_a_lost_index_is_taken_for_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mount, "RESERVE_BLOCK", 2)
    async with opened(tmp_path) as house:
        await house.create("old", b"x")
    saved = (tmp_path / "storage" / SERVICE_DIR / "index.db").read_bytes()
    async with opened(tmp_path) as house:
        given = [(await house.create(name, b"x")).seq for name in "abcdefgh"]
    (tmp_path / "storage" / SERVICE_DIR / "index.db").write_bytes(saved)
    async with opened(tmp_path) as house:
        for cursor in given:
            with pytest.raises(Expired):
                await house.feed.after(house.user, cursor)
        newest = (await house.feed.after(house.user, 0)).cursor
        assert await paths(house, newest) == []
        assert (await house.create("new", b"x")).seq > max(newest, *given)


async def test_numbers_that_could_not_be_reserved_are_not_issued() -> None:
    kept: list[int] = []
    failing = [True]

    async def keep(number: int) -> None:
        if failing.pop():
            raise StorageFull("the state is on a full disk")
        kept.append(number)
        failing.append(False)

    sequences = mount.Sequences(0, 0, keep)
    with pytest.raises(StorageFull):
        await sequences.make_room(1)
    failing.append(False)
    await sequences.make_room(1)
    assert kept


# What is forgotten


async def with_deletions(house: Household) -> None:
    """Three files, two of them deleted: tombstones 4 and 5."""
    for name in "abc":
        await house.create(name, b"x")
    await house.remove("a")
    await house.remove("b")


async def test_deletions_are_forgotten_when_old_and_known_to_all(tmp_path: Path) -> None:
    times = [now_ms()]
    async with opened(tmp_path, clock=lambda: times[0]) as house:
        device, _ = await house.core.accounts.add_device(house.user, "laptop")
        away, _ = await house.core.accounts.add_device(house.user, "away")
        await with_deletions(house)
        await house.feed.acknowledge(house.user, device.id, 5)
        await house.feed.acknowledge(house.user, away.id, 4)
        assert await retention.forget_deletions(house.core) == 0  # too young
    times[0] += 181 * DAY_MS
    async with opened(tmp_path, clock=lambda: times[0]) as house:
        assert await retention.forget_deletions(house.core) == 1  # the second is not known to the one that is away
        assert await paths(house) == ["c", "b"]
        with pytest.raises(Expired):
            await house.feed.after(house.user, 3)
        assert await paths(house, 4) == ["b"]
        await house.core.accounts.change_device(await house.core.accounts.device(house.user, away.id), None, False)
        assert await retention.forget_deletions(house.core) == 1  # who is switched off holds nothing back
        assert await paths(house) == ["c"]
        with pytest.raises(Expired):
            await house.feed.after(house.user, 4)
        assert await paths(house, 5) == []


async def test_nothing_is_forgotten_by_a_clock_that_jumped(tmp_path: Path) -> None:
    times = [now_ms()]
    async with opened(tmp_path, clock=lambda: times[0]) as house:
        await with_deletions(house)
        times[0] += 1000 * DAY_MS
        assert await retention.forget_deletions(house.core) == 0


async def test_uploads_end_by_the_clock_and_by_the_hours_the_box_was_up(tmp_path: Path) -> None:
    config = Config()
    config = replace(config, uploads=replace(config.uploads, session_hours=1))
    times = [now_ms()]
    async with opened(tmp_path, config, clock=lambda: times[0]) as house:
        await house.mount.sessions.begin(house.user, None, Wish(at("x"), 100_000))
    times[0] += 2 * 3_600_000
    async with opened(tmp_path, config, clock=lambda: times[0]) as house:
        assert await retention.end_uploads(house.core) == 0  # the box was off in between


async def test_conflicts_that_ended_are_forgotten_in_time(tmp_path: Path) -> None:
    times = [now_ms()]
    async with opened(tmp_path, clock=lambda: times[0]) as house:
        for name in ("resolved", "removed", "open"):
            await house.create(name, b"theirs")
        decided, removed, _ = [await house.create(name, b"mine") for name in ("resolved", "removed", "open")]
        assert decided.clash is not None
        await clashes.resolve(house.mount, house.user, decided.clash.id, "keep_both", house.author())
        await house.remove(str(removed.path))
    times[0] += 31 * DAY_MS
    async with opened(tmp_path, clock=lambda: times[0]) as house:
        await retention.forget_conflicts(house.core)
        [(left,)] = await house.mount.index.read("SELECT count(*) FROM conflicts")
        assert left == 1
        assert [one.path for one in await clashes.unresolved(house.mount, house.user)] == ["open"]
