"""Uploads: where they land, and what is refused with which status."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime

import pytest

from tests import samples
from tests.daemon import Daemon
from tests.phone import Answer, Phone, user_list

GIB = 1 << 30


def changed(phone: Phone, **headers: str | None) -> Answer:
    """An upload of a valid JPEG with these headers instead of the app's."""
    return phone.upload("x.jpg", samples.jpeg(), changes=headers)


def this_month() -> str:
    now = datetime.now()
    return f"{now.year}/{now.month}"


def test_upload_is_stored_and_listed(phone: Phone, open_daemon: Daemon) -> None:
    """Rows 1, 2, 3."""
    answer = phone.upload("IMG_1.jpg", samples.jpeg())
    assert (answer.status, answer.body) == (200, b"")
    assert phone.folders().json() == [{"Year": "2024", "Months": ["2024/5"]}]
    assert phone.listed("2024/5") == ["2024/5/IMG_1.jpg"]
    stored = open_daemon.tree(phone.user) / "phone-1" / "2024" / "5" / "IMG_1.jpg"
    assert stored.read_bytes() == samples.jpeg()


def test_older_releases_send_a_day_and_a_short_name(open_daemon: Daemon) -> None:
    """Row 4."""
    phone = Phone(open_daemon.url, "D", "old phone", generation=1)
    answer = phone.upload("clip.mp4", samples.film("mp4"), "2024-5-3", {"user": "[68]"})
    assert answer.status == 200
    assert phone.listed("2024/5") == ["2024/5/clip.mp4"]


def test_program_is_refused_whatever_its_name(phone: Phone, open_daemon: Daemon) -> None:
    """Rows 6, 7."""
    assert phone.upload("first.jpg", samples.jpeg()).status == 200
    for name in ("executable.exe", "x.jpg"):
        answer = phone.upload(name, samples.exe())
        assert answer.status == 400
        assert answer.header("content-type").startswith("text/plain")
    files = [path.name for path in open_daemon.tree(phone.user).rglob("*") if path.is_file()]
    assert files == ["first.jpg"]


@pytest.mark.parametrize("content", [samples.text(), samples.pdf(), b""], ids=["text", "pdf", "empty"])
def test_what_is_no_media_is_refused(phone: Phone, content: bytes) -> None:
    """Row 8."""
    assert phone.upload("x.jpg", content).status == 400
    assert phone.listed("2024/5") == []


@pytest.mark.parametrize(
    "user",
    [
        None,
        "[]",
        "null",
        '""',
        "",
        "[300]",
        "[-1]",
        "[68,",
        '"!!!"',
        '"RGVza"',
        "[255]",
        "[46, 46]",
        "[97, 47, 98]",
        "[0]",
        "[[68]]",
        "[6.8]",
        '["D"]',
        "{}",
    ],
)
def test_bad_user_header_is_refused(phone: Phone, user: str | None) -> None:
    """Rows 9, 10, 11."""
    assert changed(phone, user=user).status == 400


def test_user_header_as_base64_or_bare_name_means_the_same(phone: Phone) -> None:
    """Row 12."""
    coded = json.dumps(base64.b64encode(phone.user.encode()).decode())
    forms = (user_list(phone.user), f"  {user_list(phone.user)}", coded, phone.user)
    for number, form in enumerate(forms):
        answer = phone.upload(f"{number}.jpg", samples.jpeg((number, 0, 0)), changes={"user": form})
        assert answer.status == 200
    assert len(phone.listed("2024/5")) == len(forms)


def test_user_name_may_be_of_any_script(open_daemon: Daemon, nickname: str) -> None:
    """Row 13."""
    phone = Phone(open_daemon.url, f"Žofie Ünal Десислава {nickname}", "phone-1", generation=1)
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    assert phone.listed("2024/5") == ["2024/5/x.jpg"]


def test_user_name_has_no_case(open_daemon: Daemon, nickname: str) -> None:
    """Row 14."""
    tall = Phone(open_daemon.url, f"ABCŽ{nickname}", "phone-1", generation=1)
    small = Phone(open_daemon.url, f"abcž{nickname}", "phone-1", generation=1)
    assert tall.upload("x.jpg", samples.jpeg()).status == 200
    assert small.upload("y.jpg", samples.jpeg((1, 2, 3))).status == 200
    assert small.listed("2024/5") == tall.listed("2024/5") == ["2024/5/x.jpg", "2024/5/y.jpg"]


