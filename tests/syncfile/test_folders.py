"""Folders: rows 17 to 34 of the protocol page, and what it says beside them."""

from __future__ import annotations

import re

import pytest

from tests.daemon import Daemon
from tests.syncfile.client import Client

KEYS = {"id", "parentid", "type", "size", "createdate", "creator", "filename", "foldername", "path"}


def test_a_folder_is_made(person: Client, server: Daemon) -> None:
    """Row 17."""
    answer = person.folder("mkdir", "book")
    assert (answer["error_code"], answer["msg"]) == (1100, "folder created successfully")
    assert (server.tree(person.name) / "book").is_dir()


def test_a_folder_is_made_once(person: Client) -> None:
    """Row 18."""
    person.folder("mkdir", "book")
    answer = person.folder("mkdir", "book")
    assert (answer["error_code"], answer["msg"]) == (1101, "folder already exist")
    person.upload("x.txt", b"1")
    assert person.code("mkdir", "x.txt") == 1101


@pytest.mark.parametrize("path", [r"book\lol\ooo\lol\ooo", "book/lol/ooo", "other/x", "x.txt/y"])
def test_what_a_folder_is_in_is_made_first(person: Client, path: str) -> None:
    """Row 19."""
    person.folder("mkdir", "book")
    person.upload("x.txt", b"1")
    answer = person.folder("mkdir", path)
    assert answer["error_code"] == 1102
    assert answer["msg"] == "folder path error. the parent folde should be created firstly. and use \\"


@pytest.mark.parametrize("op", ["mkdir", "getdetail", "rename", "rm", "list", "nonsense", ""])
def test_no_path_ends_with_a_backslash(person: Client, op: str) -> None:
    """Row 20."""
    answer = person.folder(op, "book\\lol\\")
    assert (answer["error_code"], answer["msg"]) == (1103, "folder path should not ended with \\")


@pytest.mark.parametrize("op", ["mkdir", "getdetail", "rename", "rm", "list", "nonsense"])
def test_no_path_is_blank(person: Client, op: str) -> None:
    """Row 21."""
    assert person.code(op, "") == person.code(op, "  ") == 1103
    assert person.get("folder", op=op, authid=person.authid)["error_code"] == 1103


def test_both_separators_are_one(person: Client) -> None:
    """Row 22."""
    assert [person.code("mkdir", path) for path in ("book", r"book\code", "book/pics")] == [1100, 1100, 1100]
    assert [person.code("mkdir", path) for path in ("book/code", r"book\pics", r"book\\pics", "book//pics")] == [
        1101
    ] * 4
    book = person.details("book")["id"]
    assert {person.details(path)["parentid"] for path in (r"book\code", "book/code", "book/pics")} == {book}
    assert person.details(r"book\code") == person.details("book/code/")


def test_a_slash_at_the_end_is_left_out(person: Client) -> None:
    """Row 23."""
    assert person.code("mkdir", "tslash/") == 1100
    assert person.code("mkdir", "tslash") == person.code("mkdir", "tslash//") == 1101


def test_details_of_the_whole_tree(person: Client) -> None:
    """Row 24."""
    found = person.details("root")
    assert set(found) == KEYS
    assert (found["parentid"], found["size"], found["type"]) == ("root", "0", "folder")
    assert (found["path"], found["foldername"], found["filename"]) == (person.name, person.name, "")
    person.folder("mkdir", "a")
    assert person.details("a")["parentid"] == found["id"]


def test_details_of_a_folder(person: Client) -> None:
    """Row 25."""
    person.folder("mkdir", "book")
    found = person.details("book")
    assert set(found) == KEYS and {type(one) for one in found.values()} == {str}
    assert re.fullmatch(r"[0-9a-f]{8}(x[0-9a-f]{4}){3}x[0-9a-f]{12}", found["id"])
    assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC", found["createdate"])
    assert found == person.details("book") | {
        "type": "folder", "size": "0", "creator": person.name, "filename": "", "foldername": "book",
        "path": f"{person.name}/book",
    }  # fmt: skip


def test_details_of_a_file(person: Client) -> None:
    person.folder("mkdir", "book")
    person.upload("book/x.txt", b"12345")
    found = person.details(r"book\x.txt")
    assert found == found | {
        "type": "file", "size": "5", "filename": "x.txt", "foldername": "", "path": f"{person.name}/book/x.txt",
        "parentid": person.details("book")["id"],
    }  # fmt: skip


