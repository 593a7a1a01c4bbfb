"""What comes in through one door is seen at all others."""

from __future__ import annotations

import urllib.request
from urllib.parse import urlencode

import pytest

from tests.daemon import PASSWORD, USER, Daemon
from tests.phone import Phone
from tests.samples import jpeg
from tests.sync.api import Api, sha256
from tests.syncfile.client import Client

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def computer(server: Daemon) -> Api:
    """A device of the first user, for device sync."""
    person = Api("127.0.0.1", server.port)
    person = person.with_token(person.login(USER, PASSWORD).json()["token"])
    return person.with_token(person.add_device("laptop").json()["device_token"])


@pytest.fixture(scope="module")
def desi(server: Daemon) -> Client:
    """The first user at SyncFile's door."""
    return Client(server.port, Client(server.port).log_in(USER, PASSWORD)["authid"], USER)


def test_what_is_done_here_is_in_the_feed(desi: Client, computer: Api) -> None:
    cursor = computer.all_changes()[1]
    desi.folder("mkdir", "docs")
    desi.folder("mkdir", r"docs\empty")
    desi.upload(r"docs\x.txt", b"first")
    changes = {one["path"]: one for one in computer.changes(cursor, wait=10, folders=1).json()["changes"]}
    assert changes.keys() == {"docs", "docs/empty", "docs/x.txt"}
    assert changes["docs/empty"]["is_folder"] and changes["docs/x.txt"]["content_hash"] == sha256(b"first")
    assert computer.download("docs/x.txt").body == b"first"
    assert computer.folders().json()["folders"] == ["docs", "docs/empty"]
    desi.folder("rename", "docs", name="papers")
    assert computer.download("papers/x.txt").body == b"first"
    assert computer.download("docs/x.txt").status == 404
    desi.folder("rm", "papers")
    assert computer.download("papers/x.txt").status == 404
    assert [one["original_path"] for one in computer.trash().json()["entries"]] == ["papers/x.txt"]


def test_what_a_computer_does_is_seen_here(desi: Client, computer: Api) -> None:
    assert computer.put("from/laptop/x.txt", b"first").status == 201
    link = desi.link("from/laptop/x.txt")
    assert desi.ask("GET", link).body == b"first"
    assert desi.code("mkdir", "from/laptop") == 1101
    assert computer.put("from/laptop/x.txt", b"second", sha256(b"first")).status == 200
    assert desi.ask("GET", link).status == 404
    assert (desi.content("from/laptop/x.txt"), desi.details("from/laptop/x.txt")["size"]) == (b"second", "6")
    assert computer.keep_folder("from/kept").status in (200, 201)
    assert "kept" in desi.names("from")
    assert computer.delete("from/laptop/x.txt").status == 204
    assert desi.names("from") == ["kept"]


def test_a_phones_photos_are_files_like_others(server: Daemon, desi: Client) -> None:
    phone = Phone(f"{server.url}/k/{server.add_device(USER, 'pixel')}", USER, "pixel")
    photo, other = jpeg(size=(80, 60)), jpeg(size=(60, 80))
    assert phone.upload("IMG_1.jpg", photo).status == 200
    assert desi.names("pixel") == ["2024", "5", "IMG_1.jpg"]
    answer = desi.ask("GET", desi.link(r"pixel\2024\5\IMG_1.jpg"))
    assert (answer.body, answer.header("content-type")) == (photo, "image/jpeg")
    assert desi.upload("pixel/2024/5/IMG_2.jpg", other)["error_code"] == 1210
    assert phone.listed("2024/5") == ["2024/5/IMG_1.jpg", "2024/5/IMG_2.jpg"]
    assert desi.code("rm", "pixel/2024/5/IMG_1.jpg") == 1140
    assert phone.listed("Trash") == ["Trash/2024/5/IMG_1.jpg"]


def test_a_story_as_the_scripts_tell_it(server: Daemon) -> None:
    """Python's own client; an upload gets no content type, as from the original's scripts."""
    base = f"{server.url}/v1/"

    def get(call: str, **asked: str) -> str:
        with urllib.request.urlopen(f"{base}{call}?{urlencode(asked)}", timeout=30) as answer:
            text: str = answer.read().decode()
            return text

    assert '"error_code": 1000' in get(
        "userRegister", op="register", fmt="json", username="testuser3", password="123", email="testuser3@email.com"
    )
    authid = get("getAuthID", username="testuser3", password="123", fmt="json").partition('"authid": "')[2][:36]
    assert "1100" in get("folder", op="mkdir", authid=authid, path="book")
    request = urllib.request.Request(
        f"{base}file?{urlencode({'authid': authid, 'op': 'upload', 'filepath': 'book/123.txt'})}", b"123456"
    )
    request.add_unredirected_header("Content-type", "text/plain")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert b"1210" in answer.read()
    link = get("file", op="download", authid=authid, filepath="book/123.txt").partition('"msg": "')[2].partition('"')[0]
    with urllib.request.urlopen(link, timeout=30) as answer:
        assert answer.read() == b"123456"
