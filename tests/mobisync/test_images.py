"""`/img`: thumbnails, previews, originals."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests import samples
from tests.phone import Answer, Phone


def stored(phone: Phone, name: str, content: bytes) -> str:
    """The path of *content* once it is on the server."""
    assert phone.upload(name, content).status == 200
    return f"2024/5/{name}"


def picture(answer: Answer) -> tuple[int, str, str, samples.Size]:
    """Status, type, real format and size in pixels."""
    kind, size = samples.dimensions(answer.body)
    return answer.status, answer.header("content-type"), kind, size


@pytest.mark.parametrize("quality", [None, "", "low"])
def test_thumbnail_is_a_small_square_png(phone: Phone, quality: str | None) -> None:
    """Row 38."""
    path = stored(phone, "x.jpg", samples.jpeg())
    assert picture(phone.img(path, quality)) == (200, "image/png", "PNG", (250, 250))


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "WEBP", "TIFF"])
def test_thumbnail_of_every_kind_of_picture(phone: Phone, kind: str) -> None:
    path = stored(phone, f"x.{kind.lower()}", samples.picture(kind))
    answer = phone.img(path)
    assert picture(answer) == (200, "image/png", "PNG", (250, 250))
    assert samples.corner_colours(answer.body) == samples.UPRIGHT


@pytest.mark.parametrize("kind", ["mp4", "mov", "webm", "short.mp4"])
def test_thumbnail_of_a_video(phone: Phone, kind: str) -> None:
    """Row 39."""
    path = stored(phone, f"x.{kind}", samples.film(kind))
    assert picture(phone.img(path)) == (200, "image/png", "PNG", (250, 250))


@pytest.mark.parametrize(("name", "mime"), [("x.jpg", "image/jpeg"), ("X.JPEG", "image/jpeg"), ("x.png", "image/png")])
def test_full_is_the_original(phone: Phone, name: str, mime: str) -> None:
    """Row 40."""
    content = samples.picture("PNG") if name.endswith("png") else samples.jpeg()
    answer = phone.img(stored(phone, name, content), "full")
    assert (answer.status, answer.header("content-type"), answer.body) == (200, mime, content)


def test_full_of_what_no_browser_shows_is_the_original_too(phone: Phone) -> None:
    assert phone.img(stored(phone, "x.heic", samples.heic()), "full").body == samples.heic()
    assert phone.img(stored(phone, "x.mp4", samples.film("mp4")), "full").body == samples.film("mp4")


def test_undecodable_picture_has_no_thumbnail_and_does_no_harm(phone: Phone) -> None:
    broken = stored(phone, "broken.jpg", samples.jpeg()[:200])
    assert phone.img(broken).status < 500
    assert phone.img(broken, "high").status < 500
    assert phone.img(stored(phone, "x.jpg", samples.jpeg())).status == 200


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((640, 480), (640, 480)),
        ((2400, 1200), (1920, 960)),
        ((1200, 2400), (960, 1920)),
        ((1920, 1080), (1920, 1080)),
    ],
)
def test_preview_shrinks_and_never_enlarges(phone: Phone, size: samples.Size, shown: samples.Size) -> None:
    """Row 41."""
    path = stored(phone, "x.jpg", samples.turned_jpeg(1, size))
    assert picture(phone.img(path, "high")) == (200, "image/jpeg", "JPEG", shown)


@pytest.mark.parametrize("name", ["x.webp", "x.tiff", "x.png"])
def test_preview_of_other_pictures_is_a_jpeg(phone: Phone, name: str) -> None:
    path = stored(phone, name, samples.picture(name.partition(".")[2].upper(), (400, 300)))
    answer = phone.img(path, "high")
    assert picture(answer) == (200, "image/jpeg", "JPEG", (400, 300))
    assert samples.corner_colours(answer.body) == samples.UPRIGHT


def test_preview_of_a_video_is_a_frame(phone: Phone) -> None:
    path = stored(phone, "x.mp4", samples.film("mp4"))
    assert picture(phone.img(path, "high")) == (200, "image/jpeg", "JPEG", (176, 144))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_thumbnail_and_preview_are_upright(phone: Phone, orientation: int) -> None:
    """Row 42."""
    path = stored(phone, "x.jpg", samples.turned_jpeg(orientation))
    thumbnail, preview = phone.img(path), phone.img(path, "high")
    assert picture(thumbnail) == (200, "image/png", "PNG", (250, 250))
    assert samples.corner_colours(thumbnail.body) == samples.UPRIGHT
    assert picture(preview) == (200, "image/jpeg", "JPEG", (400, 300))
    assert samples.corner_colours(preview.body) == samples.UPRIGHT


@pytest.mark.parametrize("quality", [None, "high", "full"])
def test_missing_file_and_folder_are_not_found(phone: Phone, quality: str | None) -> None:
    """Row 43."""
    stored(phone, "x.jpg", samples.jpeg())
    assert phone.img("2024/5/y.jpg", quality).status == 404
    assert phone.img("Trash/2024/5/x.jpg", quality).status == 404
    assert phone.img("2024/5", quality).status in (400, 404)


@pytest.mark.parametrize("quality", [None, "high", "full"])
@pytest.mark.parametrize(
    "file",
    [
        "../../../../etc/passwd",
        "2024/../../../x",
        "/etc/passwd",
        "2024/5/../5/x.jpg",
        "..\\x.jpg",
        "a\0b",
    ],
)
def test_no_file_leads_out(phone: Phone, file: str, quality: str | None) -> None:
    """Row 44."""
    stored(phone, "x.jpg", samples.jpeg())
    answer = phone.img(file, quality)
    assert answer.status == 400
    assert b"root:" not in answer.body


def test_forty_thumbnails_at_once(phone: Phone) -> None:
    """Row 45."""
    paths = [stored(phone, f"{number}.jpg", samples.jpeg((number, 90, 90))) for number in range(40)]
    with ThreadPoolExecutor(40) as pool:
        assert [answer.status for answer in pool.map(phone.img, paths)] == [200] * 40


@pytest.mark.slow
def test_three_hundred_connections_at_once(phone: Phone) -> None:
    """The first generation asks for every thumbnail of every folder in one go."""
    path = stored(phone, "x.jpg", samples.jpeg())
    body = phone.img_request(path)
    exchanges = [phone.begin_post("img", body) for _ in range(300)]
    answers = [exchange.answer() for exchange in exchanges]
    assert {(answer.status, answer.header("content-type")) for answer in answers} == {(200, "image/png")}


def test_no_device_takes_it_from_the_path(phone: Phone) -> None:
    stored(phone, "x.jpg", samples.jpeg())
    everywhere = replace(phone, device="")
    for quality, mime in ((None, "image/png"), ("high", "image/jpeg"), ("full", "image/jpeg")):
        answer = everywhere.img("phone-1/2024/5/x.jpg", quality)
        assert (answer.status, answer.header("content-type")) == (200, mime)
