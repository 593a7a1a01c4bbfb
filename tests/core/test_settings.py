"""Settings of apps: whose save is newer, what is kept of older ones, and keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.clock import BUILD_MS, DAY_MS
from syncd.config import AppSection, Config, SettingsSection
from syncd.core.settings.incoming import Incoming
from syncd.core.settings.rule import AHEAD_MS, Action, Stamp, Verdict, beating, decide
from syncd.core.settings.store import Outcome
from syncd.errors import BadRequest, NotFound, TooLarge
from tests.core.household import Household, opened

NOW = BUILD_MS + 400 * DAY_MS
YEAR_2099 = 4_070_908_800_000

times = st.integers(-62_135_596_800_000, 253_402_300_799_999)


# The rule


@pytest.mark.parametrize(
    ("stored_ms", "is_known", "said_ms", "expected"),
    [
        (None, False, 5, Action.CREATED),
        (None, True, 5, Action.CREATED),
        (5, False, 4, Action.EXISTING_NEWER),
        (5, False, 5, Action.EXISTING_NEWER),
        (5, False, 6, Action.EXISTING_NEWER),
        (5, True, 6, Action.INCOMING_NEWER),
        (5, True, 5, Action.NONE),
        (5, True, 4, Action.EXISTING_NEWER),
    ],
)
def test_each_row_of_the_decision(stored_ms: int | None, is_known: bool, said_ms: int, expected: Action) -> None:
    stored = Stamp(stored_ms, stored_ms) if stored_ms is not None else None
    for now_ms in (None, NOW):
        verdict = decide(stored, is_known, said_ms, now_ms)
        assert verdict.action is expected
        stores = expected in (Action.CREATED, Action.INCOMING_NEWER)
        assert verdict.stamp == (Stamp(said_ms, said_ms) if stores else None)


def test_a_time_far_ahead_counts_as_now_and_locks_nobody_out() -> None:
    ahead = decide(Stamp(5, 5), True, YEAR_2099, NOW)
    assert ahead == Verdict(Action.INCOMING_NEWER, Stamp(NOW, YEAR_2099))
    assert ahead.stamp is not None
    assert decide(ahead.stamp, True, NOW + 1000, NOW + 2000).action is Action.INCOMING_NEWER
    assert decide(ahead.stamp, True, NOW - 1000, NOW + 2000).action is Action.EXISTING_NEWER


def test_a_clock_far_ahead_keeps_its_own_order_and_can_repeat_itself() -> None:
    stored = Stamp(NOW, YEAR_2099)
    assert decide(stored, True, YEAR_2099, NOW + 60_000).action is Action.NONE
    assert decide(stored, True, YEAR_2099 - 1, NOW + 60_000).action is Action.EXISTING_NEWER
    # Within the same millisecond too, and what counts never goes back.
    assert decide(stored, True, YEAR_2099 + 1, NOW).stamp == Stamp(NOW + 1, YEAR_2099 + 1)


def test_a_device_that_took_over_the_tamed_time_is_in_step() -> None:
    assert decide(Stamp(NOW, YEAR_2099), True, NOW, NOW + 60_000).action is Action.NONE


def test_without_a_clock_that_is_trusted_what_is_said_counts() -> None:
    assert decide(None, False, YEAR_2099, None).stamp == Stamp(YEAR_2099, YEAR_2099)


def test_a_little_ahead_is_as_it_was_said() -> None:
    assert decide(None, False, NOW + AHEAD_MS, NOW).stamp == Stamp(NOW + AHEAD_MS, NOW + AHEAD_MS)


@settings(deadline=None)
@given(times, times, st.one_of(st.none(), times))
def test_what_is_restored_beats_whatever_was_said_before(saved: int, said: int, now: int | None) -> None:
    stored = Stamp(min(saved, said), said)
    restored = beating(stored, now)
    assert restored.saved_ms > stored.saved_ms and restored.said_ms > stored.said_ms
    for known in (stored.saved_ms, stored.said_ms):
        assert decide(restored, True, known, now).action is not Action.INCOMING_NEWER


@settings(deadline=None)
@given(times, times, times, st.one_of(st.none(), times))
def test_a_save_that_wins_never_lowers_what_counts(saved: int, said: int, again: int, now: int | None) -> None:
    stored = Stamp(min(saved, said), said)
    verdict = decide(stored, True, again, now)
    if verdict.stamp is not None:
        assert verdict.stamp.saved_ms > stored.saved_ms
        assert decide(verdict.stamp, True, again, now).action is Action.NONE


# The store


class Clock:
    """A wall clock that a test sets."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


