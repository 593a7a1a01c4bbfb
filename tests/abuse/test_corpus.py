"""What hostile clients and broken ones send, over raw sockets: an answer below 500 or a closed connection, no host
path, no traceback, nothing outside the storage, and the next honest request is served."""

from __future__ import annotations

import errno
import gzip
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests import samples
from tests.daemon import USER, Daemon
from tests.faults.witness import staged
from tests.phone import Phone, to_json

pytestmark = pytest.mark.slow

HOST = b"Host: localhost\r\n"
MARK = "x" * 70


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Daemon, Phone, Path]]:
    """A daemon, a phone of one user and a canary beside the storage."""
    root = tmp_path_factory.mktemp("abuse")
    with Daemon({"media": {"workers": 1}, "accounts": {"registration": "open"}}, root / "box") as server:
        canary = server.storage.parent / "canary"
        canary.mkdir()
        (canary / "secret.jpg").write_bytes(b"another's secret")
        yield server, Phone(f"{server.url}/k/{server.add_device(USER, 'phone')}", USER, "phone-1"), canary


def ask(server: Daemon, raw: bytes, *, half_close: bool = False) -> bytes:
    """Send *raw* as it is; everything that comes back until the server closes or has answered."""
    with socket.create_connection(("127.0.0.1", server.port), 20) as link:
        try:
            link.sendall(raw)
            if half_close:
                link.shutdown(socket.SHUT_WR)
            return first_answer(link)
        except OSError as exc:
            # A server that has refused and closed is no longer there to be told that this side is done.
            if not isinstance(exc, ConnectionError) and exc.errno != errno.ENOTCONN:
                raise
            return b""


def first_answer(link: socket.socket) -> bytes:
    """Head and body of the first answer; b'' if the connection is closed instead."""
    found = b""
    while b"\r\n\r\n" not in found:
        piece = link.recv(65536)
        if not piece:
            return found
        found += piece
    head, _, body = found.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length and (piece := link.recv(65536)):
        body += piece
    return head + b"\r\n\r\n" + body


def harmless(server: Daemon, phone: Phone, answer: bytes) -> None:
    """No fault of ours, nothing told, nothing kept, and still serving."""
    if answer:
        assert 100 <= int(answer.split()[1]) < 500, answer[:300]
    for telling in (b"Traceback", str(server.root).encode(), b"site-packages", b"another's secret"):
        assert telling not in answer
    assert staged(server) == []
    assert phone.folders().status == 200