@pytest.mark.parametrize("path", [r"xxx\ooo", "xxx", "boo", "book/x"])
def test_there_are_no_details_of_nothing(person: Client, path: str) -> None:
    """Row 26."""
    person.folder("mkdir", "book")
    answer = person.folder("getdetail", path)
    assert (answer["error_code"], answer["details"]) == (1121, "")
    assert answer["msg"] == "foler not exist. please check path format & content"


def test_a_folder_gets_another_name(person: Client) -> None:
    """Row 27."""
    person.folder("mkdir", "testdir")
    before = person.details("testdir")
    answer = person.folder("rename", "testdir", name="modified")
    assert (answer["error_code"], answer["msg"]) == (1130, "renamed folder testdir to modified")
    assert person.code("getdetail", "testdir") == 1121
    after = person.details("modified")
    assert (after["id"], after["foldername"]) == (before["id"], "modified")


def test_nothing_gets_no_other_name(person: Client) -> None:
    """Row 28."""
    answer = person.folder("rename", "notexistpath", name="x")
    assert (answer["error_code"], answer["msg"]) == (1131, "requested folder not exist")


def test_what_is_in_a_folder_goes_with_it(person: Client) -> None:
    """Row 29."""
    for path in ("a", "a/testdir", "a/testdir/sub"):
        person.folder("mkdir", path)
    person.upload("a/testdir/sub/x.bin", bytes(range(256)))
    before = person.details("a/testdir/sub/x.bin")["id"]
    assert person.code("rename", r"a\testdir", name="modified") == 1130
    assert person.content("a/modified/sub/x.bin") == bytes(range(256))
    assert person.details("a/modified/sub/x.bin")["id"] == before
    assert person.download("a/testdir/sub/x.bin")["error_code"] == 1221


def test_a_file_gets_another_name(person: Client) -> None:
    person.upload("x.txt", b"1")
    assert person.code("rename", "x.txt", name="y.txt") == 1130
    assert (person.content("y.txt"), person.details("y.txt")["filename"]) == (b"1", "y.txt")
    assert person.code("getdetail", "x.txt") == 1121


BLANKS = [" ", " x", "x\u3000"]
BAD_NAMES = [
    *("", ".", "..", "a/b", "a\\b", "/a", "a\0b", "x" * 256, "\udcff", "root", "c:", "C:x", ".trash", "taken"),
    *BLANKS,
]


@pytest.mark.parametrize("wanted", BAD_NAMES, ids=range(len(BAD_NAMES)))
def test_a_name_that_cannot_be_is_refused(person: Client, wanted: str) -> None:
    person.folder("mkdir", "book")
    person.folder("mkdir", "taken")
    answer = person.folder("rename", "book", name=wanted)
    assert (answer["error_code"], answer["status"]) == (1131, "error")
    assert sorted(person.names("root")) == ["book", "taken"]


def test_a_folder_goes_with_all_that_is_in_it(person: Client, server: Daemon) -> None:
    """Row 30."""
    for path in ("book", "book/code"):
        person.folder("mkdir", path)
    person.upload("book/code/x.txt", b"1")
    answer = person.folder("rm", "book")
    assert (answer["error_code"], answer["msg"]) == (1140, "folder removed")
    assert person.names("root") == []
    assert person.download("book/code/x.txt")["error_code"] == 1221
    assert not (server.tree(person.name) / "book").exists()
    assert person.code("mkdir", "book") == 1100


@pytest.mark.parametrize("path", ["notexistpath", "root", "book/x", "boo"])
def test_what_is_not_there_is_not_removed(person: Client, path: str) -> None:
    """Row 31."""
    person.folder("mkdir", "book")
    answer = person.folder("rm", path)
    assert answer["error_code"] == 1141
    assert answer["msg"] == "requested folder not exist. or path format error(use /)"
    assert person.names("root") == ["book"]


