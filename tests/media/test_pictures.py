"""Whatever a camera, a phone or a stranger stores as a picture: the right thumbnail, or none and a reason."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from syncd.config import MediaSection
from syncd.media import family
from syncd.model import Examination
from syncd.workers.media import MediaPool, Tools
from tests.media import corpus
from tests.media.conftest import Examine, opened

LIMIT = MediaSection().memory_mb << 20


def shown(found: Examination) -> Image.Image:
    """The thumbnail, which there must be, in its one size."""
    assert found.thumbnail is not None, found.note
    picture = Image.open(io.BytesIO(found.thumbnail))
    assert (picture.format, picture.size, picture.mode) == ("PNG", (250, 250), "RGB")
    return picture


def peak_memory() -> int:
    """Bytes, the most that any of our children ever held."""
    most = 0
    for pid in set(family.members(os.getpid())) - {os.getpid()}:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        most = max(most, *(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM")), 0)
    return most


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.slow
async def test_every_orientation_comes_out_upright(
    pool: MediaPool, examine: Examine, tmp_path: Path, name: str
) -> None:
    options = {"quality": 95} if name in ("JPEG", "WEBP") else {}
    for orientation in corpus.STORED:
        picture, tags = corpus.turned(orientation)
        data = corpus.encoded(picture, name, exif=tags, **options)
        found = await examine(data)
        shown(found)
        assert corpus.near(corpus.colours(found.thumbnail or b""), corpus.UPRIGHT), orientation
        assert (found.metadata.width, found.metadata.height) == (640, 480)
        assert found.metadata.orientation == orientation
        with opened(data, tmp_path) as (fd, media):
            assert media is not None
            large = await pool.preview(fd, media)
        assert large is not None
        with Image.open(io.BytesIO(large)) as jpeg:
            assert (jpeg.format, jpeg.size) == ("JPEG", (640, 480))
        assert corpus.near(corpus.colours(large), corpus.UPRIGHT), orientation


async def test_exif_becomes_metadata(examine: Examine) -> None:
    tags = Image.Exif()
    tags[0x010F], tags[0x0110] = "Canon", "Canon EOS 5D"
    tags.get_ifd(0x8769).update({0x9003: "2024:05:01 12:00:00", 0x9011: "+02:00", 0x9291: "250"})
    place = {1: "S", 2: (33.0, 51.0, 25.2), 3: "E", 4: (151.0, 12.0, 36.0)}
    tags.get_ifd(0x8825).update(place)
    found = (await examine(corpus.encoded(corpus.quadrants(), "JPEG", exif=tags))).metadata
    assert found.taken_ms == 1_714_557_600_250
    assert found.camera == "Canon EOS 5D"
    assert found.latitude == pytest.approx(-33.857, abs=1e-3)
    assert found.longitude == pytest.approx(151.21, abs=1e-3)


async def test_a_small_picture_is_enlarged_in_the_thumbnail_only(
    pool: MediaPool, examine: Examine, tmp_path: Path
) -> None:
    data = corpus.encoded(corpus.quadrants(20, 16), "PNG")
    shown(await examine(data))
    with opened(data, tmp_path) as (fd, media):
        assert media is not None
        large = await pool.preview(fd, media)
    assert large is not None
    assert Image.open(io.BytesIO(large)).size == (20, 16)


@pytest.mark.slow
async def test_48_megapixels_stay_far_below_the_memory_limit(examine: Examine) -> None:
    data = corpus.encoded(corpus.quadrants(8000, 6000), "JPEG", quality=60)
    found = await examine(data)
    shown(found)
    assert corpus.near(corpus.colours(found.thumbnail or b""), corpus.UPRIGHT)
    assert 0 < peak_memory() < 64 << 20


@pytest.mark.slow
async def test_a_large_png_stays_below_the_memory_limit(examine: Examine) -> None:
    data = corpus.encoded(corpus.quadrants(8000, 6000), "PNG", compress_level=1)
    shown(await examine(data))
    assert 0 < peak_memory() < LIMIT


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "RGBA", "LA", "I;16"])
async def test_every_mode_has_a_thumbnail(examine: Examine, mode: str) -> None:
    if mode == "I;16":
        wide = Image.new("I;16", (400, 300), 0xC000)
        found = await examine(corpus.encoded(wide, "PNG"))
        grey = shown(found).getpixel((125, 125))
        assert grey == pytest.approx((0xC0, 0xC0, 0xC0), abs=2)
        return
    name = "JPEG" if mode == "CMYK" else "PNG"
    found = await examine(corpus.encoded(corpus.quadrants(mode=mode), name))
    shown(found)
    if mode in ("P", "CMYK", "RGBA"):
        assert corpus.near(corpus.colours(found.thumbnail or b""), corpus.UPRIGHT, 40)


async def test_transparent_is_white(examine: Examine) -> None:
    picture = shown(await examine(corpus.encoded(Image.new("RGBA", (300, 300), (9, 9, 9, 0)), "PNG")))
    assert picture.getpixel((99, 99)) == (255, 255, 255)


async def test_a_colour_profile_is_applied(examine: Examine) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # What was red in sRGB is blue in this one: the primaries change places.
    swapped = profile.replace(b"rXYZ", b"----").replace(b"bXYZ", b"rXYZ").replace(b"----", b"bXYZ")
    swapped = swapped.replace(b"sRGB", b"mine")
    data = corpus.encoded(Image.new("RGB", (300, 300), (200, 60, 60)), "JPEG", icc_profile=swapped)
    assert shown(await examine(data)).getpixel((9, 9)) == pytest.approx((60, 60, 200), abs=6)


async def test_a_broken_colour_profile_costs_only_itself(examine: Examine) -> None:
    shown(await examine(corpus.encoded(corpus.quadrants(), "JPEG", icc_profile=b"no profile" * 50)))


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG"])
async def test_of_an_animation_the_first_frame_is_shown(examine: Examine, name: str) -> None:
    frames = [Image.new("RGB", (300, 200), colour) for colour in ("red", "blue", "green")]
    data = corpus.encoded(frames[0], name, save_all=True, append_images=frames[1:], duration=100)
    assert shown(await examine(data)).getpixel((100, 100)) == pytest.approx((255, 0, 0), abs=8)


@pytest.mark.parametrize("name", ["BMP", "ICO", "MPO"])
async def test_the_other_formats_of_the_list_are_read(examine: Examine, name: str) -> None:
    picture = corpus.quadrants(256, 256) if name == "ICO" else corpus.quadrants()
    more = {"sizes": [(256, 256)]} if name == "ICO" else {}
    shown(await examine(corpus.encoded(picture, name, **more)))


def bad_pictures() -> dict[str, bytes]:
    jpeg, png = corpus.encoded(corpus.quadrants(), "JPEG"), corpus.encoded(corpus.quadrants(), "PNG")
    webp, gif = corpus.encoded(corpus.quadrants(), "WEBP"), corpus.encoded(corpus.quadrants(), "GIF")
    huge_gif = b"GIF89a" + b"\xff\xff\xff\xff\xf7\0\0" + gif[13:]
    return {
        "JPEG cut in half": jpeg[: len(jpeg) // 2],
        "JPEG header only": jpeg[:20],
        "PNG cut in half": png[: len(png) // 2],
        "WebP cut in half": webp[: len(webp) // 2],
        "GIF of 65535 x 65535": huge_gif,
        "PNG of 65535 x 65535": corpus.png_header(65535, 65535),
        "PNG of 10000 x 10000": corpus.png_header(10000, 10000),
        "PNG of nothing": corpus.png_header(0, 0),
        "JPEG of noise": b"\xff\xd8\xff\xe0" + os.urandom(5000),
        "TIFF of noise": b"II*\0\x08\0\0\0" + os.urandom(5000),
        "HTML with a PNG header": b"\x89PNG\r\n\x1a\n<html><script>alert(1)</script>",
    }


async def test_what_cannot_be_read_has_no_thumbnail_but_a_note(examine: Examine) -> None:
    for name, data in bad_pictures().items():
        found = await examine(data)
        assert found.thumbnail is None, name
        assert found.note.startswith("no preview"), name
        assert not found.is_document
    assert peak_memory() < LIMIT
    shown(await examine(corpus.encoded(corpus.quadrants(), "JPEG")))


@pytest.mark.parametrize("orientation", [0, 9, 60000])
async def test_an_orientation_that_does_not_exist_is_none(examine: Examine, orientation: int) -> None:
    tags = Image.Exif()
    tags[0x0112] = orientation
    found = await examine(corpus.encoded(corpus.quadrants(), "JPEG", exif=tags))
    assert corpus.near(corpus.colours(found.thumbnail or b""), corpus.UPRIGHT)
    assert found.metadata.orientation is None


@pytest.mark.parametrize("size", [(1, 20000), (20000, 1), (1, 1)])
async def test_extreme_shapes_are_no_trouble(examine: Examine, size: tuple[int, int]) -> None:
    found = await examine(corpus.encoded(Image.new("RGB", size, "white"), "PNG"))
    shown(found)
    assert peak_memory() < 96 << 20


@pytest.mark.parametrize("name", ["-version", "-o", "touch x |", "| id", "concat:a|b.jpg", "img%03d.jpg", "pipe:0"])
async def test_names_mean_nothing(examine: Examine, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(corpus.encoded(corpus.quadrants(), "JPEG"))
    shown(await examine(path))
    assert os.listdir(tmp_path) == [name]


async def test_the_offset_of_the_open_file_is_left_alone(pool: MediaPool, tmp_path: Path) -> None:
    with opened(corpus.encoded(corpus.quadrants(), "JPEG"), tmp_path) as (fd, media):
        assert media is not None
        os.lseek(fd, 7, os.SEEK_SET)
        await pool.examine(fd, media)
        assert os.lseek(fd, 0, os.SEEK_CUR) == 7


async def test_a_scan_is_a_document_and_a_photo_is_not(examine: Examine) -> None:
    assert (await examine(corpus.encoded(Image.new("RGB", (600, 800), "white"), "PNG"))).is_document
    assert not (await examine(corpus.encoded(Image.new("RGB", (600, 800), (120, 140, 90)), "JPEG"))).is_document
    assert not (await examine(corpus.encoded(Image.new("RGB", (3000, 20), "white"), "PNG"))).is_document


@pytest.mark.slow
async def test_avif_goes_by_ffmpeg_where_pillow_cannot(examine: Examine, tmp_path: Path) -> None:
    still, path = tmp_path / "q.png", tmp_path / "q.avif"
    still.write_bytes(corpus.encoded(corpus.quadrants(), "PNG"))
    corpus.ffmpeg("-i", still, "-c:v", "libaom-av1", "-cpu-used", "8", "-still-picture", "1", path)
    found = await examine(path)
    shown(found)
    assert corpus.near(corpus.colours(found.thumbnail or b""), corpus.UPRIGHT, 40)


@pytest.mark.slow
async def test_a_raw_file_shows_its_embedded_jpeg(examine: Examine, tmp_path: Path) -> None:
    preview = corpus.encoded(corpus.turned(6)[0], "JPEG", quality=95)
    found = await examine(corpus.raw(preview, orientation=6))
    shown(found)
    assert corpus.near(corpus.colours(found.thumbnail or b""), corpus.UPRIGHT)
    assert found.metadata.orientation == 6
    assert found.metadata.camera == "Nikon D1"


async def test_an_unreadable_heic_is_a_clean_none(examine: Examine) -> None:
    found = await examine(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + os.urandom(3000))
    assert found.thumbnail is None
    assert found.note.startswith("no preview")


@pytest.mark.slow
async def test_without_pillow_ffmpeg_makes_the_thumbnail(pool: MediaPool, examine: Examine) -> None:
    pool.tools = Tools(pool.tools.ffmpeg, pool.tools.exiftool, None)
    for orientation in (1, 6, 8):
        picture, tags = corpus.turned(orientation)
        found = await examine(corpus.encoded(picture, "JPEG", exif=tags, quality=95))
        shown(found)
        assert corpus.near(corpus.colours(found.thumbnail or b""), corpus.UPRIGHT), orientation
        assert (found.metadata.width, found.metadata.height) == (640, 480)
    pool.tools = Tools(None, None, None)
    assert (await examine(corpus.encoded(corpus.quadrants(), "JPEG"))).note.startswith("no preview")