CONFIG = Config(settings=SettingsSection(max_kb=64, keep=3), apps=(AppSection("obtainium"), AppSection("obtainium2")))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Household]:
    async with opened(tmp_path, CONFIG) as made:
        yield made


async def save(house: Household, said_ms: int, data: str, device: str = "pixel", app: str = "obtainium") -> Outcome:
    return await house.core.settings.update(house.user, app, Incoming(device, said_ms, data))


async def meet(house: Household, *devices: str) -> None:
    """Make them known: the first call of a device stores nothing once something is there."""
    for device in devices:
        await save(house, 1, "first", device)


async def test_only_the_last_saves_are_kept_and_one_can_come_back(house: Household) -> None:
    for number in range(1, 8):
        await save(house, number, f"v{number}")
    found = await house.core.settings.versions(house.user, "obtainium")
    assert [one.saved_ms for one in found] == [7, 6, 5]
    await house.core.settings.restore(house.user, "obtainium", found[2].id)
    outcome = await save(house, 7, "v7")
    assert (outcome.action, outcome.data) == (Action.EXISTING_NEWER, "v5")
    assert len(await house.core.settings.versions(house.user, "obtainium")) == 3
    assert (await save(house, outcome.saved_ms, "x")).action is Action.NONE


async def test_restored_settings_beat_a_device_whose_clock_is_ahead(house: Household) -> None:
    await save(house, 1, "good")
    await save(house, YEAR_2099, "bad")
    [_, good] = await house.core.settings.versions(house.user, "obtainium")
    await house.core.settings.restore(house.user, "obtainium", good.id)
    assert (await save(house, YEAR_2099, "bad")).data == "good"


async def test_apps_and_users_whose_names_begin_alike_are_apart(house: Household) -> None:
    other = await house.core.accounts.add("anna2", None)
    await save(house, 5, "one")
    assert (await save(house, 1, "two", app="obtainium2")).action is Action.CREATED
    mine = await house.core.settings.update(other, "obtainium", Incoming("pixel", 1, "three"))
    assert mine.action is Action.CREATED
    assert (await save(house, 1, "")).data == "one"
    [version] = await house.core.settings.versions(other)
    with pytest.raises(NotFound):
        await house.core.settings.restore(house.user, "obtainium", version.id)
    with pytest.raises(NotFound):
        await house.core.settings.read(house.user, "obtainium", version.id)
    await house.core.settings.forget_device(house.user, "obtainium", "pixel")
    assert await house.core.settings.devices(house.user, "obtainium") == []
    assert len(await house.core.settings.devices(other, "obtainium")) == 1
    assert len(await house.core.settings.versions(house.user, "obtainium2")) == 1


async def test_numbers_and_names_that_no_row_can_have_are_not_found(house: Household) -> None:
    await save(house, 1, "one")
    for number in (-1, 0, 1 << 63, 10**30):
        with pytest.raises(NotFound):
            await house.core.settings.restore(house.user, "obtainium", number)
    with pytest.raises(BadRequest):
        await house.core.settings.forget_device(house.user, "obtainium", "\ud800")


