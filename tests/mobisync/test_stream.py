"""`/stream`: the video player's ranges (RFC 9110 §14)."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests import samples
from tests.phone import Phone

CLIP = "2024/5/clip.mp4"


@pytest.fixture
def player(phone: Phone) -> Phone:
    """A phone whose clip is on the server."""
    assert phone.upload("clip.mp4", samples.film("mp4")).status == 200
    return phone


def clip() -> bytes:
    return samples.film("mp4")


def test_whole_file_without_a_range(player: Phone) -> None:
    """Row 46."""
    answer = player.stream(CLIP)
    assert (answer.status, answer.body) == (200, clip())
    assert answer.header("accept-ranges") == "bytes"
    assert answer.header("content-type") == "video/mp4"
    assert answer.header("content-length") == str(len(clip()))
    assert answer.header("content-disposition").startswith("inline")
    assert answer.header("etag")
    assert answer.header("last-modified")


@pytest.mark.parametrize(
    ("span", "first", "last"),
    [
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, None),
        ("bytes=500-99999999", 500, None),
        ("bytes=0-0", 0, 0),
        ("bytes=-100", -100, None),
        ("bytes=-99999999", 0, None),
    ],
)
def test_range(player: Phone, span: str, first: int, last: int | None) -> None:
    """Rows 47, 48."""
    size = len(clip())
    start = first % size
    end = size - 1 if last is None else last
    answer = player.stream(CLIP, span)
    assert (answer.status, answer.body) == (206, clip()[start : end + 1])
    assert answer.header("content-range") == f"bytes {start}-{end}/{size}"
    assert answer.header("content-length") == str(end + 1 - start)
    assert answer.header("accept-ranges") == "bytes"
    assert answer.header("content-type") == "video/mp4"


@pytest.mark.parametrize("span", ["bytes=99999999-", "bytes=99999999-999999999", "bytes=-0"])
def test_range_outside_the_file(player: Phone, span: str) -> None:
    """Row 49."""
    answer = player.stream(CLIP, span)
    assert answer.status == 416
    assert answer.header("content-range") == f"bytes */{len(clip())}"


@pytest.mark.parametrize("span", ["items=0-1", "bytes=0-1,5-6"])
def test_what_is_no_single_byte_range_means_the_whole(player: Phone, span: str) -> None:
    """Row 50."""
    answer = player.stream(CLIP, span)
    assert (answer.status, answer.body) == (200, clip())


@pytest.mark.parametrize(
    "span",
    [
        "bytes=50-10",
        "bytes=x-",
        "bytes=-",
        "bytes",
        "bytes=1 2-",
        "bytes=" + "9" * 6000 + "-",
    ],
)
def test_nonsense_range_is_refused_or_ignored(player: Phone, span: str) -> None:
    """Row 50."""
    answer = player.stream(CLIP, span)
    assert answer.status == 416 or (answer.status, answer.body) == (200, clip())


def test_if_range_guards_a_seek(player: Phone) -> None:
    whole = player.stream(CLIP)
    answer = player.stream(CLIP, "bytes=0-9", headers=(("If-Range", whole.header("etag")),))
    assert (answer.status, answer.body) == (206, clip()[:10])
    for value in ('"another"', "Mon, 01 Jan 2001 00:00:00 GMT"):
        answer = player.stream(CLIP, "bytes=0-9", headers=(("If-Range", value),))
        assert (answer.status, answer.body) == (200, clip())


def test_head_is_get_without_a_body(player: Phone) -> None:
    answer = player.stream(CLIP, method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("content-length") == str(len(clip()))
    assert answer.header("accept-ranges") == "bytes"


@pytest.mark.parametrize("missing", ["User", "DeviceId", "File"])
def test_every_parameter_is_needed(player: Phone, missing: str) -> None:
    """Row 51."""
    query = {"User": player.user, "DeviceId": player.device, "File": CLIP}
    without = {key: value for key, value in query.items() if key != missing}
    assert player.raw("GET", player.target("stream?" + urlencode(without))).status == 400
    assert player.raw("GET", player.target("stream?" + urlencode({**query, missing: ""}))).status == 400


@pytest.mark.parametrize("file", ["../../../etc/passwd", "2024/../2024/5/clip.mp4", "2024/5/..", "/etc/passwd"])
def test_no_file_leads_out(player: Phone, file: str) -> None:
    """Row 51."""
    assert player.stream(file).status == 400


def test_folder_is_not_streamed(player: Phone) -> None:
    """Row 51."""
    assert player.stream("2024/5").status in (400, 403, 404)


def test_missing_file_and_wrong_method(player: Phone) -> None:
    """Row 52."""
    assert player.stream("2024/5/other.mp4").status == 404
    answer = player.stream(CLIP, method="POST")
    assert answer.status == 405
    assert "GET" in answer.header("allow")


def test_name_is_decoded_once_and_may_hold_dots_and_blanks(phone: Phone) -> None:
    for number, name in enumerate(("a..b.mp4", "a b+c%20d.mp4", "морe & co.mp4")):
        content = samples.film("mp4") + bytes([number])
        assert phone.upload(name, content).status == 200
        assert phone.stream(f"2024/5/{name}").body == content


@pytest.mark.parametrize(
    ("kind", "mime"),
    [
        ("mov", "video/quicktime"),
        ("webm", "video/webm"),
        ("mp3", "audio/mpeg"),
        ("jpg", "image/jpeg"),
    ],
)
def test_type_follows_the_content(phone: Phone, kind: str, mime: str) -> None:
    content = samples.jpeg() if kind == "jpg" else samples.film(kind)
    assert phone.upload(f"x.{kind}", content).status == 200
    assert phone.stream(f"2024/5/x.{kind}").header("content-type") == mime