FRAMING = {
    "length and chunked": b"POST /files HTTP/1.1\r\n%bContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST /files HTTP/1.1\r\n%bContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "list of lengths": b"POST /files HTTP/1.1\r\n%bContent-Length: 0, 44\r\n\r\n",
    "odd coding": b"POST /files HTTP/1.1\r\n%bTransfer-Encoding: xchunked\r\n\r\n",
    "space before colon": b"POST /files HTTP/1.1\r\n%bTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "negative length": b"POST /files HTTP/1.1\r\n%bContent-Length: -1\r\n\r\n",
    "plus length": b"POST /files HTTP/1.1\r\n%bContent-Length: +2\r\n\r\n{}",
    "long length": b"POST /files HTTP/1.1\r\n%bContent-Length: 99999999999999999999999\r\n\r\n",
    "bad chunk": b"POST /files HTTP/1.1\r\n%bTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "chunk extension": b"POST /files HTTP/1.1\r\n%bTransfer-Encoding: chunked\r\n\r\n2;"
    + b"x" * 40_000 + b"\r\n{}\r\n0\r\n\r\n",
    "bare line feeds": b"GET /healthz HTTP/1.1\n%b\n",
    "NUL in a header": b"GET /healthz HTTP/1.1\r\n%bX: a\0b\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "scripted host": b"GET /healthz HTTP/1.1\r\nHost: <svg onload=x>\r\n\r\n",
    "rebound host": b"GET /healthz HTTP/1.1\r\nHost: evil.example.com\r\n\r\n",
    "absolute form": b"GET http://evil.example.com/healthz HTTP/1.1\r\n%b\r\n",
    "authority of slashes": b"GET //evil.example.com/healthz HTTP/1.1\r\n%b\r\n",
    "connect": b"CONNECT evil.example.com:443 HTTP/1.1\r\n%b\r\n",
    "trace": b"TRACE / HTTP/1.1\r\n%b\r\n",
    "long method": b"X" * 20_000 + b" / HTTP/1.1\r\n%b\r\n",
    "strange version": b"GET / HTTP/9.9\r\n%b\r\n",
    "old version": b"GET /\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "large header": b"GET /healthz HTTP/1.1\r\n%bX: " + b"x" * 1_000_000 + b"\r\n\r\n",
    "many headers": b"GET /healthz HTTP/1.1\r\n%b" + b"".join(b"X-%d: y\r\n" % n for n in range(3000)) + b"\r\n",
    "many cookies": b"GET /healthz HTTP/1.1\r\n%bCookie: " + b"; ".join([b"a[]=1"] * 600) + b"\r\n\r\n",
    "star": b"OPTIONS * HTTP/1.1\r\n%b\r\n",
    "path without slash": b"GET healthz HTTP/1.1\r\n%b\r\n",
    "bad percent": b"GET /%%ff%%zz HTTP/1.1\r\n%b\r\n",
    "raw bytes": b"GET /\xff\xfe HTTP/1.1\r\n%b\r\n",
    "empty key": b"GET /k//stream HTTP/1.1\r\n%b\r\n",
    "key alone": b"GET /k/x HTTP/1.1\r\n%b\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMING)
def test_framing(box: tuple[Daemon, Phone, Path], name: str) -> None:
    server, phone, _ = box
    raw = FRAMING[name].replace(b"%%", b"\0\0").replace(b"%b", HOST).replace(b"\0\0", b"%")
    harmless(server, phone, ask(server, raw, half_close=True))


def test_foreign_names_are_misdirected(box: tuple[Daemon, Phone, Path]) -> None:
    server, _, _ = box
    assert ask(server, FRAMING["rebound host"]).startswith(b"HTTP/1.1 421")


def test_pipelined_requests_are_all_answered(box: tuple[Daemon, Phone, Path]) -> None:
    server, phone, _ = box
    with socket.create_connection(("127.0.0.1", server.port), 20) as link:
        link.sendall((b"GET /setup_info HTTP/1.1\r\n" + HOST + b"\r\n") * 40)
        found = b""
        while found.count(b"HTTP/1.1 200") < 40:
            piece = link.recv(65536)
            assert piece
            found += piece
    assert phone.folders().status == 200


def test_one_byte_chunks(box: tuple[Daemon, Phone, Path]) -> None:
    server, phone, _ = box
    body = to_json({"User": USER, "DeviceId": "x" * 30_000})
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    head = f"POST {phone.target('folders')} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    answer = ask(server, head + chunks)
    harmless(server, phone, answer)
    assert answer.startswith(b"HTTP/1.1 200")


def test_coded_bodies_are_refused(box: tuple[Daemon, Phone, Path]) -> None:
    server, phone, _ = box
    bomb = gzip.compress(bytes(30_000_000))
    for coding in ("gzip", "deflate", "br", "zstd", "gzip, gzip"):
        answer = phone.raw("POST", phone.target("folders"), (("content-encoding", coding),), bomb)
        assert answer.status == 415
    assert phone.folders().status == 200


JSON = [
    b"", b"{", b"[]", b'"x"', b"1", b"nul", b"\xff\xfe{}", b"[" * 100_000, b'{"a":' * 50_000,
    b'{"User": 1}', b'{"User": []}', b'{"User": {"a": 1}}', b'{"UserData": []}', b'{"UserData": {"User": 5}}',
    b'{"User": "' + b"9" * 6000 + b'"}', b'{"User": ' + b"9" * 6000 + b"}", b'{"User": 1e999}', b'{"User": NaN}',
    b'{"User": "\\ud800"}', b'{"User": "\\u0000"}', b'{"User": "a/../b"}', b'{"User": ".."}', b'{"User": "\\u202e"}',
    b"{" + b",".join(b'"k%d": 1' % n for n in range(20_000)) + b"}", b'{"__proto__": {"User": "x"}}',
    b'{"User": "desi", "User": "other"}', b'{"User": "' + b"x" * 900_000 + b'"}',
]  # fmt: skip


@pytest.mark.parametrize(
    "endpoint", ["folders", "files", "img", "move-to-trash", "restore", "auth/login", "delete-all"]
)
def test_json(box: tuple[Daemon, Phone, Path], endpoint: str) -> None:
    server, phone, _ = box
    for body in JSON:
        answer = phone.raw("POST", phone.target(endpoint), (), body)
        assert answer.status < 500, body[:60]
        assert b"Traceback" not in answer.body and str(server.root).encode() not in answer.body
    assert phone.folders().status == 200


def form(head: bytes, content: bytes = b"", end: bytes | None = None) -> bytes:
    mark = MARK.encode()
    return (
        b"--" + mark + b"\r\n" + head + b"\r\n\r\n" + content + (b"\r\n--" + mark + b"--\r\n" if end is None else end)
    )


FORMS = {
    "no end": form(b'content-disposition: form-data; name="d"; filename="f.jpg"', samples.jpeg(), b""),
    "no disposition": form(b"content-type: image/jpeg", samples.jpeg()),
    "no name": form(b"content-disposition: form-data", samples.jpeg()),
    "no file name": form(b'content-disposition: form-data; name="d"', samples.jpeg()),
    "dots": form(b'content-disposition: form-data; name=".."; filename=".."', samples.jpeg()),
    "NUL": form(b'content-disposition: form-data; name="d\0"; filename="f\0.jpg"', samples.jpeg()),
    "long name": form(b'content-disposition: form-data; name="d"; filename="' + b"x" * 5000 + b'"', samples.jpeg()),
    "huge head": form(b"x: " + b"y" * 200_000, samples.jpeg()),
    "many heads": form(b"\r\n".join(b"x%d: y" % n for n in range(1500)), samples.jpeg()),
    "transfer coding": form(b"content-transfer-encoding: bogus", samples.jpeg()),
    "nested": form(b"content-type: multipart/mixed; boundary=y", b"--y\r\n" * 300),
    "2000 parts": form(b'content-disposition: form-data; name="d"; filename="f.jpg"', samples.jpeg()) * 2000,
    "bytes in the name": form(b'content-disposition: form-data; name="d"; filename="\xff\xfe.jpg"', samples.jpeg()),
    "option": form(b'content-disposition: form-data; name="-rf"; filename="-o x |"', samples.jpeg()),
    "continuations": form(b"content-disposition: form-data; name=d; filename*0*=utf-8''%2e%2e%2f; filename*1=x", b"x"),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms(box: tuple[Daemon, Phone, Path], name: str) -> None:
    server, phone, canary = box
    headers = (
        ("user", "[100, 101, 115, 105]"),
        ("date", "2024-5"),
        ("content-type", f"multipart/form-data; boundary={MARK}"),
    )
    answer = phone.raw("POST", phone.target("upload"), headers, FORMS[name])
    assert answer.status < 500
    assert staged(server) == []
    assert_contained(server, canary)


def assert_contained(server: Daemon, canary: Path) -> None:
    """Nothing stands outside the users' trees, and nothing in them that was not asked for."""
    assert [path.name for path in canary.iterdir()] == ["secret.jpg"]
    assert {path.name for path in server.storage.iterdir()} <= {".syncd", USER, "new", "anna"}
    assert {path.name for path in server.root.iterdir()} == {"storage", "state", "canary", "syncd.conf", "stderr.txt"}


hostile = st.one_of(
    st.sampled_from(
        ["..", "../..", "../../canary/secret.jpg", "/etc/passwd", "..\\..\\canary", "C:\\x", "%2e%2e%2f", "....//",
         "．．／", "x\0.jpg", ".syncd/volume-id", ".trash/x", "Trash/../x",
         "a" * 300, "a/" * 2000, "\u202e", "CON", "a:b"]
    ),
    st.text(max_size=30),
    st.lists(st.sampled_from(["..", ".", "a", "Trash", ".syncd", "", "2024", "\\", "é"]), max_size=6).map("/".join),
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile, hostile)
def test_any_name_through_every_parameter(box: tuple[Daemon, Phone, Path], name: str, other: str) -> None:
    server, phone, canary = box
    try:
        json.dumps(name).encode()
        device = Phone(phone.url, USER, name)
        answers = [
            device.files(other),
            device.img(other, "full"),
            device.move_to_trash(other, "../x"),
            device.restore(other, f"Trash/{other}"),
            device.folders(),
            phone.files(name),
            phone.img(name, "full"),
            phone.stream(name),
            device.stream(other),
            Phone(phone.url, name, "d").folders(),
        ]
    except (UnicodeEncodeError, ValueError):
        return  # cannot be written into a request
    for answer in answers:
        assert answer.status < 500, (name, other)
        assert b"another's secret" not in answer.body and b"root:" not in answer.body
    assert_contained(server, canary)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile)
def test_any_name_of_device_and_file_is_stored_where_it_is_found_again(
    box: tuple[Daemon, Phone, Path], name: str
) -> None:
    server, phone, canary = box
    assume(len(name) < 1000)  # longer ones don't fit into the line of a GET
    try:
        device = Phone(phone.url, USER, name)
        answer = device.upload(name or "x", samples.jpeg())
    except (UnicodeEncodeError, ValueError):
        return
    assert answer.status in (200, 400), name
    if answer.status == 200:
        stored = device.listed("2024/5")
        assert stored, name
        assert all(device.stream(file).status == 200 for file in stored)
    assert staged(server) == []
    assert_contained(server, canary)


PASSWORDS = ["", "short", "x" * 72, "x" * 73, "x" * 5000, "pass\0word!", "😀" * 20, "\ud800" * 8, "ß" * 128]


@pytest.mark.parametrize("password", PASSWORDS, ids=range(len(PASSWORDS)))
def test_passwords(box: tuple[Daemon, Phone, Path], password: str) -> None:
    server, phone, _ = box
    body = json.dumps({"User": "nobody", "Password": password}).encode()
    assert phone.raw("POST", phone.target("auth/login"), (), body).status in (400, 401, 413, 429)
    body = json.dumps({"User": f"new{len(password)}", "Password": password}).encode()
    assert phone.raw("POST", phone.target("auth/register"), (), body).status in (200, 400, 413, 429)


def test_long_passwords_count_to_the_end(box: tuple[Daemon, Phone, Path]) -> None:
    server, _, _ = box
    one = Phone(server.url, "anna", "d")
    assert one.register("x" * 80 + "a").status == 200
    assert one.login("x" * 80 + "b").status == 401
    assert one.login("x" * 80 + "a").status == 200


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer " + "x" * 6000, "bearer \xff", "Bearer a b c", "x" * 100]
)
def test_authorization(box: tuple[Daemon, Phone, Path], header: str) -> None:
    server, phone, _ = box
    raw = f"POST /folders HTTP/1.1\r\nHost: localhost\r\nAuthorization: {header}\r\nContent-Length: 15\r\n\r\n"
    answer = ask(server, raw.encode("latin-1") + b'{"User":"desi"}')
    harmless(server, phone, answer)
    assert answer.startswith(b"HTTP/1.1 40")


def test_guessing_is_slowed_down(box: tuple[Daemon, Phone, Path]) -> None:
    server, _, _ = box
    guesser = Phone(server.url, USER, "d")
    answers = [guesser.login(f"wrong {number}") for number in range(8)]
    assert {answer.status for answer in answers} == {401, 429}
    assert int(answers[-1].header("retry-after")) >= 1


def test_no_secret_is_kept_or_logged(box: tuple[Daemon, Phone, Path]) -> None:
    server, phone, _ = box
    key = phone.url.rpartition("/")[2]
    kept = b"".join(path.read_bytes() for path in server.state.iterdir() if path.is_file())
    assert key.encode() not in kept
    assert key not in server.log.read_text(errors="replace")
