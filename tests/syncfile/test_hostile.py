"""Nobody gets out of their tree, and nobody into another's: row 46, and what siblings by prefix may see."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from tests.daemon import Daemon
from tests.syncfile.client import Client, asked
from tests.syncfile.conftest import joined

OUT = [
    *("..", "../OTHER", "../OTHER/x.txt", "a/../../OTHER/x.txt", "a/..", "./x", "a/./x", "a/."),
    *("/OTHER/x.txt", "/", "//", "//OTHER/x", "/etc/passwd", "\\OTHER\\x.txt", "\\\\OTHER\\share\\x"),
    *("..\\OTHER\\x.txt", "a\\..\\..\\OTHER\\x.txt", "C:\\x.txt", "c:x", "C:/x", "c:", "Z:\\..\\x"),
    *(
        ".trash",
        ".trash/x",
        ".syncd/index.db",
        ".Trash/x",
        "a\0b",
        "a\nb",
        "\x7f",
        "x" * 256,
        "é" * 150,
        "a/" * 80 + "a",
    ),
    *("a/" * 2100 + "a", "\udcff", "a\udc80/b", "‥/x", "．．/x", "%2e%2e/x", "~/x", "-rf", "*", "?", "$(id)", "';--"),
]
REFUSED_BY = {"mkdir": 1102, "getdetail": 1121, "rename": 1131, "rm": 1141, "list": 1151}
HARMLESS = {"‥/x", "．．/x", "%2e%2e/x", "~/x", "-rf", "*", "?", "$(id)", "';--"}  # odd, and harmless


def on_disk(server: Daemon, *users: str) -> set[str]:
    """Everything in the storage but for the service folder and the trees of *users*."""
    found = (one.relative_to(server.storage) for one in server.storage.rglob("*"))
    return {str(one) for one in found if one.parts[0] not in (".syncd", *users)}


@pytest.fixture(scope="module")
def pair(server: Daemon) -> tuple[Client, Client]:
    """Two people, one with a file that the other would like to have."""
    victim, attacker = joined(server, "victim", "127.0.2.1"), joined(server, "attacker", "127.0.2.2")
    victim.folder("mkdir", "private")
    victim.upload("x.txt", b"theirs")
    return victim, attacker


@pytest.mark.parametrize("path", OUT, ids=range(len(OUT)))
def test_nothing_leads_out_of_a_tree(server: Daemon, pair: tuple[Client, Client], path: str) -> None:
    """Row 46."""
    victim, attacker = pair
    path = path.replace("OTHER", victim.name)
    before = on_disk(server, attacker.name)
    for op, code in REFUSED_BY.items():
        answer = attacker.folder(op, path, name="y")
        assert path in HARMLESS or answer["error_code"] == (1103 if path.endswith("\\") else code), answer
    attacker.folder("mkdir", "a")
    attacker.folder("rename", "a", name=path)
    attacker.folder("rm", path)
    assert attacker.download(path)["error_code"] == 1221
    for overwrite in ("", "1"):
        answer = attacker.upload(path, b"mine", overwrite=overwrite)
        assert path in HARMLESS or answer["error_code"] in (1206, 1204), answer
    attacker.upload("up", b"mine")
    attacker.folder("rename", "up", name=path)
    assert on_disk(server, attacker.name) == before
    assert victim.content("x.txt") == b"theirs"
    assert sorted(victim.names("root")) == ["private", "x.txt"]


ODD = ["", "\0", "\udcff", "x" * 300, "x" * 9000, "..", "%", "&&=;", "\r\nX: y", "{}", "[]", "-1", "９", "\u202e"]
PARAMETERS = {
    "userRegister": ("username", "password", "email"),
    "getAuthID": ("username", "password"),
    "isAuthAlive": ("authid",),
    "folder": ("op", "path", "name", "authid"),
    "file": ("op", "filepath", "authid", "overwrite"),
    "f": ("id",),
}
WHERE = [(call, one) for call, names in PARAMETERS.items() for one in names]


@pytest.mark.parametrize(("call", "parameter"), WHERE)
def test_no_parameter_upsets_the_server(server: Daemon, pair: tuple[Client, Client], call: str, parameter: str) -> None:
    _, attacker = pair
    fine = {"authid": attacker.authid, "op": "mkdir" if call == "folder" else "upload", "path": "p", "filepath": "q"}
    for odd, method in itertools.product(ODD, ("GET", "POST", "HEAD")):
        answer = attacker.ask(
            method, f"/v1/{call}?{asked({**fine, parameter: odd})}", b"1" if method == "POST" else None
        )
        assert answer.status in (200, 400, 404, 405), (answer.status, odd)
        assert str(server.root).encode() not in answer.body and b"Traceback" not in answer.body
    assert server.health() == 200
    assert "Traceback" not in server.log_tail()


def test_bytes_in_a_query_that_are_no_text(pair: tuple[Client, Client]) -> None:
    _, attacker = pair
    for raw in ("%FF%FE", "%C0%AE%C0%AE", "%ED%A0%80", "%00", "a%2F..%2F..%2Fvictim", "%2e%2e%5cvictim"):
        answer = attacker.ask("GET", f"/v1/folder?op=mkdir&authid={attacker.authid}&path={raw}")
        assert json.loads(answer.body)["error_code"] == 1102


@pytest.mark.parametrize(("one", "other"), [("bob", "bobby"), ("pre", "pre2"), ("a", "ab")])
def test_users_who_are_siblings_by_name_never_meet(server: Daemon, one: str, other: str) -> None:
    first, second = joined(server, one, "127.0.2.3"), joined(server, other, "127.0.2.3")
    second.folder("mkdir", "theirs")
    second.upload("theirs/x.txt", b"2")
    second.upload("y.txt", b"2")
    link = second.link("y.txt")
    assert first.names("root") == []
    for path in (f"{other}", f"../{other}", f"..\\{other}\\y.txt", "y.txt", "theirs", "theirs/x.txt"):
        assert [first.code(op, path, name="z") for op in ("getdetail", "rename", "rm", "list")] == [
            1121,
            1131,
            1141,
            1151,
        ]
        assert first.download(path)["error_code"] == 1221
    assert first.upload("theirs/new", b"1")["error_code"] == 1204
    assert first.upload("y.txt", b"1")["error_code"] == 1210
    first.folder("mkdir", "theirs")
    assert first.code("rename", "theirs", name="mine") == 1130
    assert first.code("rm", "mine") == first.code("rm", "y.txt") == 1140
    assert second.names("root") == ["theirs", "x.txt", "y.txt"]
    assert second.ask("GET", link).body == second.content("theirs/x.txt") == b"2"
    assert first.details("root")["id"] != second.details("root")["id"]
    assert {one, other} & {found.name for found in Path(server.storage).iterdir()} >= {one}


@pytest.mark.parametrize("separator", ["/", "\\"])
def test_folders_that_are_siblings_by_name_never_meet(person: Client, separator: str) -> None:
    for number, top in enumerate(("pre", "pre2", "pre!", "pre pre")):
        person.folder("mkdir", top)
        person.folder("mkdir", f"{top}{separator}sub")
        person.upload(f"{top}{separator}sub{separator}{number}.txt", b"%d" % number)
    assert person.names("pre") == ["sub", "0.txt"]
    before = person.details("pre2/sub")
    assert person.code("rename", "pre", name="moved") == 1130
    assert person.details("pre2/sub") == before
    assert person.names("pre2") == ["sub", "1.txt"]
    assert person.code("getdetail", "pre") == person.code("list", "pre") + 0 - 30 == 1121
    assert person.code("rm", "moved") == 1140
    assert person.code("mkdir", "pre") == 1100 and person.names("pre") == []
    assert person.code("rm", "pre") == 1140
    assert [person.content(f"{top}/sub/{number}.txt") for number, top in ((1, "pre2"), (2, "pre!"))] == [b"1", b"2"]
    assert person.names("pre pre") == ["sub", "3.txt"]
