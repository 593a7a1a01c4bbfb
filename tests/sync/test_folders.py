"""Folders through the door for computers: kept also while they are empty, told to whoever asks for them."""

from __future__ import annotations

import pytest

from tests.conftest import MakeDaemon
from tests.daemon import USER, Daemon
from tests.phone import Phone
from tests.samples import jpeg
from tests.sync.api import Api, Json
from tests.sync.conftest import Laptop, logged_in, new_laptop

pytestmark = pytest.mark.slow


def told(answer: Json) -> list[tuple[str, str, bool]]:
    return [(one["path"], one["change_type"], one.get("is_folder", False)) for one in answer["changes"]]


@pytest.fixture
def laptop(person: Api) -> Laptop:
    return new_laptop(person)


def test_a_folder_is_kept_told_and_removed(laptop: Laptop, server: Daemon) -> None:
    api = laptop.api
    cursor = api.all_changes(0)[1]
    assert api.keep_folder("Plans/2027/empty").status == 201
    assert (server.tree() / "Plans/2027/empty").is_dir()
    assert api.keep_folder("Plans/2027/empty").status == 200
    assert api.folders("Plans").json() == {"folders": ["Plans/2027", "Plans/2027/empty"]}
    assert {"Plans", "Plans/2027", "Plans/2027/empty"} <= set(api.folders().json()["folders"])
    page = api.changes(cursor, folders=1, wait=10).json()
    assert told(page) == [("Plans/2027/empty", "created", True)]
    assert page["changes"][0]["content_hash"] is page["changes"][0]["file_size"] is None
    assert told(api.changes(cursor).json()) == told(api.changes(cursor, folders=0).json())
    assert told(api.changes(cursor).json()) == [("Plans/2027/empty", "deleted", False)]
    assert api.remove_folder("Plans/2027/empty").status == 204
    assert told(api.changes(cursor, folders=1).json()) == [("Plans/2027/empty", "deleted", False)]
    assert not (server.tree() / "Plans").exists()
    assert api.remove_folder("Plans/2027/empty").status == 404


def test_events_tell_of_folders_to_whoever_asks(laptop: Laptop) -> None:
    cursor = laptop.api.all_changes(0)[1]
    with laptop.api.events(cursor, folders=1) as aware, laptop.api.events(cursor) as unaware:
        assert laptop.api.keep_folder("heard of").status == 201
        assert next(iter(aware)).data["is_folder"] is True
        assert next(iter(unaware)).data["change_type"] == "deleted"


def test_what_is_in_the_way_or_in_it(laptop: Laptop) -> None:
    api = laptop.api
    assert api.put("way/file.txt", b"x").status == 201
    for path in ("way/file.txt", "way/file.txt/below"):
        answer = api.keep_folder(path)
        assert (answer.status, answer.json()["code"]) == (409, "conflict")
    answer = api.remove_folder("way")
    assert (answer.status, answer.json()["code"]) == (409, "conflict")
    assert api.remove_folder("way/file.txt").status == 404
    for path in ("..", "a/../b", ".trash", "a//b/."):
        assert api.keep_folder(path).status in (400, 404)
    assert api.changes(0, folders=2).status == 400
    assert api.download("way/file.txt").body == b"x"


def test_a_folder_that_only_led_to_a_file_goes_with_it_and_a_kept_one_stays(laptop: Laptop, server: Daemon) -> None:
    api = laptop.api
    for path in ("led/a.txt", "kept/a.txt"):
        assert api.put(path, b"x").status == 201
    assert api.keep_folder("kept").status == 200
    for path in ("led/a.txt", "kept/a.txt"):
        assert api.delete(path).status == 204
    listed = api.folders().json()["folders"]
    assert "kept" in listed and "led" not in listed
    assert (server.tree() / "kept").is_dir() and not (server.tree() / "led").exists()


def test_a_whole_folder_moves(laptop: Laptop, server: Daemon) -> None:
    api = laptop.api
    for path in ("old/a.txt", "old/sub/b.txt", "old2/c.txt"):
        assert api.put(path, path.encode()).status == 201
    assert api.keep_folder("old/empty").status == 201
    cursor = api.all_changes(0)[1]
    answer = api.move("old", "new")
    assert (answer.status, answer.json()["path"]) == (200, "new")
    changes, newest = api.all_changes(cursor)
    assert newest == answer.json()["sequence"] == changes[-1]["sequence"]
    moves = {one["moved_from"]: one["path"] for one in changes if "moved_from" in one}
    assert moves == {"old/a.txt": "new/a.txt", "old/sub/b.txt": "new/sub/b.txt"}
    assert api.download("new/sub/b.txt").body == b"old/sub/b.txt"
    assert api.download("old2/c.txt").body == b"old2/c.txt"
    assert sorted(str(one.relative_to(server.tree())) for one in (server.tree() / "new").rglob("*")) == [
        *("new/a.txt", "new/empty", "new/sub", "new/sub/b.txt")
    ]
    assert api.move("new", "new/below").status == 409
    assert api.move("new", "old2").status == 409
    assert api.move("old", "anywhere").status == 404


def test_a_month_that_was_made_is_in_the_months_of_the_app(laptop: Laptop, server: Daemon) -> None:
    phone = Phone(f"{server.url}/k/{server.add_device(USER, 'months')}", USER, "months")
    assert laptop.api.keep_folder("months/2021/7").status == 201
    assert {"Year": "2021", "Months": ["2021/7"]} in phone.folders().json()
    assert phone.listed("2021/7") == []
    assert phone.upload("x.jpg", jpeg(), date="2021-7").status == 200
    assert len(phone.listed("2021/7")) == 1


def test_folders_are_there_after_a_killed_daemon_and_a_new_index(daemon: MakeDaemon) -> None:
    server = daemon({"media": {"workers": 1}})
    api = new_laptop(logged_in(server)).api
    assert api.keep_folder("a/b").status == 201
    assert api.put("c/d.txt", b"x").status == 201
    server.kill()
    server.start()
    assert api.folders().json() == {"folders": ["a", "a/b", "c"]}
    server.must("rebuild")
    assert api.folders().json() == {"folders": ["a", "a/b", "c"]}
    assert told(api.changes(0, folders=1).json())[0][0] in ("a/b", "c/d.txt")
