"""Uploads and short links: rows 35 to 47 of the protocol page, and what it says beside them."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from urllib.parse import unquote

import pytest

from tests.conftest import MakeDaemon
from tests.daemon import PASSWORD, USER, Daemon, wait_until
from tests.syncfile.client import Client, said

FORM = "multipart/form-data"
BINARY = b"\r\n--x\r\n\r\n" + bytes(range(256)) + b"\r\n\r\n--\r\n"


def form(content: bytes, boundary: bytes = b"----x1", head: bytes = b"Content-Type: text/plain\r\n") -> bytes:
    disposition = b'Content-Disposition: form-data; name="file"; filename="ignored.txt"\r\n'
    return b"--%b\r\n%b%b\r\n%b\r\n--%b--\r\n" % (boundary, disposition, head, content, boundary)


def test_a_plain_body_is_the_file(person: Client) -> None:
    """Row 35."""
    answer = person.upload("x.txt", b"123456")
    assert (answer["error_code"], answer["msg"]) == (1210, "file uploaded by POST successfully")
    assert (person.details("x.txt")["size"], person.content("x.txt")) == ("6", b"123456")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/octet-stream", "application/x-www-form-urlencoded", "image/png; q=1", "x"],
)
def test_a_body_of_any_type_but_a_form_is_the_file(person: Client, content_type: str) -> None:
    assert person.upload("x.bin", BINARY, content_type)["error_code"] == 1210
    assert person.content("x.bin") == BINARY


def test_a_body_without_a_length_is_the_file(person: Client) -> None:
    assert person.upload("x.bin", iter([b"12", b"345"]))["error_code"] == 1210
    assert person.upload("y.bin", iter([form(BINARY)]), FORM)["error_code"] == 1200
    assert (person.content("x.bin"), person.content("y.bin")) == (b"12345", BINARY)


def test_a_form_may_name_its_boundary_in_the_body_only(person: Client) -> None:
    """Row 36."""
    answer = person.upload("x.txt", form(b"111"), FORM)
    assert (answer["error_code"], answer["msg"]) == (1200, "file uploaded by form successfully")
    assert person.content("x.txt") == b"111"


def test_a_form_carries_any_bytes(person: Client) -> None:
    """Row 37."""
    for number, content in enumerate((BINARY, b"", b"\r\n", BINARY * 3000)):
        assert person.upload(f"{number}", form(content), f"{FORM}; boundary=----x1")["error_code"] == 1200
        assert person.content(f"{number}") == content


def test_the_first_file_of_a_form_counts(person: Client) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nno\r\n' + form(b"111", b"b", b"")
    assert person.upload("x.txt", body, f"{FORM}; boundary=b")["error_code"] == 1200
    assert person.content("x.txt") == b"111"


BROKEN_FORMS = [b"", b"111", b"--b\r\n\r\n111", b"--b\r\n\r\n111\r\n", b"--b--\r\n", b"--b\r\n" + b"h: " + b"x" * 9000]


@pytest.mark.parametrize("body", BROKEN_FORMS, ids=range(len(BROKEN_FORMS)))
def test_a_form_that_may_have_lost_something_is_refused(person: Client, body: bytes) -> None:
    answer = person.upload("x.txt", body, FORM)
    assert answer["error_code"] == 1203 and answer["msg"].startswith("Exception:")
    assert person.names("root") == []


def test_empty_files_are_files(person: Client) -> None:
    assert person.upload("x", b"")["error_code"] == 1210
    assert (person.details("x")["size"], person.content("x")) == ("0", b"")


def test_nothing_is_overwritten(person: Client) -> None:
    """Row 38."""
    person.upload("x.txt", b"first")
    person.folder("mkdir", "book")
    for path in ("x.txt", "book", "", "  "):
        for body, kind in ((b"second", None), (form(b"second"), FORM), (b"first", None)):
            answer = person.upload(path, body, kind)
            assert (answer["error_code"], answer["msg"]) == (1202, "file already exist at server dir")
    assert person.content("x.txt") == b"first"
    assert person.names("root") == ["book", "x.txt"]


def test_overwriting_is_asked_for(person: Client, server: Daemon) -> None:
    person.upload("x.txt", b"first")
    link = person.link("x.txt")
    before = person.details("x.txt")["id"]
    assert person.upload("x.txt", b"second", overwrite="1")["error_code"] == 1210
    assert person.upload("new.txt", form(b"third"), FORM, overwrite="1")["error_code"] == 1200
    assert (person.content("x.txt"), person.content("new.txt")) == (b"second", b"third")
    assert person.details("x.txt")["id"] == before
    assert person.ask("GET", link).status == 404  # it led to the first version
    [lying] = server.must("trash", "list", person.name, "--json").splitlines()
    assert json.loads(lying)["original"] == "x.txt"
    person.folder("mkdir", "book")
    assert person.upload("book", b"no", overwrite="1")["error_code"] == 1202
    assert person.upload("x.txt", b"no", overwrite="yes")["error_code"] == 1202


@pytest.mark.parametrize("path", ["no/x.txt", r"a\no\x.txt", "x.txt/y"])
def test_no_folder_is_made_by_an_upload(person: Client, path: str) -> None:
    """Row 39."""
    person.folder("mkdir", "a")
    person.upload("x.txt", b"1")
    raw, formed = person.upload(path, b"1"), person.upload(path, form(b"1"), FORM)
    assert (raw["error_code"], formed["error_code"]) == (1204, 1203)
    for answer in (raw, formed):
        assert re.fullmatch(r"Exception:[^/]+", answer["msg"])
    assert person.names("root") == ["a", "x.txt"]


@pytest.mark.parametrize("op", ["", "download", "UPLOAD", "mkdir", "\udcff"])
def test_a_post_with_another_op_is_told(person: Client, op: str) -> None:
    """Row 40."""
    answer = person.upload("x.txt", b"1", op=op)
    assert (answer["error_code"], answer["msg"]) == (1201, "not support this op")
    target = f"/v1/file?authid={person.authid}&filepath=x.txt"
    assert said(person.ask("POST", target, b"1"))["error_code"] == 1201


@pytest.mark.parametrize("op", ["", "upload", "list", "\udcff"])
def test_a_get_with_another_op_is_told(person: Client, op: str) -> None:
    """Row 41."""
    answer = person.get("file", authid=person.authid, op=op, filepath="x.txt")
    assert (answer["error_code"], answer["msg"]) == (1206, "Incorrect API format, please check manual")
    assert person.get("file", authid=person.authid, filepath="x.txt")["error_code"] == 1206


@pytest.mark.parametrize("path", ["nofile.txt", "", "book", "book/x", "root", "x.tx", "x.txt/", "x.txt\\"])
def test_there_is_no_link_to_what_is_no_file(person: Client, path: str) -> None:
    """Row 42."""
    person.folder("mkdir", "book")
    person.upload("x.txt", b"1")
    answer = person.download(path)
    assert (answer["error_code"], answer["msg"]) == (1221, "file not exists")


def test_a_link_gives_the_file_as_often_as_wanted(person: Client) -> None:
    """Row 43."""
    person.upload("x.txt", BINARY)
    link = person.link("x.txt")
    for _ in range(2):
        answer = person.ask("GET", link)
        assert (answer.status, answer.body) == (200, BINARY)
        assert answer.header("content-disposition") == "attachment; filename=\"x.txt\"; filename*=UTF-8''x.txt"
        assert answer.header("content-type") == "text/plain"
        assert answer.header("cache-control") == "no-store"
        assert answer.header("x-content-type-options") == "nosniff"
        assert answer.header("content-security-policy") == "sandbox"
    assert person.link("x.txt") != link


def test_a_link_may_have_a_slash(person: Client) -> None:
    """Row 44."""
    person.upload("x.txt", b"1")
    assert person.ask("GET", person.link("x.txt").replace("/f?", "/f/?")).body == b"1"


@pytest.mark.parametrize("query", ["", "?id=", "?id=xxxxx", "?id=%00", "?id=%FF", "?other=1", "?id=" + "x" * 9000])
def test_a_link_that_nobody_made_leads_nowhere(person: Client, query: str) -> None:
    """Row 45."""
    for target in (f"/v1/f{query}", f"/v1/f/{query}"):
        answer = person.ask("GET", target)
        assert answer.status == 404 and answer.header("content-type").startswith("text/plain")


def test_parts_of_a_file_and_its_head(person: Client) -> None:
    person.upload("x.bin", b"0123456789")
    link = person.link("x.bin")
    part = person.ask("GET", link, headers={"Range": "bytes=2-4"})
    assert (part.status, part.body, part.header("content-range")) == (206, b"234", "bytes 2-4/10")
    assert person.ask("GET", link, headers={"Range": "bytes=20-"}).status == 416
    head = person.ask("HEAD", link)
    assert (head.status, head.body, head.header("content-length")) == (200, b"", "10")
    again = person.ask("GET", link, headers={"If-None-Match": head.header("etag")})
    assert again.status == 304


def test_a_link_follows_its_file_and_ends_with_it(person: Client) -> None:
    for path in ("a", "a/b"):
        person.folder("mkdir", path)
    person.upload("a/b/x.txt", b"1")
    link = person.link("a/b/x.txt")
    person.folder("rename", "a", name="c")
    person.folder("rename", "c/b/x.txt", name="y.txt")
    answer = person.ask("GET", link)
    assert (answer.status, answer.body) == (200, b"1")
    assert "y.txt" in answer.header("content-disposition")
    person.folder("rm", "c")
    assert person.ask("GET", link).status == 404
    person.folder("mkdir", "c")
    person.upload("c/y.txt", b"1")
    assert person.ask("GET", link).status == 404  # the same bytes, and another file


@pytest.mark.slow
def test_a_link_survives_a_restart(daemon: MakeDaemon) -> None:
    server = daemon()
    stranger = Client(server.port)
    person = Client(server.port, stranger.log_in(USER, PASSWORD)["authid"], USER)
    person.upload("x.txt", b"1")
    link = person.link("x.txt")
    server.restart()
    assert stranger.ask("GET", link).body == b"1"


@pytest.mark.slow
def test_a_link_has_the_address_of_the_box(daemon: MakeDaemon) -> None:
    server = daemon({"server": {"public_url": "https://files.example.org"}})
    stranger = Client(server.port)
    person = Client(server.port, stranger.log_in(USER, PASSWORD)["authid"], USER)
    person.upload("x.txt", b"1")
    assert person.download("x.txt")["msg"].startswith("https://files.example.org/v1/f?id=")


NAMES = [
    "grüße.txt",
    "a b.txt",
    "a%20b=c&d+e#f.txt",
    "日本語.dat",
    "quo\"te's.txt",
    "e\u0301.txt",
    "a;b.txt",
    "🎉",
    "x  y",
]


@pytest.mark.parametrize("file_name", NAMES)
def test_names_of_any_script(person: Client, file_name: str) -> None:
    """Row 47."""
    person.folder("mkdir", "ordner ü")
    path = f"ordner ü\\{file_name}"
    assert person.upload(path, file_name.encode())["error_code"] == 1210
    composed = file_name.replace("e\u0301", "é")
    assert person.names("ordner ü") == [composed]
    answer = person.ask("GET", person.link(path))
    assert answer.body == file_name.encode()
    shown = answer.header("content-disposition")
    assert unquote(shown.partition("filename*=UTF-8''")[2]) == composed
    assert "+" not in shown.partition("filename*=")[2] and shown.isascii()
    assert person.folder("rename", path, name=f"{file_name}2")["msg"] == f"renamed folder {composed} to {file_name}2"
    assert person.code("rm", f"ordner ü/{composed}2") == 1140


def test_what_cannot_be_is_told_before_the_body_is_sent(person: Client) -> None:
    person.upload("x.txt", b"1")
    for path, code, more in (("x.txt", 1202, ""), ("no/x", 1204, ""), ("..", 1206, ""), ("y.txt", 1201, "&op=no")):
        target = person.upload_target(path) + more
        head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        with socket.create_connection(("127.0.0.1", person.port), timeout=30) as link:
            link.sendall(head.encode())
            answer = link.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200") and str(code).encode() in answer


def test_who_waits_for_the_word_to_send_gets_it(person: Client) -> None:
    head = f"POST {person.upload_target('x.txt')} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
    with socket.create_connection(("127.0.0.1", person.port), timeout=30) as link:
        link.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert link.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        link.sendall(b"123")
        assert b"1210" in link.recv(65536)
    assert person.content("x.txt") == b"123"


def megabytes(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield bytes(1 << 20)


@pytest.mark.slow
def test_who_sends_on_after_a_refusal_hears_it(person: Client) -> None:
    person.upload("x.txt", b"1")
    target = person.upload_target("x.txt")
    for headers in ({"Content-Length": str(20 << 20)}, {}):
        assert said(person.ask("POST", target, megabytes(20), headers))["error_code"] == 1202


def test_one_of_many_wins(person: Client, server: Daemon) -> None:
    """A name is taken by exactly one; what the others sent is told as refused."""
    codes: list[int] = []
    gate = threading.Barrier(16)

    def upload(number: int) -> None:
        gate.wait()
        codes.append(person.upload("x.bin", bytes([number]) * 100_000)["error_code"])

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(16)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(codes) == [1202] * 15 + [1210]
    content = person.content("x.bin")
    assert content == content[:1] * 100_000
    assert person.names("root") == ["x.bin"]
    assert [one.name for one in server.tree(person.name).iterdir()] == ["x.bin"]


@pytest.mark.slow
def test_a_quota_and_a_bound_are_told(daemon: MakeDaemon) -> None:
    server = daemon({"uploads": {"max_gb": 1}, "accounts": {"quota_gb": 1}})
    person = Client(server.port, Client(server.port).log_in(USER, PASSWORD)["authid"], USER)
    head = f"POST {person.upload_target('x')} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {2 << 30}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as link:
        link.sendall(head.encode())
        answer = link.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200") and b"1204" in answer and b"Exception:" in answer


@pytest.mark.slow
def test_a_disk_that_is_away_is_told(daemon: MakeDaemon) -> None:
    """What was stored must not look removed, so there is no code of the protocol for it but for uploads."""
    server = daemon()
    person = Client(server.port, Client(server.port).log_in(USER, PASSWORD)["authid"], USER)
    person.upload("x.txt", b"1")
    link = person.link("x.txt")
    mark = server.storage / ".syncd" / "volume-id"
    mark.rename(mark.with_name("hidden"))  # as if another disk lay above
    target = f"/v1/folder?op=list&path=root&authid={person.authid}"
    wait_until(lambda: person.ask("GET", target).status == 503, "the daemon to leave the disk")
    for op in ("mkdir", "getdetail", "rename", "rm", "list"):
        answer = person.ask("GET", f"/v1/folder?op={op}&path=x.txt&name=y&authid={person.authid}")
        told = json.loads(answer.body)
        assert (answer.status, told["status"], told["error_code"]) == (503, "error", 503)
    assert person.ask("GET", link).status == 503
    assert person.ask("GET", f"/v1/file?op=download&filepath=x.txt&authid={person.authid}").status == 503
    assert person.upload("y.txt", b"1")["error_code"] == 1204
    mark.with_name("hidden").rename(mark)
    wait_until(lambda: server.health() == 200, "the daemon to find the disk")
    assert person.ask("GET", link).body == b"1"


@pytest.mark.slow
def test_killed_in_the_middle_of_an_upload(daemon: MakeDaemon) -> None:
    server = daemon()
    person = Client(server.port, Client(server.port).log_in(USER, PASSWORD)["authid"], USER)
    staging = server.storage / ".syncd" / "staging"
    for path, body, kind in (("raw", b"1" * 500_000, ""), ("form", form(b"1" * 500_000), FORM)):
        head = f"POST {person.upload_target(path)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as link:
            link.sendall(f"{head}{f'Content-Type: {kind}' if kind else 'X: y'}\r\n\r\n".encode() + body[:-100])
            wait_until(lambda: [one for one in staging.iterdir() if one.stat().st_size], "bytes to arrive")
            server.kill()
        server.start()
        assert list(staging.iterdir()) == []
        assert person.code("getdetail", path) == 1121
        assert person.upload(path, b"2")["error_code"] == 1210
        assert person.content(path) == b"2"
