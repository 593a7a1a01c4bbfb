"""Hostile ranges, conditions, cursors, reports and names, over raw sockets."""

from __future__ import annotations

import os
import random
import socket

import pytest

from tests.abuse.test_corpus import JSON
from tests.daemon import USER, wait_until
from tests.sync.api import Request, etag, sha256
from tests.sync.hostile import TEXT, Stranger

pytestmark = pytest.mark.slow


# --- ranges and conditions

DOWNLOAD = "/api/v1/sync/download/abuse/text.txt"
NONSENSE = [
    "bytes=-0", "bytes=5-1", "bytes=--1", "bytes=", "bytes=-", "bytes=a-b", "bytes=0-1-2", "bytes=" + "9" * 23 + "-",
    "bytes=0-" + "9" * 23, "bytes=-" + "9" * 23, "bytes=٠-١", "bytes=0x0-0x9", "items=0-1", "=0-1",
    "bytes", "bytes 0-1",
    "bytes=" + ",".join(["0-0"] * 2000), "bytes=0-,0-,0-", "bytes=1e1-", "bytes=+1-2", "\udcff=0-1",
]  # fmt: skip


@pytest.mark.parametrize("asked", NONSENSE, ids=range(len(NONSENSE)))
def test_ranges(stranger: Stranger, asked: str) -> None:
    status, answer = stranger.send("GET", DOWNLOAD, fields=[("Range", asked)])
    assert status in (200, 206, 400, 416)
    if status == 200:
        assert answer.endswith(TEXT)


def test_ranges_of_an_empty_file(stranger: Stranger) -> None:
    for asked in ("bytes=0-0", "bytes=0-", "bytes=-1", "bytes=-0"):
        status, _ = stranger.send("GET", "/api/v1/sync/download/abuse/empty", fields=[("Range", asked)])
        assert status in (200, 416), asked


@pytest.mark.parametrize(
    "condition", [f"W/{etag(TEXT)}", '"other"', "garbage", "Thu, 01 Jan 1970 00:00:00 GMT", '"' + "x" * 5000, "\udcff"]
)
def test_a_condition_that_does_not_hold_gives_the_whole_file(stranger: Stranger, condition: str) -> None:
    status, answer = stranger.send("GET", DOWNLOAD, fields=[("Range", "bytes=0-1"), ("If-Range", condition)])
    assert status == 200 and answer.endswith(TEXT)


CONDITIONS = [
    ("If-Match", '"' + "x" * 5000 + '"'), ("If-Match", "garbage"), ("If-Match", "W/" + etag(TEXT)), ("If-Match", ""),
    ("If-None-Match", '"' + "x" * 5000 + '"'), ("If-None-Match", ",,,"), ("If-None-Match", '"'),
    ("If-Modified-Since", "yesterday"), ("If-Modified-Since", "Thu, 99 Foo 99999 99:99:99 GMT"),
    ("If-Unmodified-Since", "\udcff"), ("If-Unmodified-Since", "-1"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), CONDITIONS)
def test_conditions(stranger: Stranger, name: str, value: str) -> None:
    assert stranger.send("GET", DOWNLOAD, fields=[(name, value)])[0] in (200, 304, 400, 412)
    status, _ = stranger.send("PUT", "/api/v1/sync/files/abuse/condition.txt", b"x", [(name, value)])
    assert status in (200, 201, 400, 412)


def test_nothing_is_no_match(stranger: Stranger) -> None:
    assert stranger.api.put("abuse/none.txt", b"x", headers={"If-Match": "*"}).status == 412
    assert stranger.api.put("abuse/none.txt", b"x", headers={"If-Match": etag(b"x")}).status == 412
    assert stranger.api.put("abuse/none.txt", b"x", headers={"If-None-Match": "*"}).status == 201
    assert stranger.api.put("abuse/none.txt", b"y", headers={"If-None-Match": "*"}).status == 412
    assert stranger.api.download("abuse/none.txt").body == b"x"


