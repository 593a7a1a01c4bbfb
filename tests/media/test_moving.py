"""Videos and sound: a frame, upright; and a playlist never makes ffmpeg open anything."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from syncd.model import MediaType
from syncd.workers.media import MediaPool, Tools
from tests.media import corpus
from tests.media.conftest import Examine, opened

MP4 = MediaType("video", "video/mp4")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


@pytest.mark.slow
async def test_the_sixth_frame_is_shown(pool: MediaPool, examine: Examine, tmp_path: Path) -> None:
    path = corpus.clip(tmp_path / "clip.mp4", 25, "320x240", *H264, "-metadata", "creation_time=2024-05-01T10:00:00Z")
    found = await examine(path)
    assert corpus.near(corpus.colours(found.thumbnail or b""), corpus.UPRIGHT, 50)
    assert (found.metadata.width, found.metadata.height, found.metadata.duration_ms) == (320, 240, 1000)
    assert found.metadata.taken_ms == 1_714_557_600_000
    with opened(path, tmp_path) as (fd, media):
        assert media is not None
        large = await pool.preview(fd, media)
    assert large is not None
    assert Image.open(io.BytesIO(large)).size == (320, 240)
    assert corpus.near(corpus.colours(large), corpus.UPRIGHT, 50)


@pytest.mark.slow
async def test_a_clip_of_two_frames_shows_its_first(examine: Examine, tmp_path: Path) -> None:
    found = await examine(corpus.clip(tmp_path / "clip.mp4", 2, "320x240", *H264))
    assert corpus.near(corpus.colours(found.thumbnail or b""), ((0, 0, 0),) * 4)


@pytest.mark.slow
async def test_a_turned_video_is_upright(examine: Examine, tmp_path: Path) -> None:
    flat = corpus.clip(tmp_path / "flat.mp4", 10, "320x240", *H264)
    turned = tmp_path / "turned.mp4"
    corpus.ffmpeg("-i", flat, "-c", "copy", "-metadata:s:v", "rotate=90", turned)
    found = await examine(turned)
    # This ffmpeg writes a matrix that turns to the left: exiftool calls it a rotation by 270 degrees.
    red, green, blue, white = corpus.UPRIGHT
    assert corpus.near(corpus.colours(found.thumbnail or b""), (green, white, red, blue), 50)
    assert (found.metadata.width, found.metadata.height) == (240, 320)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["a.mov", "a.mkv", "a.webm", "a.avi", "a.ts", "a.m2ts", "a.flv", "a.3gp", "a.wmv", "a.mpg"]
)
async def test_each_container_is_known_and_shown(examine: Examine, tmp_path: Path, name: str) -> None:
    codec = {
        "a.webm": ("-c:v", "libvpx", "-deadline", "realtime"),
        "a.wmv": ("-c:v", "wmv2"),
        "a.mpg": ("-c:v", "mpeg2video"),
        "a.flv": ("-c:v", "flv"),
    }.get(name, H264)
    found = await examine(corpus.clip(tmp_path / name, 20, "320x240", *codec))
    assert corpus.near(corpus.colours(found.thumbnail or b""), corpus.UPRIGHT, 60), found.note
    assert (found.metadata.width, found.metadata.height) == (320, 240)


@pytest.mark.slow
async def test_without_exiftool_ffmpeg_reports(pool: MediaPool, examine: Examine, tmp_path: Path) -> None:
    pool.tools = Tools(pool.tools.ffmpeg, None, pool.tools.pillow)
    more = ("-metadata", "creation_time=2024-05-01T10:00:00Z")
    found = (await examine(corpus.clip(tmp_path / "clip.mp4", 25, "320x240", *H264, *more))).metadata
    assert (found.width, found.height, found.duration_ms, found.taken_ms) == (320, 240, 1000, 1_714_557_600_000)


async def test_without_ffmpeg_a_video_has_metadata_only(pool: MediaPool, examine: Examine, tmp_path: Path) -> None:
    path = corpus.clip(tmp_path / "clip.mp4", 25, "320x240", *H264)
    pool.tools = Tools(None, pool.tools.exiftool, pool.tools.pillow)
    found = await examine(path)
    assert found.thumbnail is None
    assert "ffmpeg is not installed" in found.note
    assert found.metadata.duration_ms == 1000


async def test_the_cover_of_a_song_is_its_picture(examine: Examine, tmp_path: Path) -> None:
    cover, bare, song = tmp_path / "c.jpg", tmp_path / "bare.mp3", tmp_path / "song.mp3"
    cover.write_bytes(corpus.encoded(corpus.quadrants(), "JPEG"))
    tone = ("-f", "lavfi", "-i", "sine=d=1")
    corpus.ffmpeg(*tone, bare)
    corpus.ffmpeg("-i", bare, "-i", cover, "-map", "0", "-map", "1", "-c", "copy", song)
    assert corpus.near(corpus.colours((await examine(song)).thumbnail or b""), corpus.UPRIGHT, 50)
    found = await examine(bare)
    assert found.thumbnail is None
    assert found.metadata.duration_ms == pytest.approx(1000, abs=300)  # estimated from the bit rate


def playlists(folder: Path, canary: Path) -> dict[str, str]:
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n"
    return {
        "HLS to a file": hls.format(canary.as_uri()),
        "HLS to a neighbour": hls.format(canary.name),
        "HLS to the network": hls.format("http://127.0.0.1:9/x.ts"),
        "ffconcat": f"ffconcat version 1.0\nfile {canary.name}\n",
        "ffconcat by its whole path": f"ffconcat version 1.0\nfile {canary}\n",
        "SDP": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
        "DASH": f"<MPD><Period><AdaptationSet><BaseURL>{canary}</BaseURL></AdaptationSet></Period></MPD>",
    }


@pytest.mark.slow
async def test_a_playlist_named_mp4_shows_nothing(pool: MediaPool, tmp_path: Path) -> None:
    canary = corpus.clip(tmp_path / "canary.ts", 10, "320x240", *H264)
    for name, text in playlists(tmp_path, canary).items():
        path = tmp_path / "playlist.mp4"
        path.write_text(text)
        with opened(path, tmp_path) as (fd, media):
            assert media is None, name
            found = await pool.examine(fd, MP4)
            assert found.thumbnail is None, name
            assert found.note.startswith("no preview"), name
            assert await pool.preview(fd, MP4) is None, name


@pytest.mark.slow
async def test_a_damaged_video_is_a_clean_none(examine: Examine, tmp_path: Path) -> None:
    whole = corpus.clip(tmp_path / "clip.mp4", 25, "320x240", *H264).read_bytes()
    box = (16).to_bytes(4, "big") + b"moov" + bytes(8)
    for data in (whole[: len(whole) // 3], whole[:40], whole[:32] + os.urandom(4000), whole[:32] + box * 4000):
        found = await examine(data)
        assert found.thumbnail is None
        assert found.note.startswith("no preview")
