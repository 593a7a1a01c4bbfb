"""A receipt is a promise; a quota is a bound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from syncd.config import Config, StorageSection
from syncd.core import quota
from syncd.core.receipts import receipts
from syncd.db import entries
from syncd.errors import TooLarge
from tests.core.household import Household, at, opened, sha

GB = 1 << 30


async def test_what_is_here_in_the_trash_or_nowhere(house: Household) -> None:
    await house.create("a/x", b"one")
    await house.create("b/x", b"one")
    await house.create("y", b"two")
    await house.remove("y")
    one, two, none = await receipts(house.core, house.user, [sha(b"one"), sha(b"two"), sha(b"three")])
    assert (one.paths, one.durable, one.in_trash) == (["a/x", "b/x"], True, False)
    assert (two.paths, two.durable, two.in_trash) == ([], False, True)
    assert (none.paths, none.durable, none.in_trash) == ([], False, False)


async def test_of_a_content_that_is_in_many_places_some_are_named(
    house: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "PATHS", 3)
    for number in range(5):
        await house.create(f"{number}/empty", b"")
    await house.create("x", b"x")
    empty, other = await receipts(house.core, house.user, [sha(b""), sha(b"x")])
    assert (len(empty.paths), empty.durable) == (3, True)
    assert other.paths == ["x"]


async def test_a_file_that_was_removed_or_changed_behind_our_back_counts_for_nothing(house: Household) -> None:
    for path in ("gone", "changed", "kept"):
        await house.create(path, path.encode())
    (house.files / "gone").unlink()
    (house.files / "changed").write_bytes(b"other bytes")
    found = await receipts(house.core, house.user, [sha(one) for one in (b"gone", b"changed", b"kept")])
    assert [one.paths for one in found] == [[], [], ["kept"]]


async def test_nobody_learns_of_another_users_files(house: Household) -> None:
    await house.create("x", b"secret")
    other = await house.core.accounts.add("bob", None)
    [found] = await receipts(house.core, other, [sha(b"secret")])
    assert (found.paths, found.in_trash) == ([], False)


async def test_in_balanced_a_receipt_makes_durable_what_was_put_off(tmp_path: Path) -> None:
    async with opened(tmp_path, Config(storage=StorageSection(durability="balanced"))) as house:
        await house.create("x", b"x")
        [found] = await receipts(house.core, house.user, [sha(b"x")])
        assert found.durable
        assert (await house.feed.after(house.user, 0)).changes


async def test_a_quota_counts_what_is_here_and_what_is_under_way(tmp_path: Path) -> None:
    config = replace(Config(), accounts=replace(Config().accounts, quota_gb=1))
    async with opened(tmp_path, config) as house:
        await house.create("x", b"x" * 1000)
        assert await quota.room(house.core, house.user, at("y"), None) == GB - 1000
        assert await quota.room(house.core, house.user, at("x"), GB) == GB  # it takes the place of the old one
        with pytest.raises(TooLarge) as refused:
            await quota.room(house.core, house.user, at("y"), GB)
        assert refused.value.code == "over_quota"


async def test_one_file_has_a_bound_of_its_own(tmp_path: Path) -> None:
    config = replace(Config(), uploads=replace(Config().uploads, max_gb=1))
    async with opened(tmp_path, config) as house:
        assert await quota.room(house.core, house.user, at("x"), GB) == GB
        with pytest.raises(TooLarge, match="max_gb"):
            await quota.room(house.core, house.user, at("x"), GB + 1)
