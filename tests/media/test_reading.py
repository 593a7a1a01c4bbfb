"""What tools and workers say, read without believing it; and the document decision."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.media import documents, exif, exiftool, ffmpeg, frames
from syncd.media.family import Member, below, parse_stat
from syncd.model import MediaType, Metadata

NOON = 1_714_557_600_000  # 2024-05-01 10:00:00 UTC


@pytest.mark.parametrize(
    ("mean", "ratio", "width", "height", "answer"),
    [
        (120, 0.28, 200, 280, True),
        (119, 0.28, 200, 280, False),
        (120, 0.2799, 200, 280, False),
        (255, 1.0, 200, 10, True),
        (255, 1.0, 200, 9, False),
        (255, 1.0, 9, 200, False),
        (0, 1.0, 200, 200, False),
    ],
)
def test_document_thresholds(mean: int, ratio: float, width: int, height: int, answer: bool) -> None:
    assert documents.is_document(mean, ratio, width, height) is answer


def test_brightness_counts_240_and_25_and_cuts_the_mean() -> None:
    histogram = [0] * 256
    for value in (25, 26, 239, 240):
        histogram[value] = 1
    assert documents.brightness(histogram) == ((25 + 26 + 239 + 240) // 4, 0.5)
    assert documents.brightness([0] * 256) == (0, 0.0)
    assert documents.scaled_height(4000, 3000) == 150
    assert documents.scaled_height(50000, 10) == 0


@pytest.mark.parametrize(
    ("text", "zone", "fraction", "ms"),
    [
        ("2024:05:01 10:00:00", None, None, NOON),
        ("2024:05:01 12:00:00", "+02:00", "5", NOON + 500),
        ("2024:05:01 12:00:00+02:00", "-09:00", None, NOON),
        ("2024-05-01T10:00:00.250000Z", None, None, NOON + 250),
        ("2024:05:01 02:30:00-07:30", None, None, NOON),
        ("0000:00:00 00:00:00", None, None, None),
        ("1904:01:01 00:00:00", None, None, None),
        ("2024:13:01 10:00:00", None, None, None),
        ("<script>", None, None, None),
        (17, None, None, None),
        (b"2024:05:01 10:00:00", None, None, None),
    ],
)
def test_dates(text: object, zone: object, fraction: object, ms: int | None) -> None:
    assert exif.taken_ms(text, zone, fraction) == ms


@given(st.text(), st.one_of(st.none(), st.text()), st.one_of(st.none(), st.text()))
def test_no_text_breaks_a_date(text: str, zone: str | None, fraction: str | None) -> None:
    assert exif.taken_ms(text, zone, fraction) is None or text.strip()
    assert exif.taken_ms("2024:05:01 10:00:00", zone, fraction) is not None


def test_places_and_cameras() -> None:
    assert exif.gps_degrees((33, 30, 0), "S", 90) == -33.5
    assert exif.gps_degrees((91, 0, 0), "N", 90) is None
    assert exif.gps_degrees((float("nan"), 0, 0), "N", 90) is None
    assert exif.gps_degrees("33 30 0", "N", 90) is None
    assert exif.camera("Apple", "iPhone 15") == "Apple iPhone 15"
    assert exif.camera("NIKON CORPORATION", "NIKON D1") == "NIKON D1"
    assert exif.camera(None, " ") is None


def test_exiftool_answers_are_read() -> None:
    tags = {
        "CreateDate": "2024:05:01 10:00:00+00:00",
        "ImageWidth": 1920,
        "ImageHeight": 1080,
        "Rotation": 90,
        "Duration": 1.5,
        "Make": "Apple\n<b>",
        "Model": "iPhone",
        "GPSLatitude": -33.5,
        "GPSLongitude": 151.25,
    }
    found = exiftool.parse_metadata(json.dumps([tags]).encode())
    assert found == Metadata(NOON, 1080, 1920, None, 1500, "Apple <b> iPhone", -33.5, 151.25)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_whatever_exiftool_says_is_taken_or_left(value: object) -> None:
    names = ("DateTimeOriginal", "ImageWidth", "Orientation", "Rotation", "Duration", "Make", "GPSLatitude")
    found = exiftool.parse_metadata(json.dumps([dict.fromkeys(names, value)]).encode())
    assert found.orientation is None or 1 <= found.orientation <= 8
    assert found.latitude is None or -90 <= found.latitude <= 90


@given(st.binary(max_size=400))
def test_whatever_a_worker_says_is_checked(text: bytes) -> None:
    try:
        reply = frames.parse_reply(text, b"")
    except frames.BadFrame:
        return
    assert len(reply.note) <= frames.NOTE_LENGTH


def test_a_reply_survives_the_way() -> None:
    reply = frames.Reply(Metadata(NOON, 4, 3, 6, None, "X", 1.5, 2.5), True, "", False, b"picture")
    data = frames.pack_reply(reply)
    text, picture = frames.reply_lengths(data[:8])
    assert frames.parse_reply(data[8 : 8 + text], data[8 + text :][:picture]) == reply


def test_a_reply_beyond_its_bounds_is_refused() -> None:
    with pytest.raises(frames.BadFrame):
        frames.reply_lengths(frames.REPLY_HEAD.pack(10, frames.PICTURE_LIMIT + 1))


REPORT = b"""Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:/proc/self/fd/3':
  Metadata:
    creation_time   : 2024-05-01T10:00:00.000000Z
  Duration: 01:02:03.45, start: 0.000000, bitrate: 61 kb/s
  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(tv, bt709), 1920x1080 [SAR 1:1], 25 fps
    Side data:
      displaymatrix: rotation of -90.00 degrees
