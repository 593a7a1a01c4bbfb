"""Small valid files of every kind a phone holds, made on the spot.

Pictures come from Pillow, films and sound from ffmpeg; each is made once per run.
"""

from __future__ import annotations

import io
import subprocess
import tempfile
import wave
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Size = tuple[int, int]

RED: Colour = (220, 30, 30)
GREEN: Colour = (30, 190, 40)
BLUE: Colour = (30, 50, 210)
YELLOW: Colour = (230, 220, 40)
CORNERS = (RED, GREEN, BLUE, YELLOW)  # top left, top right, bottom left, bottom right
EXIF_ORIENTATION = 0x0112
# How to store an upright picture so that the viewer's turn (EXIF orientation) puts it upright again.
STORED_AS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
FFMPEG_S = 60


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@cache
def jpeg(colour: Colour = (90, 120, 160), size: Size = (64, 48)) -> bytes:
    """A picture of one colour; other colours make other bytes."""
    return _saved(Image.new("RGB", size, colour), "JPEG", quality=85)


def quarters(size: Size = (400, 300)) -> Image.Image:
    """A picture whose four quarters are CORNERS, so that every turn shows."""
    image = Image.new("RGB", size)
    width, height = size
    for index, colour in enumerate(CORNERS):
        left, top = (index % 2) * width // 2, (index // 2) * height // 2
        image.paste(colour, (left, top, left + width - width // 2, top + height - height // 2))
    return image


@cache
def turned_jpeg(orientation: int, size: Size = (400, 300)) -> bytes:
    """A camera's JPEG: upright it shows `quarters(size)`, stored it is turned, and EXIF says how (1..8)."""
    upright = quarters(size)
    stored = upright.transpose(STORED_AS[orientation]) if orientation in STORED_AS else upright
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    return _saved(stored, "JPEG", quality=90, exif=exif.tobytes())


def corner_colours(data: bytes) -> tuple[str, ...]:
    """The names of the CORNERS nearest to the middle of each quarter of an encoded picture, in CORNERS' order."""
    names = ("red", "green", "blue", "yellow")
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGB")
    seen = []
    for across, down in ((1, 1), (3, 1), (1, 3), (3, 3)):
        pixel = image.getpixel((image.width * across // 4, image.height * down // 4))
        assert isinstance(pixel, tuple)
        far = [sum((a - b) ** 2 for a, b in zip(pixel, colour, strict=True)) for colour in CORNERS]
        seen.append(names[far.index(min(far))])
    return tuple(seen)


UPRIGHT = ("red", "green", "blue", "yellow")


def dimensions(data: bytes) -> tuple[str, Size]:
    """Format and pixel size of an encoded picture, decoded whole, so that half a file does not pass."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return str(image.format), image.size


@cache
def photo(size: Size = (320, 240)) -> bytes:
    """A colourful picture of middling brightness that no document test may take for a page."""
    slope = Image.linear_gradient("L").point([70 + level // 2 for level in range(256)])
    turns = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
    image = Image.merge("RGB", [slope.transpose(turn).resize(size) for turn in turns])
    return _saved(image, "JPEG", quality=85)


@cache
def text_page(size: Size = (620, 877)) -> bytes:
    """A scanned letter: white, with black lines of writing."""
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    for top in range(60, size[1] - 60, 24):
        for left in range(60, size[0] - 60, 40):
            pen.rectangle((left, top, left + 30, top + 7), fill="black")
    return _saved(image, "JPEG", quality=85)


@cache
def picture(kind: str, size: Size = (64, 48)) -> bytes:
    """A picture in Pillow's format *kind*: PNG, GIF, BMP, WEBP, TIFF, ICO."""
    return _saved(quarters(size), kind)


@cache
def heic() -> bytes:
    """The head of an iPhone's photo, and bytes nobody will decode here."""
    brands = b"ftypheic" + bytes(4) + b"mif1heic"
    return (len(brands) + 4).to_bytes(4, "big") + brands + (1032).to_bytes(4, "big") + b"mdat" + bytes(range(256)) * 4


@cache
def wav() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\x10" * 4000)
    return out.getvalue()


VIDEO = ("-f", "lavfi", "-i", "testsrc=size=176x144:rate=10:duration=1")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:duration=1")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
RECIPES: dict[str, tuple[str, ...]] = {
    "mp4": (*VIDEO, *H264, "-movflags", "+faststart", "-f", "mp4"),
    "mov": (*VIDEO, *H264, "-f", "mov"),
    "mkv": (*VIDEO, *H264, "-f", "matroska"),
    "webm": (*VIDEO, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-f", "webm"),
    "3gp": (*VIDEO, "-c:v", "h263", "-f", "3gp"),
    "m4a": (*SOUND, "-c:a", "aac", "-f", "ipod"),
    "flac": (*SOUND, "-c:a", "flac", "-f", "flac"),
    "ogg": (*SOUND, "-c:a", "libvorbis", "-f", "ogg"),
    "mp3": (*SOUND, "-c:a", "libmp3lame", "-id3v2_version", "0", "-write_xing", "0", "-f", "mp3"),
    "aac": (*SOUND, "-c:a", "aac", "-f", "adts"),
    # Fewer frames than a thumbnail taken from the sixth would need.
    "short.mp4": ("-f", "lavfi", "-i", "testsrc=size=176x144:rate=10:duration=0.2", *H264, "-f", "mp4"),
}


@cache
def film(kind: str) -> bytes:
    """A second of video or sound in the container *kind*, a key of RECIPES. The MP3 is bare: no ID3 tag."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "out"
        subprocess.run(
            ["ffmpeg", "-v", "error", "-nostdin", "-y", *RECIPES[kind], "-fflags", "+bitexact", str(target)],
            check=True,
            timeout=FFMPEG_S,
            stdin=subprocess.DEVNULL,
        )
        return target.read_bytes()


def exe() -> bytes:
    """A Windows program's head."""
    return b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" + bytes(44) + b"\x80\0\0\0" + bytes(64) + b"PE\0\0" + bytes(400)


def text() -> bytes:
    return b"Milk, bread, a card for Desi.\n" * 20


def pdf() -> bytes:
    return b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
