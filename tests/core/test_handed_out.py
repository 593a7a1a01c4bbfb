"""Log-ins and links of SyncFile live for twenty hours of a box whose clock may be wrong, and leave nothing behind."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from syncd.clock import BUILD_MS
from syncd.core import authids, links, retention
from syncd.core.lifetime import HANDED_OUT_S, is_over, when_over
from syncd.db import links as links_db
from syncd.db.database import blob
from syncd.errors import NotFound, Unauthenticated
from syncd.model import Moment
from tests.core.household import Household, at, opened

HOUR_MS = 3_600_000
NOON = BUILD_MS + 100 * HOUR_MS
IN_1970 = 5_000


@pytest.mark.parametrize(
    ("since", "now", "over"),
    [
        (Moment(NOON, 0, True), Moment(NOON, 0, True), False),
        (Moment(NOON, 0, True), Moment(NOON + 20 * HOUR_MS - 1, 60, True), False),
        (Moment(NOON, 0, True), Moment(NOON + 20 * HOUR_MS, 60, True), True),
        (Moment(NOON, 0, True), Moment(NOON + 20 * HOUR_MS, 60, False), False),  # the clock just jumped
        (Moment(IN_1970, 0, False), Moment(NOON, 60, True), False),  # it was not set yet
        (Moment(IN_1970, 0, False), Moment(NOON, HANDED_OUT_S, True), True),
        (Moment(IN_1970, 0, False), Moment(IN_1970, HANDED_OUT_S, False), True),
        (Moment(NOON, 500, True), Moment(IN_1970, 0, False), False),  # back in 1970 after a restart
    ],
)
def test_twenty_hours_pass(since: Moment, now: Moment, over: bool) -> None:
    assert is_over(since, now) is over
    limit = when_over(now)
    by_clock = limit.is_dated and since.is_dated and since.wall_ms <= limit.wall_ms
    assert (since.uptime_s <= limit.uptime_s or by_clock) is over  # as the sweep asks the table


def rows(folder: Path, table: str) -> int:
    files = {"authids": folder / "state" / "accounts.db", "links": folder / "storage" / ".syncd" / "index.db"}
    with sqlite3.connect(files[table]) as db:
        found: int = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    db.close()
    return found


def standing_at(ms: int) -> Callable[[], int]:
    return lambda: ms


async def test_what_is_over_is_over_and_swept(tmp_path: Path) -> None:
    async with opened(tmp_path, clock=standing_at(NOON)) as house:
        await house.put("x.txt", b"1")
        authid, link = await house.core.authids.issue(house.user), await links.make(house.core, house.user, at("x.txt"))
    async with opened(tmp_path, clock=standing_at(NOON + 19 * HOUR_MS)) as house:
        assert (await house.core.authids.holder(authid)).user == house.user
        assert (await links.follow(house.core, link))[1].path == "x.txt"
        await sweep(house)
        assert rows(tmp_path, "authids") == rows(tmp_path, "links") == 1
    async with opened(tmp_path, clock=standing_at(NOON + 20 * HOUR_MS)) as house:
        with pytest.raises(Unauthenticated):
            await house.core.authids.holder(authid)
        with pytest.raises(NotFound):
            await links.follow(house.core, link)
        await sweep(house)
        assert rows(tmp_path, "authids") == rows(tmp_path, "links") == 0


async def sweep(house: Household) -> None:
    await retention.end_log_ins(house.core)
    await retention.end_links(house.core)


async def test_a_box_in_1970_ends_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path, clock=standing_at(NOON)) as house:
        authid = await house.core.authids.issue(house.user)
    async with opened(tmp_path, clock=standing_at(IN_1970)) as house:
        second = await house.core.authids.issue(house.user)
        await sweep(house)
        assert await house.core.authids.holder(authid)
    async with opened(tmp_path, clock=standing_at(NOON + 19 * HOUR_MS)) as house:
        await sweep(house)
        assert await house.core.authids.holder(second) and await house.core.authids.holder(authid)


async def test_a_log_in_that_is_remembered_ends_too(house: Household) -> None:
    authid = await house.core.authids.issue(house.user)
    await house.core.authids.holder(authid)
    await house.core.accounts.set_password(house.user, "another password")
    with pytest.raises(Unauthenticated):
        await house.core.authids.holder(authid)
    authid = await house.core.authids.issue(house.user)
    await house.core.authids.holder(authid)
    await house.core.accounts.remove(house.user)
    with pytest.raises(Unauthenticated):
        await house.core.authids.holder(authid)


async def test_no_log_in_begins_with_a_password_that_was_changed_meanwhile(house: Household) -> None:
    accounts, name, address = house.core.accounts, house.user.name, "127.0.0.1"
    await accounts.set_password(house.user, "correct horse 9")
    change = asyncio.create_task(accounts.set_password(house.user, "another password"))
    await asyncio.sleep(0)  # the new one is being hashed, and comparing the old one waits behind that
    proof = await accounts.prove(name, "correct horse 9", address)
    await change
    for begin in (
        lambda: house.core.authids.issue(proof.user, proof),
        lambda: house.core.signin.sessions.begin(proof.user, proof=proof),
        lambda: accounts.open_session(proof.user, proof=proof),
    ):
        with pytest.raises(Unauthenticated):
            await begin()
    proof = await accounts.prove(name, "another password", address)
    assert await house.core.authids.issue(proof.user, proof)


async def test_a_password_that_is_hashed_anew_is_not_brought_back(house: Household) -> None:
    accounts, name, address = house.core.accounts, house.user.name, "127.0.0.1"
    accounts._passwords.cost = 4
    await accounts.set_password(house.user, "correct horse 9")
    accounts._passwords.cost = 5
    log_in = asyncio.create_task(accounts.prove(name, "correct horse 9", address))
    await asyncio.sleep(0)
    await asyncio.gather(log_in, accounts.set_password(house.user, "another password"))
    with pytest.raises(Unauthenticated):
        await accounts.prove(name, "correct horse 9", address)


async def test_only_so_many_live_at_once(house: Household, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(authids, "MOST_PER_USER", 3)
    monkeypatch.setattr(links, "MOST_PER_USER", 3)
    other = await house.core.accounts.add("annabel", None)
    theirs = await house.core.authids.issue(other)
    await house.put("x.txt", b"1")
    given = [await house.core.authids.issue(house.user) for _ in range(3)]
    for one in given:
        await house.core.authids.holder(one)  # remembered
    made = [await links.make(house.core, house.user, at("x.txt")) for _ in range(4)]
    given.append(await house.core.authids.issue(house.user))
    with pytest.raises(Unauthenticated):
        await house.core.authids.holder(given[0])
    with pytest.raises(NotFound):
        await links.follow(house.core, made[0])
    for authid, link in zip(given[1:], made[1:], strict=True):
        assert await house.core.authids.holder(authid) and await links.follow(house.core, link)
    assert await house.core.authids.holder(theirs)
    assert (rows(tmp_path, "authids"), rows(tmp_path, "links")) == (4, 3)


async def test_a_file_another_program_changed_is_another(house: Household) -> None:
    await house.put("x.txt", b"1")
    link = await links.make(house.core, house.user, at("x.txt"))
    (house.files / "x.txt").write_bytes(b"22")
    with pytest.raises(NotFound):
        await links.follow(house.core, link)
    second = await links.make(house.core, house.user, at("x.txt"))
    assert (await links.follow(house.core, second))[1].size == 2


async def test_no_id_is_kept(house: Household) -> None:
    await house.put("x.txt", b"1")
    link = await links.make(house.core, house.user, at("x.txt"))
    with house.core.use() as mount:
        kept = await mount.index.read("SELECT hash FROM links")
        assert len(kept) == 1 and link.encode() not in blob(kept[0][0])
        assert await links_db.at(mount.index, link.encode()) is None
