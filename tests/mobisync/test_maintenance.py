"""Thumbnails made anew, orphans removed, documents found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import samples
from tests.daemon import wait_until
from tests.phone import Phone

COUNTED = {
    "regenerate-thumbnails": "Regenerated",
    "clean-orphan-thumbnails": "Removed",
    "run-document-detection": "Moved",
}


@pytest.mark.parametrize("endpoint", COUNTED)
def test_get_is_refused(phone: Phone, endpoint: str) -> None:
    """Row 57."""
    answer = phone.raw("GET", phone.target(endpoint))
    assert answer.status == 405
    assert "POST" in answer.header("allow")


@pytest.mark.parametrize("endpoint", COUNTED)
def test_request_must_name_user_and_device(phone: Phone, endpoint: str) -> None:
    """Row 58."""
    bodies = (
        b"",
        b"{}",
        b"null",
        b'{"UserData":{"User":"","DeviceId":"d"}}',
        b'{"UserData":{"User":"u","DeviceId":""}}',
    )
    assert [phone.begin_post(endpoint, body).answer().status for body in bodies] == [400] * len(bodies)


@pytest.mark.parametrize(("endpoint", "key"), COUNTED.items())
def test_answer_is_a_number(phone: Phone, endpoint: str, key: str) -> None:
    """Row 59."""
    assert phone.upload("x.jpg", samples.photo()).status == 200
    answer = phone.post(endpoint, {"UserData": {"User": phone.user, "DeviceId": phone.device}})
    assert answer.status == 200
    assert type(answer.json()[key]) is int


def test_regeneration_counts_what_it_made(phone: Phone) -> None:
    assert phone.upload("x.jpg", samples.photo()).status == 200
    assert phone.upload("y.png", samples.picture("PNG")).status == 200
    assert phone.upload("z.mp4", samples.film("mp4")).status == 200
    assert phone.upload("t.jpg", samples.jpeg((5, 5, 5))).status == 200
    assert phone.move_to_trash("2024/5/t.jpg").status == 200
    assert phone.regenerate().json() == {"Regenerated": 3}
    assert phone.img("2024/5/z.mp4").status == 200


@pytest.mark.parametrize(("endpoint", "key"), COUNTED.items())
def test_device_without_files_counts_nothing(phone: Phone, endpoint: str, key: str) -> None:
    """Row 60."""
    assert phone.upload("x.jpg", samples.photo()).status == 200
    answer = phone.post(endpoint, {"UserData": {"User": phone.user, "DeviceId": "never seen"}})
    assert (answer.status, answer.json()) == (200, {key: 0})
    assert phone.move_to_trash("2024/5/x.jpg").status == 200
    assert phone.run_detection().json() == {"Moved": 0}


def test_detection_moves_pages_and_leaves_photos(phone: Phone) -> None:
    """Row 61."""
    assert phone.upload("page.jpg", samples.text_page()).status == 200
    assert phone.upload("photo.jpg", samples.photo()).status == 200
    assert phone.listed("2024/5") == ["2024/5/page.jpg", "2024/5/photo.jpg"]
    assert phone.run_detection().json() == {"Moved": 1}
    assert phone.listed("2024/5") == ["2024/5/photo.jpg"]
    assert phone.listed("Trash") == ["Trash/2024/5/page.jpg"]
    assert phone.run_detection().json() == {"Moved": 0}


def test_detection_on_upload_where_the_owner_wants_it(nora: Phone) -> None:
    assert nora.upload("photo.jpg", samples.photo()).status == 200
    assert nora.upload("page.jpg", samples.text_page()).status == 200
    wait_until(lambda: nora.listed("Trash") == ["Trash/2024/5/page.jpg"], "the page to be found")
    assert nora.listed("2024/5") == ["2024/5/photo.jpg"]


def test_cleaning_leaves_the_thumbnails_of_living_files(phone: Phone) -> None:
    """Row 62."""
    names = ("a.jpg", "b.jpeg", "c.JPEG", "d.mp4.jpeg", "e.mp4")
    for number, name in enumerate(names):
        content = samples.film("mp4") if name.endswith("mp4") else samples.jpeg((number, 7, 7))
        assert phone.upload(name, content).status == 200
        assert phone.img(f"2024/5/{name}").status == 200
    assert phone.move_to_trash("2024/5/b.jpeg").status == 200
    assert phone.clean_orphans().status == 200
    alive = [f"2024/5/{name}" for name in names if name != "b.jpeg"] + ["Trash/2024/5/b.jpeg"]
    assert [phone.img(path).status for path in alive] == [200] * len(alive)


def test_maintenance_of_one_device_leaves_the_others(phone: Phone) -> None:
    tablet = replace(phone, device="tablet")
    assert tablet.upload("page.jpg", samples.text_page()).status == 200
    assert phone.upload("page.jpg", samples.text_page()).status == 200
    assert phone.run_detection().json() == {"Moved": 1}
    assert tablet.listed("2024/5") == ["2024/5/page.jpg"]
