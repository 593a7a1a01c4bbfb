"""`/move-to-trash`, `/restore` and `/delete-all`: nothing is ever overwritten or lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import samples
from tests.daemon import Daemon
from tests.phone import Phone

X, Y = "2024/5/x.jpg", "2024/5/y.mp4"


@pytest.fixture
def owner(phone: Phone) -> Phone:
    """A phone with a picture X and a video Y on the server."""
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    assert phone.upload("y.mp4", samples.film("mp4")).status == 200
    return phone


def works(phone: Phone, path: str, content: bytes) -> bool:
    """Does everything that can be asked of a file succeed for *path*?"""
    thumbnail = phone.img(path)
    return (
        (thumbnail.status, thumbnail.header("content-type")) == (200, "image/png")
        and phone.img(path, "full").body == content
        and phone.img(path, "high").status == 200
        and phone.stream(path).body == content
        and phone.stream(path, "bytes=1-3").body == content[1:4]
    )


def test_trashed_files_work_under_trash(owner: Phone, open_daemon: Daemon) -> None:
    """Row 53."""
    answer = owner.move_to_trash(X, Y)
    assert answer.status == 200
    assert answer.header("content-type").startswith("application/json")
    answer.json()
    assert owner.listed("2024/5") == []
    assert owner.listed("Trash") == [f"Trash/{X}", f"Trash/{Y}"]
    assert owner.listed("Trash/2024/5") == [f"Trash/{X}", f"Trash/{Y}"]
    assert works(owner, f"Trash/{X}", samples.jpeg())
    assert works(owner, f"Trash/{Y}", samples.film("mp4"))
    assert owner.img(X).status == 404
    assert owner.stream(X).status == 404
    lying = [path.read_bytes() for path in (open_daemon.tree(owner.user) / ".trash").rglob("*") if path.is_file()]
    assert sorted(lying) == sorted([samples.jpeg(), samples.film("mp4")])


def test_hopeless_moves_are_ignored(owner: Phone) -> None:
    """Row 54."""
    assert owner.move_to_trash(X).status == 200
    before = owner.listed("2024/5"), owner.listed("Trash")
    hopeless = (
        "2024/5/none.jpg",
        "",
        "..",
        "../../x",
        f"Trash/{X}",
        "Trash",
        "2024/5",
        "2024",
        "Thumbnails/2024/5/y.mp4",
        "2024/../2024/5/y.mp4",
        "/2024/5/y.mp4/..",
        "a\0b",
    )
    assert owner.move_to_trash(*hopeless).status == 200
    assert (owner.listed("2024/5"), owner.listed("Trash")) == before


def test_one_bad_entry_does_not_hold_up_the_others(owner: Phone) -> None:
    assert owner.move_to_trash("..", X, "2024/5/none.jpg").status == 200
    assert owner.listed("Trash") == [f"Trash/{X}"]


def test_restored_files_are_as_before(owner: Phone) -> None:
    """Row 55."""
    assert owner.move_to_trash(X, Y).status == 200
    answer = owner.restore(f"Trash/{X}", f"Trash/{Y}")
    assert answer.status == 200
    assert answer.header("content-type").startswith("application/json")
    assert owner.listed("2024/5") == [X, Y]
    assert owner.listed("Trash") == []
    assert works(owner, X, samples.jpeg())
    assert works(owner, Y, samples.film("mp4"))


def test_restore_of_what_is_not_in_the_trash_is_ignored(owner: Phone) -> None:
    """Row 56."""
    assert owner.move_to_trash(Y).status == 200
    hopeless = (X, "Trash", "Trash/", "Trash/2024/5", "Trash/../2024/5/x.jpg", "", "Trash/no.jpg")
    assert owner.restore(*hopeless).status == 200
    assert owner.listed("2024/5") == [X]
    assert owner.listed("Trash") == [f"Trash/{Y}"]


@pytest.mark.parametrize("endpoint", ["move-to-trash", "restore"])
def test_request_must_name_user_and_device(owner: Phone, endpoint: str) -> None:
    who = {"User": owner.user, "DeviceId": owner.device}
    for half in ({}, {**who, "User": ""}, {**who, "DeviceId": ""}):
        assert owner.post(endpoint, {"UserData": half, "Files": [X]}).status == 400
    assert owner.begin_post(endpoint, b"{").answer().status == 400
    assert owner.post(endpoint, {"UserData": who}).status == 200
    assert owner.post(endpoint, {"UserData": who, "Files": None}).status == 200
    wrong = owner.raw("GET", owner.target(endpoint))
    assert wrong.status == 405
    assert "POST" in wrong.header("allow")
    assert owner.listed("2024/5") == [X, Y]


def test_names_that_meet_in_the_trash_are_both_kept(phone: Phone) -> None:
    contents = [samples.jpeg((number, 9, 9)) for number in range(2)]
    for content in contents:
        assert phone.upload("x.jpg", content).status == 200
        assert phone.move_to_trash(X).status == 200
    assert phone.listed("Trash") == ["Trash/2024/5/x (2).jpg", f"Trash/{X}"]
    assert [phone.stream(path).body for path in (f"Trash/{X}", "Trash/2024/5/x (2).jpg")] == contents
    assert phone.restore(*phone.listed("Trash")).status == 200
    assert phone.listed("2024/5") == ["2024/5/x (2).jpg", X]
    assert sorted(phone.stream(path).body for path in phone.listed("2024/5")) == sorted(contents)


def test_restore_does_not_overwrite_what_came_meanwhile(phone: Phone) -> None:
    old, new = samples.jpeg((1, 2, 3)), samples.jpeg((3, 2, 1))
    assert phone.upload("x.jpg", old).status == 200
    assert phone.move_to_trash(X).status == 200
    assert phone.upload("x.jpg", new).status == 200
    assert phone.restore(f"Trash/{X}").status == 200
    assert phone.stream(X).body == new
    assert phone.stream("2024/5/x (2).jpg").body == old


def test_thousands_of_paths_in_one_request(owner: Phone) -> None:
    missing = [f"2024/5/{'long name ' * 20}{number}.jpg" for number in range(8000)]
    assert owner.move_to_trash(*missing, X).status == 200
    assert owner.listed("Trash") == [f"Trash/{X}"]


def test_other_devices_keep_theirs(owner: Phone) -> None:
    tablet = replace(owner, device="tablet")
    assert tablet.upload("x.jpg", samples.jpeg()).status == 200
    assert owner.move_to_trash(X).status == 200
    assert tablet.listed("2024/5") == [X]
    assert tablet.listed("Trash") == []


def test_delete_all_moves_the_device_to_the_trash(owner: Phone) -> None:
    """Row 70."""
    tablet = replace(owner, device="tablet")
    assert tablet.upload("x.jpg", samples.jpeg()).status == 200
    assert owner.delete_all().status == 200
    assert owner.folders().json() == []
    assert sorted(owner.listed("Trash")) == [f"Trash/{X}", f"Trash/{Y}"]
    assert tablet.listed("2024/5") == [X]
    assert owner.restore(f"Trash/{X}").status == 200
    assert owner.stream(X).body == samples.jpeg()


def test_delete_all_needs_a_device(owner: Phone) -> None:
    assert replace(owner, device="").delete_all().status == 400
    assert owner.listed("2024/5") == [X, Y]


def test_delete_all_can_be_switched_off(nora: Phone) -> None:
    assert nora.upload("x.jpg", samples.jpeg()).status == 200
    assert nora.delete_all().status == 404
    assert nora.listed("2024/5") == [X]
