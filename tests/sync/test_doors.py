"""One tree, two doors: what the phone app uploads is in the feed, and what a computer stores the app shows."""

from __future__ import annotations

import itertools

import pytest

from tests.daemon import USER, Daemon
from tests.phone import Phone
from tests.samples import jpeg
from tests.sync.api import Api, sha256
from tests.sync.conftest import new_laptop

pytestmark = pytest.mark.slow

_numbers = itertools.count(1)


@pytest.fixture
def phone(server: Daemon) -> Phone:
    """The app on a phone that the owner added."""
    return Phone(f"{server.url}/k/{server.add_device(USER, f'phone {next(_numbers)}')}", USER, "pixel")


def test_a_photo_from_the_phone_is_in_the_feed_at_once(phone: Phone, person: Api) -> None:
    laptop = new_laptop(person)
    cursor = laptop.api.all_changes(0)[1]
    photo = jpeg(size=(80, 60))
    assert phone.upload("IMG_1.jpg", photo).status == 200
    [change] = laptop.api.changes(cursor, wait=10, prefix="pixel/").json()["changes"]
    assert (change["path"], change["content_hash"]) == ("pixel/2024/5/IMG_1.jpg", sha256(photo))
    assert change["device_id"] not in (None, laptop.id)
    assert laptop.api.download(change["path"]).body == photo


def test_a_photo_from_a_computer_is_in_the_months_of_the_app(phone: Phone, person: Api) -> None:
    photo = jpeg(size=(90, 60))
    assert person.put("pixel/2023/12/from-laptop.jpg", photo).status == 201
    assert phone.listed("2023/12") == ["2023/12/from-laptop.jpg"]
    assert {"Year": "2023", "Months": ["2023/12"]} in phone.folders().json()
    assert phone.img("2023/12/from-laptop.jpg").status == 200


def test_what_the_phone_throws_away_a_computer_brings_back(phone: Phone, person: Api) -> None:
    assert phone.upload("IMG_2.jpg", jpeg(size=(70, 60))).status == 200
    phone.move_to_trash("2024/5/IMG_2.jpg")
    [lying] = [one for one in person.trash(1000).json()["entries"] if one["original_path"].endswith("IMG_2.jpg")]
    assert person.restore(lying["id"]).status == 200
    assert "2024/5/IMG_2.jpg" in phone.listed("2024/5")


def test_a_photo_a_computer_replaced_lies_in_the_phones_trash(phone: Phone, person: Api) -> None:
    assert phone.upload("IMG_3.jpg", jpeg(size=(60, 60))).status == 200
    assert person.put("pixel/2024/5/IMG_3.jpg", jpeg(size=(61, 60))).status == 200
    assert "Trash/2024/5/IMG_3.jpg" in phone.listed("Trash")


def test_the_longest_path_every_byte_encoded_goes_through(person: Api) -> None:
    path = "/".join("ä" * 120 for _ in range(16)) + "/" + "ö" * 100 + ".jpg"
    assert person.put(path, b"deep").json()["path"] == path
    assert person.download(path).body == b"deep"
    assert person.delete(path).status == 204


def test_a_device_is_seen_from_its_first_request_on(person: Api) -> None:
    laptop = new_laptop(person)
    assert person.device(laptop.id).json()["last_seen_at"] is None
    assert laptop.api.me().status == 200
    assert person.device(laptop.id).json()["last_seen_at"] is not None