Output #0, image2pipe, to 'pipe:':
  Stream #0:0: Video: png, rgb24, 250x250
"""


def test_the_report_of_ffmpeg_is_read() -> None:
    assert ffmpeg.parse_report(REPORT) == Metadata(taken_ms=NOON, width=1080, height=1920, duration_ms=3_723_450)
    assert ffmpeg.parse_report(b"\xff nonsense") == Metadata()


def test_a_tile_is_not_taken_for_the_whole() -> None:
    assert ffmpeg.shows_whole(REPORT, Metadata(width=1920, height=1080))
    assert ffmpeg.shows_whole(REPORT, Metadata(width=1080, height=1920))
    assert not ffmpeg.shows_whole(REPORT, Metadata(width=4032, height=3024))
    assert not ffmpeg.shows_whole(REPORT, Metadata(width=250, height=250))
    assert not ffmpeg.shows_whole(REPORT, Metadata())


VIDEO = MediaType("video", "video/mp4")


@pytest.mark.parametrize("size", [0, 10, 5 << 20, (12 << 20) + 1, 3 << 30])
def test_an_excerpt_is_bounded_and_inside_the_file(size: int) -> None:
    parts = exiftool.excerpt(size, VIDEO)
    assert sum(length for _offset, length in parts) <= min(size, 12 << 20)
    assert parts[0][0] == 0
    assert sum(parts[-1]) == size


def test_a_large_file_is_copied_at_its_two_ends() -> None:
    size = 40 << 20
    source, memory_file = os.memfd_create("source"), os.memfd_create("excerpt")
    try:
        os.truncate(source, size)
        os.pwrite(source, b"head", 0)
        os.pwrite(source, b"middle", size // 2)
        os.pwrite(source, b"tail", size - 4)
        exiftool.copy_excerpt(source, memory_file, VIDEO)
        assert os.fstat(memory_file).st_size == size
        assert os.fstat(memory_file).st_blocks * 512 <= 13 << 20
        found = (os.pread(memory_file, 4, 0), os.pread(memory_file, 6, size // 2), os.pread(memory_file, 4, size - 4))
        assert found == (b"head", bytes(6), b"tail")
    finally:
        os.close(source)
        os.close(memory_file)


def test_a_family_is_session_and_descent() -> None:
    everyone = {
        1: Member(0, 1, 1, True),
        10: Member(1, 10, 1, True),
        11: Member(10, 10, 1, True),
        12: Member(11, 12, 1, True),  # left the session, but its parent is one of us
        13: Member(1, 10, 1, True),  # lost its parent, but kept the session
        20: Member(1, 20, 1, True),
    }
    assert set(below(10, everyone)) == {10, 11, 12, 13}


def test_a_process_name_cannot_forge_its_line() -> None:
    fields = b" ".join([b"S", b"7", b"8", b"9", *[b"0"] * 17, b"3"])
    assert parse_stat(b"42 (a) Z 1 1 1 (b) " + fields, 4096) == Member(7, 9, 3 * 4096, True)
    assert parse_stat(b"", 4096) is None