def reading(stranger: Stranger, path: str, fields: str = "") -> tuple[socket.socket, bytes]:
    """A download that has begun and does not go on until it is read; the first bytes of its body."""
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    link.settimeout(60)
    link.connect(("127.0.0.1", stranger.server.port))
    head = f"GET /api/v1/sync/download/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    link.sendall(f"{head}Authorization: Bearer {stranger.api.token}\r\n{fields}\r\n".encode())
    found = b""
    while b"\r\n\r\n" not in found:
        found += link.recv(4096)
    return link, found.partition(b"\r\n\r\n")[2]


def rest(link: socket.socket, body: bytes) -> bytes:
    pieces = [body]
    try:
        while piece := link.recv(1 << 20):
            pieces.append(piece)
    except ConnectionError:
        pass  # cut: that is an answer, too
    link.close()
    return b"".join(pieces)


def test_a_reader_of_a_replaced_file_keeps_the_old_one(stranger: Stranger) -> None:
    old = random.randbytes(32 << 20)
    assert stranger.api.put("abuse/replaced.bin", old).status == 201
    link, body = reading(stranger, "abuse/replaced.bin", "Range: bytes=1000-\r\n")
    assert stranger.api.put("abuse/replaced.bin", b"new", sha256(old)).status == 200
    assert rest(link, body) == old[1000:]


def test_a_file_truncated_while_it_is_read_cuts_the_line(stranger: Stranger) -> None:
    old = random.randbytes(32 << 20)
    assert stranger.api.put("abuse/cut.bin", old).status == 201
    link, body = reading(stranger, "abuse/cut.bin")
    with (stranger.server.tree() / "abuse/cut.bin").open("r+b") as file:
        file.truncate(24 << 20)
    found = rest(link, body)
    assert found == old[: len(found)] and len(found) <= 24 << 20
    assert stranger.server.health() == 200


# --- cursors and reports

NUMBERS = ["-1", "x", "1.0", "", "%D9%A3", "1e3", "0x1", "+1", "%201", str(2**63), str(2**64), "9" * 6000, "nan", "inf",
           "1_0", "-0", "%00", "%ff"]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS, ids=range(len(NUMBERS)))
def test_cursors(stranger: Stranger, number: str) -> None:
    assert stranger.send("GET", f"/api/v1/sync/changes?cursor={number}")[0] in (200, 400, 410)
    assert stranger.send("GET", f"/api/v1/sync/changes?limit={number}")[0] in (200, 400)
    assert stranger.send("GET", f"/api/v1/sync/changes?wait={number}&cursor=0")[0] in (200, 400)
    assert stranger.send("GET", f"/api/v1/trash?limit={number}&after={number}")[0] in (200, 400)
    head = f"GET /api/v1/sync/events?cursor={number} HTTP/1.1\r\nHost: localhost\r\n"
    with socket.create_connection(("127.0.0.1", stranger.server.port), 20) as link:
        link.sendall(f"{head}Authorization: Bearer {stranger.api.token}\r\nLast-Event-ID: {number}\r\n\r\n".encode())
        assert link.recv(65536).split()[1] in (b"200", b"400", b"410", b"414")


def test_cursors_that_mean_nothing(stranger: Stranger) -> None:
    newest = stranger.api.all_changes()[1]
    for cursor in (newest + 1, newest + 10**6, 2**62):
        answer = stranger.api.changes(cursor)
        assert (answer.status, answer.json()["code"]) == (410, "cursor_expired")
        with stranger.api.events(cursor) as stream:
            assert stream.status == 410
        assert stranger.api.ack(cursor).status == 400
    assert stranger.send("GET", f"/api/v1/sync/changes?cursor=0&cursor={newest}")[0] in (200, 400)
    assert stranger.api.changes(-1).status == 400
    assert stranger.api.changes(0, -1).status == 400
    assert len(stranger.api.changes(0, 10**6).json()["changes"]) <= 1000


@pytest.mark.parametrize(
    "value", [-1, 2**63, 2**64, 1.5, True, None, "1", [], {}, float("nan"), 10**400], ids=range(11)
)
def test_acknowledgements(stranger: Stranger, value: object) -> None:
    body = b'{"cursor": 1' + b"0" * 400 + b"}" if value == 10**400 else {"cursor": value}
    assert stranger.post("/api/v1/sync/ack", body).status == 400


PREFIXES = ["..", "../", "/", "a//b/", "%00/", "%ff/", "%25/", "_/", "x" * 5000 + "/", "", "*", "abuse", "a%2F..%2F"]