def test_what_is_too_deep_for_the_trash_is_told(person: Client) -> None:
    """A path in the trash is a little longer than it was, and the kernel takes no longer ones than 4,095 bytes."""
    top = "n" * 200
    folders = ["/".join([top] * depth) for depth in range(1, 21)]
    assert [person.code("mkdir", folder) for folder in folders] == [1100] * 20
    deepest = f"{folders[-1]}/{'f' * 65}"
    assert person.upload(deepest, b"1")["error_code"] == 1210
    for path in (deepest, top):
        answer = person.folder("rm", path)
        assert answer["error_code"] == 1141 and "not exist" not in answer["msg"]
    assert person.content(deepest) == b"1"


def test_a_file_is_really_removed(person: Client, server: Daemon) -> None:
    person.upload("x.txt", b"1")
    assert person.code("rm", "x.txt") == 1140
    assert not (server.tree(person.name) / "x.txt").exists()
    assert person.upload("x.txt", b"2")["error_code"] == 1210
    assert person.content("x.txt") == b"2"


def test_names_of_everything(person: Client) -> None:
    """Row 32."""
    for path in ("book", r"book\pics"):
        person.folder("mkdir", path)
    person.upload("x.txt", b"123")
    answer = person.folder("list", "root")
    assert (answer["error_code"], answer["msg"]) == (1150, "get folder list")
    assert answer["details"] == ["book", "pics", "x.txt"]
    assert answer["entries"] == [
        {"path": "book", "type": "folder", "size": "0"},
        {"path": "book/pics", "type": "folder", "size": "0"},
        {"path": "x.txt", "type": "file", "size": "3"},
    ]


def test_names_of_what_is_in_a_folder(person: Client) -> None:
    """Row 33."""
    for path in ("book", "book/pics", "book/pics/old"):
        person.folder("mkdir", path)
    person.upload("book/pics/x.txt", b"")
    assert person.names("book") == ["pics", "old", "x.txt"]
    assert person.names(r"book\pics/old") == []
    assert person.folder("list", "book/pics/old")["entries"] == []


@pytest.mark.parametrize("path", ["notexistfolder", "x.txt", "book/x"])
def test_what_is_no_folder_is_not_listed(person: Client, path: str) -> None:
    """Row 34."""
    person.upload("x.txt", b"")
    answer = person.folder("list", path)
    assert answer == {
        "status": "error", "error_code": 1151, "msg": "requested folder not exist. or path format error(use /)"
    }  # fmt: skip


def test_a_folder_that_only_leads_to_files_is_one(person: Client, server: Daemon) -> None:
    """Other doors make no folders before they store."""
    key = server.add_device(person.name, "phone")
    answer = person.ask("PUT", "/api/v1/sync/files/a/b/x.txt", b"12", {"Authorization": f"Bearer {key}"})
    assert answer.status == 201
    assert person.names("root") == ["a", "b", "x.txt"]
    assert person.names("a") == ["b", "x.txt"]
    assert person.details("a/b")["parentid"] == person.details("a")["id"]
    assert person.details("a/b") == person.details("a/b")
    assert person.code("mkdir", "a") == 1101
    assert person.code("mkdir", "a/b/c") == 1100
    assert person.code("rename", "a", name="z") == 1130
    assert person.content("z/b/x.txt") == b"12"
    assert person.code("rm", "z") == 1140
    assert person.names("root") == []


def test_no_folder_hides_behind_the_name_of_the_whole_tree(person: Client) -> None:
    assert person.code("mkdir", "root") == person.code("mkdir", "root/") == 1101
    assert person.upload("root", b"1")["error_code"] == 1202
    person.folder("mkdir", "a")
    assert person.code("mkdir", "a/root") == 1100
    assert person.details("a/root")["path"] == f"{person.name}/a/root"


@pytest.mark.parametrize("op", ["", "copy", "MKDIR", "upload", "\udcff"])
def test_an_unknown_op_is_told(person: Client, op: str) -> None:
    """Row 48."""
    answer = person.folder(op, "book")
    assert (answer["error_code"], answer["msg"]) == (1206, "Incorrect API format, please check manual")


def test_the_last_of_a_repeated_parameter_counts(person: Client) -> None:
    answer = person.ask("GET", f"/v1/folder?op=list&&path=no&path=book&&op=mkdir&authid=x&&authid={person.authid}&")
    assert b"1100" in answer.body
    assert person.names("root") == ["book"]