async def test_a_device_that_was_forgotten_is_new(house: Household) -> None:
    await meet(house, "b", "a")
    assert [one.name for one in await house.core.settings.devices(house.user, "obtainium")] == ["a", "b"]
    await house.core.settings.forget_device(house.user, "obtainium", "a")
    assert (await save(house, 9, "new", "a")).action is Action.EXISTING_NEWER
    assert (await save(house, 9, "new", "a")).action is Action.INCOMING_NEWER
    with pytest.raises(NotFound):
        await house.core.settings.forget_device(house.user, "obtainium", "c")


async def test_devices_are_bounded_and_the_newest_stays(house: Household) -> None:
    await meet(house, *(f"d{number}" for number in range(205)))
    names = {one.name for one in await house.core.settings.devices(house.user, "obtainium")}
    assert len(names) == 200 and "d204" in names


async def test_too_large_is_refused_and_changes_nothing(house: Household) -> None:
    await save(house, 1, "ü" * (32 << 10))
    with pytest.raises(TooLarge):
        await save(house, 2, "ü" * (32 << 10) + "x")
    assert (await save(house, 1, "")).saved_ms == 1


async def test_eight_writers_at_once_and_the_newest_wins(house: Household) -> None:
    await meet(house, *"abcdefgh")
    sent = [(number, "abcdefgh"[number % 8]) for number in range(2, 82)]
    outcomes = await asyncio.gather(*(save(house, number, f"v{number}", device) for number, device in reversed(sent)))
    assert {one.action for one in outcomes} <= {Action.INCOMING_NEWER, Action.EXISTING_NEWER}
    assert (await save(house, 1, "", "a")).data == "v81"


async def test_a_time_from_before_the_clock_was_right_is_tamed_later(tmp_path: Path) -> None:
    clock = Clock(0)
    async with opened(tmp_path, CONFIG, clock) as house:
        await meet(house, "pixel", "tablet")
        assert (await save(house, YEAR_2099, "far")).saved_ms == YEAR_2099
        assert (await save(house, NOW, "near", "tablet")).data == "far"
    clock.now_ms = NOW
    async with opened(tmp_path, CONFIG, clock) as house:
        assert (await save(house, YEAR_2099, "far")).action is Action.NONE
        clock.now_ms += 60_000
        assert (await save(house, NOW + 60_000, "near", "tablet")).action is Action.INCOMING_NEWER


# Keys


async def test_a_key_is_for_one_user_and_app_until_the_next(house: Household) -> None:
    keys = house.core.keys
    first = await keys.rotate(house.user, "obtainium")
    other = await keys.rotate(house.user, "obtainium2")
    assert len(first) == 64 and set(first) <= set("0123456789abcdef")
    assert await keys.find(first) == (house.user, "obtainium")
    assert await keys.find(other) == (house.user, "obtainium2")
    second = await keys.rotate(house.user, "obtainium")
    assert await keys.find(first) is None
    assert await keys.find(second) == (house.user, "obtainium")
    assert [(one.app, one.used_ms is not None) for one in await keys.of(house.user)] == [
        ("obtainium", True),
        ("obtainium2", True),
    ]
    await keys.revoke(house.user, "obtainium")
    assert await keys.find(second) is None
    with pytest.raises(NotFound):
        await keys.revoke(house.user, "obtainium")


async def test_a_key_dies_with_its_user_and_with_its_app(house: Household) -> None:
    keys, user = house.core.keys, await house.core.accounts.add("bob", None)
    theirs, mine = await keys.rotate(user, "obtainium"), await keys.rotate(house.user, "obtainium")
    assert await keys.find(theirs) == (user, "obtainium")
    await house.core.accounts.remove(user)
    assert await keys.find(theirs) is None
    house.core.config = replace(house.core.config, apps=())
    assert await keys.find(mine) is None
    with pytest.raises(NotFound, match="add its section"):
        await keys.rotate(house.user, "obtainium")


async def test_nothing_but_a_whole_key_is_found(house: Household) -> None:
    key = await house.core.keys.rotate(house.user, "obtainium")
    for wrong in ("", key[:-1], key + "0", key.upper() + " ", "\ud800", "0" * 64):
        assert await house.core.keys.find(wrong) is None