@pytest.mark.parametrize("prefix", PREFIXES, ids=range(len(PREFIXES)))
def test_prefixes(stranger: Stranger, prefix: str) -> None:
    assert stranger.send("GET", f"/api/v1/sync/changes?prefix={prefix}")[0] in (200, 400)


BAD_PATHS = [
    "../x",
    "/etc/passwd",
    "a/./b",
    "",
    "a//b",
    "a\0",
    "x" * 256,
    "a\ud800",
    ".syncd/volume-id",
    "a\x7f",
    5,
    None,
]


def test_a_report_with_bad_paths_does_the_rest(stranger: Stranger, folder: str) -> None:
    digest = sha256(b"never sent")
    for bad in BAD_PATHS:
        said = [
            {"path": f"{folder}/before", "change_type": "created", "content_hash": digest},
            {"path": bad, "change_type": "created", "content_hash": digest},
            {"path": f"{folder}/gone", "change_type": "deleted"},
        ]
        answer = stranger.post("/api/v1/sync/report", {"changes": said})
        if answer.status == 400 and not isinstance(bad, str):
            continue
        assert answer.status == 200, (bad, answer.body)
        found = answer.json()
        assert found["upload_required"] == [f"{folder}/before"] and found["accepted"] == [f"{folder}/gone"], bad
        assert len(found["rejected"]) == 1 and found["rejected"][0]["code"], bad


ENTRIES: list[object] = [
    {}, [], 5, None, "x", {"path": "a"}, {"change_type": "created"}, {"path": "a", "change_type": "exploded"},
    {"path": "a", "change_type": "created"}, {"path": "a", "change_type": "created", "content_hash": "x"},
    {"path": "a", "change_type": "created", "content_hash": 5}, {"path": "a", "change_type": "moved"},
    {"path": "a", "change_type": "moved", "old_path": "b"}, {"path": "a", "change_type": "moved", "old_path": "../b"},
    {"path": "abuse/moved.txt", "change_type": "moved", "old_path": "abuse/text.txt"},
    {"path": "a", "change_type": "moved", "old_path": "a", "content_hash": sha256(b"")},
    {"path": "abuse", "change_type": "deleted"}, {"path": "abuse/text.txt/x", "change_type": "deleted"},
    {"path": "abuse/empty/x", "change_type": "moved", "old_path": "abuse/empty", "content_hash": sha256(b"")},
    {"path": "abuse", "change_type": "created", "content_hash": sha256(b"")},
    {"path": "a", "change_type": "deleted", "base_hash": "x"}, {"path": "a", "change_type": ["deleted"]},
    {"path": "a", "change_type": "created", "content_hash": sha256(b""), "local_mtime": 10**30},
    {"path": "a", "change_type": "created", "content_hash": sha256(b""), "local_mtime": "x", "file_size": -1},
    {"path": "a", "change_type": "created", "content_hash": sha256(b""), "file_size": 2**70},
]  # fmt: skip


@pytest.mark.parametrize("entry", ENTRIES, ids=range(len(ENTRIES)))
def test_report_entries(stranger: Stranger, entry: object) -> None:
    assert stranger.post("/api/v1/sync/report", {"changes": [entry]}).status in (200, 400)


def test_reports_that_are_too_long(stranger: Stranger) -> None:
    for count in (1001, 20_000):
        said = [{"path": f"a/{number}", "change_type": "deleted"} for number in range(count)]
        assert stranger.post("/api/v1/sync/report", {"changes": said}).status in (400, 413)
    many = [sha256(b"%d" % number) for number in range(1001)]
    assert stranger.post("/api/v1/sync/receipts", {"hashes": many}).status == 400
    wrong: list[object] = [5, [5], ["x"], ["sha256:" + "g" * 64], {}]
    for hashes in wrong:
        assert stranger.post("/api/v1/sync/receipts", {"hashes": hashes}).status == 400


# --- JSON, on every endpoint that takes it

DOORS = ["auth/login", "auth/register", "sync/devices", "sync/ack", "sync/report", "sync/upload", "sync/move",
         "sync/receipts", "sync/conflicts/1/resolve", "trash/1/restore"]  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
