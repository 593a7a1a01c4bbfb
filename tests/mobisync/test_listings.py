"""`/folders` and `/files`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import samples
from tests.phone import Phone


def post(phone: Phone, endpoint: str, body: bytes) -> int:
    return phone.begin_post(endpoint, body).answer().status


def test_unknown_user_has_no_folders(phone: Phone) -> None:
    """Row 30."""
    answer = phone.folders()
    assert (answer.status, answer.json()) == (200, [])
    assert answer.header("content-type").startswith("application/json")


@pytest.mark.parametrize("endpoint", ["folders", "files", "img"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b'{"User": 5, "UserData": 5}', b"\xff\xfe"])
def test_bad_json_is_refused(phone: Phone, endpoint: str, body: bytes) -> None:
    """Row 31."""
    assert post(phone, endpoint, body) == 400


@pytest.mark.parametrize("endpoint", ["folders", "files", "img"])
def test_listing_by_get_is_refused(phone: Phone, endpoint: str) -> None:
    """Row 32."""
    answer = phone.raw("GET", phone.target(endpoint))
    assert answer.status == 405
    assert "POST" in answer.header("allow")


def test_json_is_read_leniently(phone: Phone) -> None:
    """Unknown keys, another content type and a null count as the original counts them."""
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    body = b'{"User": "%s", "DeviceId": "phone-1", "Page": 7}' % phone.user.encode()
    headers = (("content-type", "text/plain"),)
    answer = phone.raw("POST", phone.target("folders"), headers, body)
    assert (answer.status, len(answer.json())) == (200, 1)
    everywhere = b'{"User": "%s", "DeviceId": null}' % phone.user.encode()
    assert phone.raw("POST", phone.target("folders"), headers, everywhere).status == 200


def test_months_come_oldest_first(phone: Phone) -> None:
    for number, date in enumerate(("2024-10", "2023-12", "2024-5", "1999-1")):
        assert phone.upload("x.jpg", samples.jpeg((number, 0, 0)), date).status == 200
    assert phone.folders().json() == [
        {"Year": "1999", "Months": ["1999/1"]},
        {"Year": "2023", "Months": ["2023/12"]},
        {"Year": "2024", "Months": ["2024/5", "2024/10"]},
    ]


def test_month_without_files_is_left_out(phone: Phone) -> None:
    assert phone.upload("x.jpg", samples.jpeg(), "2023-1").status == 200
    assert phone.upload("x.jpg", samples.jpeg(), "2024-5").status == 200
    assert phone.move_to_trash("2023/1/x.jpg").status == 200
    assert phone.folders().json() == [{"Year": "2024", "Months": ["2024/5"]}]
    assert phone.listed("2023/1") == []


def test_no_device_means_all_devices(phone: Phone) -> None:
    """Rows 33, 34."""
    other = replace(phone, device="tablet")
    everywhere = replace(phone, device="")
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    assert phone.upload("t.jpg", samples.jpeg(), "2024-6").status == 200
    assert other.upload("y.jpg", samples.jpeg((1, 1, 1))).status == 200
    assert phone.img("2024/5/x.jpg").status == 200
    assert phone.move_to_trash("2024/6/t.jpg").status == 200
    assert everywhere.folders().json() == [{"Year": "2024", "Months": ["2024/5"]}]
    assert sorted(everywhere.listed("2024/5")) == ["phone-1/2024/5/x.jpg", "tablet/2024/5/y.jpg"]
    assert everywhere.listed("Trash") == ["phone-1/Trash/2024/6/t.jpg"]
    assert replace(phone, device="  ").folders().json() == everywhere.folders().json()


@pytest.mark.parametrize(
    "folder",
    [
        "2024",
        "2031/1",
        "2024/2024/5",
        "",
        "/",
        "2024/5/x.jpg",
        "Thumbnails",
        "Metadata",
        "Thumbnails/2024/5",
        ".trash",
    ],
)
def test_what_is_no_month_is_empty(phone: Phone, folder: str) -> None:
    """Row 35."""
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    assert phone.listed(folder) == []


def test_trash_of_nothing_is_an_empty_list(phone: Phone) -> None:
    """Row 36."""
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    assert phone.files("Trash").body.strip() == b"[]"


@pytest.mark.parametrize(
    "folder",
    [
        "../../../etc",
        "..",
        "2024/../../../..",
        "/etc",
        "2024/5/..",
        "..\\..\\etc",
        "Trash/../..",
        "2024/5/\0",
    ],
)
def test_no_folder_leads_out(phone: Phone, folder: str) -> None:
    """Row 37."""
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    assert phone.listed(folder) == []


@pytest.mark.parametrize("user", ["", "..", "a/b", "../..", "nul\0"])
def test_impossible_user_sees_nothing(phone: Phone, user: str) -> None:
    for answer in (replace(phone, user=user).folders(), replace(phone, user=user, device="").files("2024/5")):
        assert answer.status == 400 or (answer.status, answer.json()) == (200, [])


def test_names_are_sorted_by_their_bytes(phone: Phone) -> None:
    names = ["b.jpg", "A.jpg", "a.jpg", "é.jpg", "10.jpg", "9.jpg"]
    for number, name in enumerate(names):
        assert phone.upload(name, samples.jpeg((number, 0, 0))).status == 200
    assert phone.listed("2024/5") == [f"2024/5/{name}" for name in sorted(names, key=str.encode)]


def test_doubled_slash_is_answered_directly(phone: Phone) -> None:
    """Row 69."""
    sloppy = replace(phone, url=phone.url + "/")
    assert sloppy.target("files") == "//files"
    assert sloppy.upload("x.jpg", samples.jpeg()).status == 200
    assert sloppy.listed("2024/5") == ["2024/5/x.jpg"]
    assert sloppy.stream("2024/5/x.jpg").status == 200


def test_setup_info_and_unknown_paths(phone: Phone) -> None:
    """Row 71."""
    answer = phone.setup_info()
    assert answer.status == 200
    assert answer.header("content-type").startswith("text/plain")
    assert phone.raw("GET", phone.target("no-such-page")).status == 404
    assert phone.raw("POST", phone.target("empty-trash")).status == 404
