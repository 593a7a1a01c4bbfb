"""Content takes the place of the version it was made from, and of no other."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from syncd.core import changes, clashes, reports
from syncd.core.conflicts import NOTHING, Knowledge
from syncd.core.reports import Reported
from syncd.errors import Conflict, NotFound
from tests.core.household import Household, at, knows, sha


async def test_what_was_known_is_replaced_and_lies_in_the_trash(house: Household) -> None:
    await house.create("a/x.txt", b"one")
    placed = await house.put("a/x.txt", b"two", knows(b"one"))
    assert (str(placed.path), placed.is_new, placed.clash) == ("a/x.txt", False, None)
    assert (house.tree(), house.trash()) == ({"a/x.txt": b"two"}, {"a/x.txt": b"one"})


async def test_what_was_not_known_stays_and_a_copy_is_made(house: Household) -> None:
    await house.create("a/x.txt", b"one")
    placed = await house.put("a/x.txt", b"mine", knows(b"something older"), "phone")
    assert placed.is_new and placed.clash is not None
    assert str(placed.path).startswith("a/x.sync-conflict-") and str(placed.path).endswith("-phone.txt")
    assert house.tree() == {"a/x.txt": b"one", str(placed.path): b"mine"}
    assert (placed.clash.local_hash, placed.clash.server_hash) == (sha(b"mine"), sha(b"one"))


async def test_a_conflict_that_is_repeated_is_one_conflict_and_one_copy(house: Household) -> None:
    await house.create("x.txt", b"one")
    first = await house.put("x.txt", b"mine", NOTHING)
    again = await house.put("x.txt", b"mine", NOTHING)
    assert again.path == first.path and again.clash == first.clash
    assert len(house.tree()) == 2
    assert len(await clashes.unresolved(house.mount, house.user)) == 1


async def test_the_same_content_is_no_conflict_whatever_was_known(house: Household) -> None:
    first = await house.create("x.txt", b"one")
    again = await house.put("x.txt", b"one", knows(b"something else"))
    assert (again.seq, again.is_new, again.clash) == (first.seq, False, None)
    assert house.trash() == {}


async def test_a_cursor_covers_what_is_at_or_below_it(house: Household) -> None:
    first = await house.create("x.txt", b"one")
    second = await house.put("x.txt", b"two", Knowledge(cursor=first.seq))
    assert second.clash is None
    late = await house.put("x.txt", b"three", Knowledge(cursor=first.seq))
    assert late.clash is not None
    assert house.tree()["x.txt"] == b"two"


async def test_a_file_another_program_changed_was_not_known_by_its_cursor(house: Household) -> None:
    first = await house.create("x.txt", b"one")
    (house.files / "x.txt").write_bytes(b"from elsewhere")
    placed = await house.put("x.txt", b"mine", Knowledge(cursor=first.seq))
    assert placed.clash is not None
    assert sorted(house.tree().values()) == [b"from elsewhere", b"mine"]


async def test_a_folder_in_the_way_is_left_alone(house: Household) -> None:
    await house.create("a/b/c.txt", b"deep")
    placed = await house.put("a/b", b"a file", knows(b""))
    assert placed.clash is not None
    assert house.tree() == {"a/b/c.txt": b"deep", str(placed.path): b"a file"}


async def test_a_file_where_a_folder_is_needed_is_left_alone(house: Household) -> None:
    await house.create("a", b"a file")
    with pytest.raises(Conflict, match="rename one of the two"):
        await house.create("a/b.txt", b"below")
    assert house.tree() == {"a": b"a file"}


async def test_a_move_goes_over_nothing(house: Household) -> None:
    await house.create("x.txt", b"x")
    await house.create("y.txt", b"y")
    with pytest.raises(Conflict, match="taken"):
        await changes.move(house.mount, house.user, at("x.txt"), at("y.txt"), house.author())
    with pytest.raises(NotFound):
        await changes.move(house.mount, house.user, at("none"), at("z.txt"), house.author())
    await changes.move(house.mount, house.user, at("x.txt"), at("deep/er/z.txt"), house.author())
    assert house.tree() == {"deep/er/z.txt": b"x", "y.txt": b"y"}
    page = await house.feed.after(house.user, 2)
    assert [(one.path, one.moved_from, one.moved_to) for one in page.changes] == [
        ("x.txt", None, "deep/er/z.txt"),
        ("deep/er/z.txt", "x.txt", None),
    ]


@pytest.mark.parametrize(
    ("resolution", "tree", "binned"),
    [
        ("server_wins", {"x.txt": b"theirs"}, {b"mine"}),
        ("client_wins", {"x.txt": b"mine"}, {b"theirs"}),
    ],
)
async def test_the_loser_of_a_conflict_lies_in_the_trash(
    house: Household, resolution: clashes.Resolution, tree: dict[str, bytes], binned: set[bytes]
) -> None:
    await house.create("x.txt", b"theirs")
    placed = await house.create("x.txt", b"mine")
    assert placed.clash is not None
    done = await clashes.resolve(house.mount, house.user, placed.clash.id, resolution, house.author())
    assert not done.upload_required
    assert house.tree() == tree
    assert set(house.trash().values()) == binned
    with pytest.raises(NotFound, match="resolved already"):
        await clashes.resolve(house.mount, house.user, placed.clash.id, resolution, house.author())


async def test_keeping_both_changes_no_file(house: Household) -> None:
    await house.create("x.txt", b"theirs")
    placed = await house.create("x.txt", b"mine")
    before = house.tree()
    assert placed.clash is not None
    await clashes.resolve(house.mount, house.user, placed.clash.id, "keep_both", house.author())
    assert (house.tree(), house.trash()) == (before, {})
    assert await clashes.unresolved(house.mount, house.user) == []


async def test_a_conflict_whose_copy_a_person_removed_is_over(house: Household) -> None:
    await house.create("x.txt", b"theirs")
    placed = await house.create("x.txt", b"mine")
    await house.remove(str(placed.path))
    assert await clashes.unresolved(house.mount, house.user) == []


async def test_a_winner_does_not_take_the_place_of_a_folder(house: Household) -> None:
    await house.create("x", b"theirs")
    placed = await house.create("x", b"mine")
    assert placed.clash is not None
    await house.remove("x")
    await house.create("x/deep.txt", b"deep")
    with pytest.raises(Conflict, match="folder"):
        await clashes.resolve(house.mount, house.user, placed.clash.id, "client_wins", house.author())
    assert house.tree() == {"x/deep.txt": b"deep", str(placed.path): b"mine"}
    assert [one.id for one in await clashes.unresolved(house.mount, house.user)] == [placed.clash.id]


async def test_a_winner_that_is_sent_later_does_not_take_the_place_of_a_folder(house: Household) -> None:
    await house.create("x/deep.txt", b"deep")
    reported = Reported("created", at("x"), NOTHING, sha(b"mine"))
    [clash] = (await reports.take(house.mount, house.user, [reported], house.author())).conflicts
    await clashes.resolve(house.mount, house.user, clash.id, "client_wins", house.author())
    placed = await house.create("x", b"mine")
    assert placed.clash is not None
    assert house.tree() == {"x/deep.txt": b"deep", str(placed.path): b"mine"}


async def test_a_file_that_only_a_disk_without_case_finds_is_another_one(
    house: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.files.mkdir()
    (house.files / "photo.jpg").write_bytes(b"theirs")
    listdir: Callable[[int], list[str]] = os.listdir
    # So such a disk would list what it opens under any case.
    monkeypatch.setattr(os, "listdir", lambda folder: [name.upper() for name in listdir(folder)])
    placed = await house.put("photo.jpg", b"mine")
    assert str(placed.path).startswith("photo.sync-conflict-")
    with pytest.raises(NotFound):
        await house.remove("photo.jpg")
    assert house.tree() == {"photo.jpg": b"theirs", str(placed.path): b"mine"}


async def test_what_replaces_is_written_down_for_good_before_anything_moves(house: Household) -> None:
    """A power cut between the two renames leaves the old file in staging, which the next start empties."""
    await house.put("x", b"old")
    said: list[str] = []
    await house.mount.index._writer.set_trace_callback(said.append)
    await house.put("x", b"new")
    await house.mount.index._writer.set_trace_callback(None)  # type: ignore[arg-type]  # None ends it; declared wrongly
    levels = [one for one in said if one.startswith(("PRAGMA synchronous", "INSERT INTO intents"))]
    assert levels[levels.index(next(one for one in levels if "intents" in one)) - 1] == "PRAGMA synchronous=FULL"


async def test_in_the_trash_a_file_is_in_no_folders_way(house: Household) -> None:
    await house.create("A", b"a file")
    await house.remove("A")
    await house.create("A/x", b"in a folder")
    await house.remove("A/x")
    await house.create("A/x", b"again")
    await house.put("A/x", b"and again", knows(b"again"))
    assert house.trash() == {"A": b"a file", "A (2)/x": b"in a folder", "A (2)/x (2)": b"again"}
    assert house.tree() == {"A/x": b"and again"}


async def test_what_comes_back_below_a_file_gets_a_folder_beside_it(house: Household) -> None:
    await house.create("A/x", b"in a folder")
    await house.remove("A/x")
    await house.create("A", b"a file")
    assert await changes.restore(house.core, house.user, ["A/x"]) == 1
    assert house.tree() == {"A": b"a file", "A (2)/x": b"in a folder"}
