"""Folders are things: made, moved and thrown away with all that is in them, and nobody else's."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from syncd.core import changes, folders, reconcile, trash, tree
from syncd.core.core import Core
from syncd.db import entries, meta, records, volumes
from syncd.db.records import FOLDER_PAGE
from syncd.disk.batch import Batch
from syncd.errors import Conflict, NotFound, StorageFailed
from syncd.model import Entry
from tests.core.household import Household, at, opened


async def make(house: Household, *paths: str) -> None:
    for path in paths:
        await folders.make(house.core, house.user, at(path))


async def move(house: Household, source: str, target: str) -> int:
    return await changes.move(house.mount, house.user, at(source), at(target), house.author())


async def known(house: Household) -> list[str]:
    """Every folder there is."""
    return await folders.all_of(house.core, house.user)


def on_disk(house: Household) -> list[str]:
    found = (str(one.relative_to(house.files)) for one in house.files.rglob("*") if one.is_dir())
    return sorted(one for one in found if not one.startswith(".trash"))


async def feed(house: Household, cursor: int = 0, *, is_aware: bool = True) -> list[Entry]:
    return (await house.feed.after(house.user, cursor, 1000, folders=is_aware)).changes


async def row(house: Household, path: str) -> Entry | None:
    return await entries.at(house.mount.index, house.user.id, path)


async def test_an_empty_folder_is_there_and_the_feed_tells(house: Household) -> None:
    await make(house, "book", "book/pictures")
    assert await known(house) == on_disk(house) == ["book", "book/pictures"]
    assert [(one.path, one.is_folder) for one in await feed(house)] == [("book", True), ("book/pictures", True)]
    assert [(one.path, one.live) for one in await feed(house, is_aware=False)] == [
        ("book", False),
        ("book/pictures", False),
    ]
    found = await folders.find(house.core, house.user, at("book"))
    assert found is not None and found.node and found.born_ms


async def test_making_is_refused_where_something_is_or_nothing_to_be_in(house: Household) -> None:
    await house.put("file", b"x")
    await house.put("led/to", b"x")
    await make(house, "made")
    for path in ("made", "led", "file"):
        with pytest.raises(Conflict):
            await make(house, path)
    for path in ("none/below", "file/below", "led/to/below"):
        with pytest.raises(NotFound):
            await make(house, path)
    assert await known(house) == on_disk(house) == ["led", "made"]


async def test_many_want_to_make_the_same_one_does(house: Household) -> None:
    done = await asyncio.gather(*(make(house, "x") for _ in range(9)), return_exceptions=True)
    assert sorted(map(type, done), key=str) == sorted([type(None), *[Conflict] * 8], key=str)


async def test_a_folder_goes_with_its_last_file_unless_it_was_made(house: Household) -> None:
    await make(house, "made")
    for path in ("made/sub/one", "led/sub/one", "led/two"):
        await house.put(path, b"x")
    await house.remove("made/sub/one")
    await house.remove("led/sub/one")
    assert await known(house) == on_disk(house) == ["led", "made"]
    await move(house, "led/two", "made/two")
    assert await known(house) == on_disk(house) == ["made"]


async def test_what_is_restored_and_erased_leaves_no_empty_folders_in_the_trash(house: Household) -> None:
    await house.put("a/b/one", b"1")
    await house.put("a/b/two", b"2")
    for path in ("a/b/one", "a/b/two"):
        await house.remove(path)
    assert on_disk(house) == []
    await changes.restore(house.core, house.user, ["a/b/one"])
    assert on_disk(house) == ["a", "a/b"]
    [lying] = await trash.page(house.core, house.user, 0, 10)
    await trash.erase(house.core, [lying])
    assert list((house.files / ".trash").rglob("*")) == []


NEIGHBOURS = ("pre.txt", "pre!", "pre0", "pre2/x", "pr/x", "Pre/x", "prē/x", "other/pre/x")


async def test_moving_takes_all_of_it_and_nothing_of_its_neighbours(house: Household) -> None:
    await make(house, "pre", "pre/empty")
    for path in ("pre/a", "pre/sub/b", "pre/sub/ü 😀"):
        await house.put(path, path.encode())
    for path in NEIGHBOURS:
        await house.put(path, path.encode())
    before = house.tree()
    nodes = {path: found.node for path in before if (found := await row(house, path))}
    cursor = (await house.feed.after(house.user, 0, 1000)).cursor
    last = await move(house, "pre", "new name")
    moved = {path: path.replace("pre/", "new name/", 1) for path in before if path.startswith("pre/")}
    assert len(moved) == 3
    assert house.tree() == {moved.get(path, path): content for path, content in before.items()}
    for old, new in moved.items():
        there = await row(house, new)
        assert there is not None and there.is_file and there.node == nodes[old] and there.moved_from == old
        assert await tree.node(house.core, house.user, nodes[old]) == there
    told = await feed(house, cursor)
    pairs = list(zip(told[::2], told[1::2], strict=True))
    assert len(pairs) == 5 and told[-1].seq == last
    assert all(gone.moved_to == came.path and came.moved_from == gone.path for gone, came in pairs)
    assert not any(gone.live for gone, _ in pairs)
    assert await known(house) == on_disk(house)
    assert await known(house) == [
        *("Pre", "new name", "new name/empty", "new name/sub", "other", "other/pre", "pr", "pre2", "prē")
    ]


async def test_throwing_away_takes_all_of_it_and_brings_it_back(house: Household) -> None:
    await make(house, "pre", "pre/empty")
    content = {"pre/a": b"1", "pre/sub/b": b"2"}
    for path, data in (*content.items(), *((path, b"n") for path in NEIGHBOURS)):
        await house.put(path, data)
    await house.throw_away("pre")
    assert (house.files / ".trash/pre/empty").is_dir()
    await reconcile.scan(house.core)
    assert not (house.files / ".trash/pre/empty").exists()
    assert sorted(house.tree()) == sorted(NEIGHBOURS)
    assert await known(house) == on_disk(house) == ["Pre", "other", "other/pre", "pr", "pre2", "prē"]
    lying = await trash.page(house.core, house.user, 0, 100)
    assert {one.original: house.trash()[one.place] for one in lying} == content
    await house.put("pre/a", b"another")
    await house.throw_away("pre")
    lying = await trash.page(house.core, house.user, 0, 100)
    assert await changes.restore(house.core, house.user, [one.place for one in lying]) == 3
    assert sorted(house.tree().values()) == sorted([b"1", b"2", b"another", *[b"n"] * len(NEIGHBOURS)])
    assert house.trash() == {}
    report = await reconcile.scan(house.core)
    assert (report.new, report.changed, report.gone) == (0, 0, 0)


async def test_a_folder_of_empty_folders_leaves_nothing_in_the_trash(house: Household) -> None:
    await make(house, "a", "a/b", "a/b/c", "a/d")
    await house.throw_away("a")
    assert await known(house) == on_disk(house) == []
    assert not (house.files / ".trash").exists()


async def test_refused_moves_change_nothing(house: Household) -> None:
    await make(house, "a", "a/b", "taken")
    await house.put("a/file", b"x")
    deep = "/".join(["d" * 200] * 19)
    await house.put(f"a/{deep}", b"x")
    before, told = house.tree(), await feed(house)
    for target in ("taken", "a/b/c", "a/file", "a/file/x", "x" * 250 + "/" + "y" * 250):
        with pytest.raises(Conflict):
            await move(house, "a", target)
    for source in ("none", "tak", "a/none"):
        with pytest.raises(NotFound):
            await move(house, source, "free")
        with pytest.raises(NotFound):
            await house.throw_away(source)
    assert (house.tree(), await feed(house)) == (before, told)
    await move(house, "a", "a")
    assert (house.tree(), await feed(house)) == (before, told)


async def test_a_large_folder_moves_in_pieces_that_nobody_sees(house: Household) -> None:
    count = 2 * FOLDER_PAGE + 3
    (house.files / "big").mkdir(parents=True)
    for number in range(count):
        (house.files / f"big/{number:05}").write_bytes(b"%d" % number)
    await reconcile.scan(house.core)
    before = await entries.newest(house.mount.index)
    last = await move(house, "big", "bigger")
    assert last == before + 2 * count == await entries.newest(house.mount.index)
    assert len(await tree.files_in(house.core, house.user, "bigger")) == count
    await house.throw_away("bigger")
    assert await tree.usage(house.core, house.user) == (0, 0)
    assert len(house.trash()) == count


async def test_a_file_that_needs_the_name(house: Household) -> None:
    await make(house, "made")
    placed = await house.put("made", b"content")
    assert placed.clash is not None and str(placed.path) != "made"
    await house.put("led/to", b"x")
    shutil.rmtree(house.files / "led")
    (house.files / "led").mkdir()
    await reconcile.scan(house.core)
    assert await known(house) == ["led", "made"]  # somebody left it there, empty
    await folders.remove(house.core, house.user, at("led"))
    assert str((await house.put("led", b"content")).path) == "led"


async def test_removing_wants_it_empty(house: Household) -> None:
    await make(house, "a", "a/b")
    await house.put("c/d", b"x")
    for path in ("a", "c"):
        with pytest.raises(Conflict):
            await folders.remove(house.core, house.user, at(path))
    (house.files / "a/b/unseen").write_bytes(b"put there by another program")
    with pytest.raises(Conflict):
        await folders.remove(house.core, house.user, at("a/b"))
    with pytest.raises(NotFound):
        await folders.remove(house.core, house.user, at("c/d"))
    (house.files / "a/b/unseen").unlink()
    await folders.remove(house.core, house.user, at("a/b"))
    await folders.remove(house.core, house.user, at("a"))
    assert await known(house) == on_disk(house) == ["c"]


async def test_what_other_programs_do_to_folders(house: Household) -> None:
    await make(house, "gone", "file", "kept")
    (house.files / "new/below").mkdir(parents=True)
    (house.files / "gone").rmdir()
    (house.files / "file").rmdir()
    (house.files / "file").write_bytes(b"a file now")
    await reconcile.scan(house.core)
    assert await known(house) == ["kept", "new", "new/below"]
    assert (await tree.live(house.core, house.user, at("file"))).size == 10
    with pytest.raises(Conflict):
        await make(house, "new")
    (house.files / "unseen").mkdir()
    await make(house, "unseen")  # nobody has told of it yet
    assert "unseen" in await known(house)


async def test_a_new_index_knows_them_all_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await make(house, "empty", "a", "a/empty")
        await house.put("b/file", b"x")
        before = await known(house)
        await house.core.begin_index_anew()
        await reconcile.scan(house.core)
        assert await known(house) == before
    async with opened(tmp_path) as house:
        assert await known(house) == before == on_disk(house)


async def test_identity_is_kept_over_versions_and_moves_and_ends_with_the_thing(house: Household) -> None:
    await house.put("a", b"1")
    first = await row(house, "a")
    assert first is not None and first.node == first.seq
    await house.put("a", b"2")
    await move(house, "a", "b")
    await move(house, "b", "sub/c")
    moved = await row(house, "sub/c")
    assert moved is not None and (moved.node, moved.born_ms) == (first.node, first.born_ms)
    await house.put("a", b"another")
    other = await row(house, "a")
    assert other is not None and other.node == other.seq
    await house.remove("sub/c")
    assert await tree.node(house.core, house.user, first.node) is None


@pytest.fixture
async def failing(house: Household, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Household]:
    """The index cannot be written to once the renames are done."""

    async def make_folders() -> None:
        await make(house, "a", "a/empty", "parent")
        await house.put("a/file", b"x")
        await house.put("parent/only/one", b"y")

    await make_folders()

    def fail(*_args: object, **_named: object) -> None:
        raise StorageFailed("the disk reports errors")

    with monkeypatch.context() as patched:
        patched.setattr("syncd.core.commit.apply", fail)
        yield house


async def test_what_cannot_be_written_down_is_taken_back(failing: Household) -> None:
    before = (failing.tree(), on_disk(failing))
    for change in (
        move(failing, "a", "b"),
        failing.throw_away("a"),
        make(failing, "a/new"),
        failing.remove("parent/only/one"),
        move(failing, "parent/only/one", "parent/two"),
    ):
        with pytest.raises(StorageFailed):
            await change
        assert (failing.tree(), on_disk(failing)) == before
    assert failing.trash() == {}


async def test_killed_in_between_it_is_finished_at_the_next_start(tmp_path: Path) -> None:
    """What a killed daemon leaves: the intent, and the rename done or not."""
    for is_renamed in (False, True):
        root = tmp_path / str(is_renamed)
        root.mkdir()
        async with opened(root) as house:
            await make(house, "up", "up/a", "up/a/empty")
            await house.put("up/a/file", b"x")
            moved = records.FolderMoved(house.user.id, "up/a", "b", 3)
            binned = records.Gone(house.user.id, "led/one", moved_to="two")
            await house.put("led/one", b"y")
            mtime_ns = (house.files / "led/one").stat().st_mtime_ns
            came = records.Live(house.user.id, "two", b"y" * 32, 1, mtime_ns, moved_from="led/one")
            steps = [
                records.Step(("anna", "up", "a"), ("anna", "b"), (moved,)),
                records.Step(("anna", "led", "one"), ("anna", "two"), (binned, came), emptied=(("anna", "led"),)),
            ]
            await house.mount.index.transact(partial(meta.intend, steps=steps))
            if is_renamed:
                with Batch(house.mount.root) as batch:
                    for step in steps:
                        assert step.source is not None and step.target is not None
                        batch.rename(step.source, step.target)
        async with opened(root) as house:
            assert await known(house) == on_disk(house) == ["b", "b/empty", "up"]
            assert house.tree() == {"b/file": b"x", "two": b"y"}
            assert await tree.files_in(house.core, house.user, "b") == ["b/file"]


def test_steps_of_an_earlier_version_are_still_read() -> None:
    assert records.decode('[["a"], ["b"], []]') == records.Step(("a",), ("b",), ())
    assert records.decode('[["a"], ["b"], [], ["c"], 7]') == records.Step(("a",), ("b",), (), ("c",), 7)
    step = records.Step(None, ("b",), (records.Made(1, "b"),), emptied=(("x", "y"), ("x",)))
    assert records.decode(records.encode(step)) == step


async def test_sequences_are_reserved_for_every_row(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.core.mount.RESERVE_BLOCK", 0)
    await make(house, "a")
    for number in range(7):
        await house.put(f"a/{number}", b"x")
    await move(house, "a", "b")
    await house.throw_away("b")
    core: Core = house.core
    served = await reserved(core)
    assert served >= await entries.newest(house.mount.index)


async def test_sequences_are_reserved_for_what_a_start_finishes(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await make(house, "a")
        await house.put("a/file", b"x")
        moved = records.FolderMoved(house.user.id, "a", "b", 2)
        step = records.Step(("anna", "a"), ("anna", "b"), (moved,))
        await house.mount.index.transact(partial(meta.intend, steps=[step]))
        await house.core._note_last(volumes.OPEN)
        await house.mount.index.close()  # killed: nothing is closed in order
    async with opened(tmp_path) as house:
        assert house.tree() == {"b/file": b"x"}
        assert await reserved(house.core) >= await entries.newest(house.mount.index)


async def reserved(core: Core) -> int:
    return (await volumes.served(core._db))[core.volume.id].reserved