@pytest.mark.parametrize("date", [None, "", "2024"])
def test_date_is_needed(phone: Phone, date: str | None) -> None:
    """Row 15."""
    assert changed(phone, date=date).status == 400


@pytest.mark.parametrize("date", ["2999-5", "2024-13", "2024-0", "2024-May", "x-y", "0-1"])
def test_impossible_date_means_now(phone: Phone, date: str) -> None:
    """Row 16."""
    months = {this_month()}
    assert changed(phone, date=date).status == 200
    months.add(this_month())
    [year] = phone.folders().json()
    assert year["Months"][0] in months


@pytest.mark.parametrize(
    ("date", "folder"),
    [
        ("1999-5", "1999/5"),
        ("2024-05", "2024/5"),
        ("2024-5-31", "2024/5"),
        ("2024-12", "2024/12"),
    ],
)
def test_month_folder_is_unpadded_and_old_years_are_kept(phone: Phone, date: str, folder: str) -> None:
    """Row 17."""
    assert changed(phone, date=date).status == 200
    assert phone.listed(folder) == [f"{folder}/x.jpg"]


@pytest.mark.parametrize("kind", [None, "application/json", "image/jpeg", "multipart/form-data"])
def test_body_must_be_multipart(phone: Phone, kind: str | None) -> None:
    """Row 18."""
    assert changed(phone, **{"content-type": kind}).status == 400


@pytest.mark.parametrize("body", [b"", b"--edge--\r\n", b"no boundary here"], ids=["empty", "closing", "noise"])
def test_body_without_a_part_is_refused(phone: Phone, body: bytes) -> None:
    """Row 19."""
    headers = (
        ("user", user_list(phone.user)),
        ("date", "2024-5"),
        ("content-type", "multipart/form-data; boundary=edge"),
    )
    assert phone.raw("POST", phone.target("upload"), headers, body).status == 400


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_wrong_method_is_told_the_right_one(phone: Phone, method: str) -> None:
    answer = phone.raw(method, phone.target("upload"))
    assert answer.status == 405
    assert "POST" in answer.header("allow")


MEDIA: Mapping[str, bytes] = {
    "a.png": samples.picture("PNG"),
    "a.gif": samples.picture("GIF"),
    "a.bmp": samples.picture("BMP"),
    "a.webp": samples.picture("WEBP"),
    "a.tiff": samples.picture("TIFF"),
    "a.ico": samples.picture("ICO"),
    "a.heic": samples.heic(),
    "a.wav": samples.wav(),
}


@pytest.mark.parametrize("name", [*MEDIA, *(f"b.{kind}" for kind in samples.RECIPES)])
def test_every_kind_of_media_is_accepted(phone: Phone, open_daemon: Daemon, name: str) -> None:
    """Rows 27, 29."""
    content = MEDIA[name] if name in MEDIA else samples.film(name.partition(".")[2])
    assert phone.upload(name, content).status == 200
    assert phone.listed("2024/5") == [f"2024/5/{name}"]
    assert (open_daemon.tree(phone.user) / "phone-1/2024/5" / name).read_bytes() == content


def test_type_of_the_part_does_not_matter(phone: Phone) -> None:
    assert phone.upload("photo", samples.jpeg()).status == 200
    assert phone.upload("photo.exe", samples.picture("PNG")).status == 200
    assert phone.listed("2024/5") == ["2024/5/photo", "2024/5/photo.exe"]


def test_other_files_are_kept_where_the_owner_wants_it(nora: Phone, known_daemon: Daemon) -> None:
    content = samples.pdf() + nora.device.encode()
    assert nora.upload("letter.pdf", content).status == 200
    kept = [path for path in known_daemon.tree("nora").rglob("letter*.pdf") if path.read_bytes() == content]
    assert len(kept) == 1
    assert nora.device in kept[0].parts


def test_upload_over_the_limit_is_refused_before_its_bytes(nora: Phone) -> None:
    exchange, _tail = nora.begin_upload("huge.mp4", 2 * GIB)
    assert exchange.answer().status == 413
    assert nora.listed("2024/5") == []