def test_json(stranger: Stranger, door: str) -> None:
    for body in JSON:
        answer = stranger.api.ask(Request("POST", f"/api/v1/{door}", body, {"Content-Type": "application/json"}))
        if answer.status == 200:
            assert answer.json() == {"receipts": []}  # who asks for nothing gets nothing
            continue
        assert 400 <= answer.status < 500, (body[:60], answer.status)
        assert answer.header("content-type").startswith("application/problem+json")
        assert b"Traceback" not in answer.body and str(stranger.server.root).encode() not in answer.body
    assert stranger.server.health() == 200


# --- names

FILES = ["..%2f..%2fx", "%2e%2e/%2e%2e/x", "%2fetc%2fpasswd", "a%00b", "a%5c..%5cb", "%ff%fe", "a//b", "a/", "",
         "%c0%af",
         "x" * 256, "a/" * 2500 + "b", ".syncd/volume-id", ".trash/x", "abuse", "abuse/text.txt/below", "a%0d%0ab",
         "CON", "a:b", "%EF%BC%8E%EF%BC%8E/x", "a%7fb", "%e2%80%ae", "e%cc%81", "-rf", "a%20"]  # fmt: skip


@pytest.mark.parametrize("name", FILES, ids=range(len(FILES)))
def test_paths(stranger: Stranger, name: str) -> None:
    outside = {path.name for path in stranger.server.root.iterdir()}
    for method, target in [
        ("PUT", f"files/{name}"),
        ("GET", f"download/{name}"),
        ("GET", f"blocks/{name}"),
        ("DELETE", f"files/{name}"),
    ]:
        status, answer = stranger.send(method, f"/api/v1/sync/{target}", b"x" if method == "PUT" else b"")
        assert status < 500 and b"root:" not in answer, (method, name)
    assert {path.name for path in stranger.server.root.iterdir()} == outside
    assert {path.name for path in stranger.server.storage.iterdir()} <= {".syncd", USER}


def test_a_file_where_a_folder_is_and_the_reverse(stranger: Stranger, folder: str) -> None:
    api = stranger.api
    assert api.put(f"{folder}/a/b.txt", b"below").status == 201
    for answer in (api.put(f"{folder}/a", b"a file"), api.put(f"{folder}/a/b.txt/c", b"below a file")):
        assert answer.status in (201, 400, 409), answer.body
    assert api.delete(f"{folder}/a").status in (404, 409)
    assert api.download(f"{folder}/a/b.txt").body == b"below"
    assert api.move(f"{folder}/a/b.txt", f"{folder}/a/b.txt/c").status in (400, 409)
    assert api.move(f"{folder}/a/b.txt", f"{folder}/a").status in (400, 409)


def test_links_and_pipes_are_not_followed(stranger: Stranger, folder: str) -> None:
    home = stranger.server.tree() / folder
    home.mkdir()
    secret = stranger.server.root / "syncd.conf"
    (home / "link").symlink_to(secret)
    (home / "outside").symlink_to(stranger.server.root)
    os.mkfifo(home / "pipe")
    for name in ("link", "outside/syncd.conf", "pipe"):
        assert stranger.send("GET", f"/api/v1/sync/download/{folder}/{name}")[0] in (400, 404, 409), name
        status, _ = stranger.send("PUT", f"/api/v1/sync/files/{folder}/{name}", b"overwritten")
        assert status < 500
        assert stranger.send("GET", f"/api/v1/sync/blocks/{folder}/{name}")[0] < 500
    assert b"overwritten" not in secret.read_bytes()


def test_readers_who_never_read_are_not_waited_for(stranger: Stranger) -> None:
    """Many streams that nobody reads, and many who wait for ever, keep nobody else out."""
    links = []
    cursor = stranger.api.all_changes()[1]
    try:
        for number in range(40):
            target = (
                f"/api/v1/sync/events?cursor={cursor}"
                if number % 2
                else f"/api/v1/sync/changes?wait=60&cursor={cursor}"
            )
            links.append(stranger.api.abandon(Request("GET", target)))
        wait_until(lambda: stranger.api.put("abuse/meanwhile.txt", random.randbytes(9)).status in (200, 201), "a write")
    finally:
        for link in links:
            link.close()
    assert stranger.server.health() == 200
