"""What a device says it did: the table of the protocol, row by row, and that repeating it changes nothing."""

from __future__ import annotations

from syncd.core import clashes, reports
from syncd.core.conflicts import NOTHING, Knowledge
from syncd.core.reports import Reply, Reported, What
from syncd.errors import Conflict
from tests.core.household import Household, at, knows, sha


async def report(house: Household, *changes: Reported) -> Reply:
    return await reports.take(house.mount, house.user, changes, house.author())


def wrote(path: str, content: bytes, knowledge: Knowledge = NOTHING, what: What = "modified") -> Reported:
    return Reported(what, at(path), knowledge, sha(content))


def deleted(path: str, knowledge: Knowledge = NOTHING) -> Reported:
    return Reported("deleted", at(path), knowledge)


def moved(old: str, new: str, content: bytes, knowledge: Knowledge = NOTHING) -> Reported:
    return Reported("moved", at(new), knowledge, sha(content), at(old))


async def test_written_what_is_there_already(house: Household) -> None:
    await house.create("x", b"x")
    reply = await report(house, wrote("x", b"x"))
    assert (reply.accepted, reply.upload_required, reply.conflicts) == (["x"], [], [])


async def test_written_where_nothing_is(house: Household) -> None:
    assert (await report(house, wrote("x", b"x", what="created"))).upload_required == ["x"]


async def test_written_over_the_version_that_was_known(house: Household) -> None:
    first = await house.create("x", b"x")
    assert (await report(house, wrote("x", b"y", knows(b"x")))).upload_required == ["x"]
    assert (await report(house, wrote("x", b"y", Knowledge(cursor=first.seq)))).upload_required == ["x"]


async def test_written_over_another_version_is_one_conflict_however_often_it_is_said(house: Household) -> None:
    await house.create("x", b"x")
    for _ in range(3):
        [clash] = (await report(house, wrote("x", b"mine", knows(b"older")))).conflicts
        assert (clash.kind, clash.local_hash, clash.server_hash, clash.copy) == (
            *("edit_edit", sha(b"mine"), sha(b"x")),
            None,
        )
    assert len(await clashes.unresolved(house.mount, house.user)) == 1


async def test_written_without_saying_what_is_asked_for(house: Household) -> None:
    await house.create("x", b"x")
    assert (await report(house, Reported("modified", at("x"), NOTHING))).upload_required == ["x"]


async def test_deleted_what_is_gone(house: Household) -> None:
    await house.create("x", b"x")
    await house.remove("x")
    assert (await report(house, deleted("x"), deleted("never/was"))).accepted == ["x", "never/was"]


async def test_deleted_what_was_known_goes_to_the_trash_once(house: Household) -> None:
    await house.create("x", b"x")
    for _ in range(2):
        assert (await report(house, deleted("x", knows(b"x")))).accepted == ["x"]
    assert (house.tree(), house.trash()) == ({}, {"x": b"x"})


async def test_deleted_what_was_not_known_stays(house: Household) -> None:
    await house.create("x", b"newer")
    [clash] = (await report(house, deleted("x", knows(b"older")))).conflicts
    assert (clash.kind, clash.local_hash) == ("delete_edit", b"")
    assert house.tree() == {"x": b"newer"}


async def test_moved_what_was_known_is_renamed_and_not_sent_again(house: Household) -> None:
    await house.create("x", b"x")
    reply = await report(house, moved("x", "a/y", b"x", knows(b"x")))
    assert (reply.accepted, reply.upload_required) == (["a/y"], [])
    assert house.tree() == {"a/y": b"x"}
    assert (await report(house, moved("x", "a/y", b"x", knows(b"x")))).accepted == ["x", "a/y"]


async def test_moved_to_a_place_that_is_taken_is_a_deletion_and_a_creation(house: Household) -> None:
    await house.create("x", b"x")
    await house.create("y", b"y")
    reply = await report(house, moved("x", "y", b"x", knows(b"x")))
    assert reply.accepted == ["x"]
    assert [clash.path for clash in reply.conflicts] == ["y"]
    assert (house.tree(), house.trash()) == ({"y": b"y"}, {"x": b"x"})


async def test_moved_and_changed_has_to_be_sent(house: Household) -> None:
    await house.create("x", b"x")
    reply = await report(house, moved("x", "y", b"changed", knows(b"x")))
    assert (reply.accepted, reply.upload_required) == (["x"], ["y"])


async def test_changes_that_build_on_each_other_in_one_report(house: Household) -> None:
    await house.create("x", b"x")
    await house.create("dir", b"was a file")
    reply = await report(
        house,
        moved("x", "y", b"x", knows(b"x")),
        moved("y", "z", b"x", knows(b"x")),
        deleted("dir", knows(b"was a file")),
        moved("z", "dir/z", b"x", knows(b"x")),
    )
    assert reply.accepted == ["y", "z", "dir", "dir/z"]
    assert house.tree() == {"dir/z": b"x"}


async def test_a_path_below_a_file_is_refused_alone(house: Household) -> None:
    await house.create("file", b"f")
    await house.create("x", b"x")
    reply = await report(house, moved("x", "file/x", b"x", knows(b"x")), wrote("new", b"n"))
    assert reply.upload_required == ["new"]
    assert [(str(path), type(refusal)) for path, refusal in reply.refused] == [("file/x", Conflict)]
    assert house.tree() == {"file": b"f", "x": b"x"}


async def test_a_thousand_renames_in_one_folder_are_few_commits(house: Household) -> None:
    names = [f"d/{number}" for number in range(150)]
    for name in names:
        await house.create(name, name.encode())
    before = house.core.commits
    reply = await report(house, *(moved(name, f"e/{name[2:]}", name.encode(), knows(name.encode())) for name in names))
    assert len(reply.accepted) == 150
    assert house.core.commits - before == 2


async def test_the_winner_that_is_still_to_come_is_waited_for(house: Household) -> None:
    await house.create("x", b"theirs")
    [clash] = (await report(house, wrote("x", b"mine"))).conflicts
    done = await clashes.resolve(house.mount, house.user, clash.id, "client_wins", house.author())
    assert done.upload_required
    assert (await report(house, wrote("x", b"mine"))).upload_required == ["x"]
    placed = await house.create("x", b"mine")
    assert (str(placed.path), placed.clash) == ("x", None)
    assert (house.tree(), house.trash()) == ({"x": b"mine"}, {"x": b"theirs"})
