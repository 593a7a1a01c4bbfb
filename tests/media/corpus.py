"""Photos and videos made for the tests: four coloured quadrants show which way up a picture is."""

import io
import struct
import subprocess
import zlib
from pathlib import Path

from PIL import Image, ImageOps

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 30), (30, 30, 220), (250, 250, 250)
UPRIGHT = (RED, GREEN, BLUE, WHITE)  # left to right, top to bottom
# For each EXIF orientation, what a camera that was held so has stored: the opposite of what must be done to it.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def quadrants(width: int = 640, height: int = 480, mode: str = "RGB") -> Image.Image:
    picture = Image.new("RGB", (width, height))
    for index, colour in enumerate(UPRIGHT):
        left, top = (index % 2) * width // 2, (index // 2) * height // 2
        picture.paste(colour, (left, top, left + width // 2, top + height // 2))
    return picture.convert(mode)


def turned(orientation: int) -> tuple[Image.Image, Image.Exif]:
    """Quadrants as a camera stores them, and the EXIF that says how to turn them."""
    picture, how = quadrants(), STORED[orientation]
    tags = Image.Exif()
    tags[0x0112] = orientation
    return (picture if how is None else picture.transpose(how)), tags


def encoded(picture: Image.Image, name: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, name, **options)
    return out.getvalue()


def colours(data: bytes) -> tuple[tuple[int, int, int], ...]:
    """The colour in the middle of each quadrant of a thumbnail or preview."""
    with Image.open(io.BytesIO(data)) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
        width, height = picture.size
        places = ((1, 1), (3, 1), (1, 3), (3, 3))
        red, green, blue = (picture.getchannel(band) for band in "RGB")
        spots = [(width * x // 4, height * y // 4) for x, y in places]
        return tuple((red.getpixel(at), green.getpixel(at), blue.getpixel(at)) for at in spots)  # type: ignore[misc]  # one band each, so they are numbers


def near(found: tuple[tuple[int, int, int], ...], wanted: tuple[tuple[int, int, int], ...], by: int = 24) -> bool:
    """Are the colours the same but for what encoding does to them?"""
    pairs = zip(found, wanted, strict=True)
    return all(abs(a - b) <= by for one, other in pairs for a, b in zip(one, other, strict=True))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims to be huge, with next to nothing in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    head = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def ffmpeg(*words: str | Path) -> None:
    """Make a file; the last word is its path."""
    argv = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1", *map(str, words)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)


def clip(path: Path, frames: int = 25, size: str = "320x240", *more: str) -> Path:
    """A video: three black frames, then quadrants."""
    still = path.with_name("quadrants.png")
    still.write_bytes(encoded(quadrants(320, 240), "PNG"))
    black = f"color=black:s={size}:r=25:d=0.12,format=yuv420p,setsar=1[a]"
    rest = f"[0:v]scale={size.replace('x', ':')},format=yuv420p,setsar=1,fps=25[b];[a][b]concat[v]"
    source = ("-loop", "1", "-t", "1", "-i", still, "-filter_complex", f"{black};{rest}", "-map", "[v]")
    ffmpeg(*source, "-frames:v", str(frames), *more, path)
    return path


def raw(preview: bytes, orientation: int) -> bytes:
    """A DNG in the least: maker, orientation, version, and a JPEG preview that exiftool finds."""
    maker, model = b"NIKON\0", b"Nikon D1\0"
    entries = [
        (0x00FE, 4, 1, 1),
        (0x0100, 4, 1, 480),
        (0x0101, 4, 1, 640),
        (0x0103, 3, 1, 7),
        (0x010F, 2, len(maker), maker),
        (0x0110, 2, len(model), model),
        (0x0111, 4, 1, preview),
        (0x0112, 3, 1, orientation),
        (0x0117, 4, 1, len(preview)),
        (0xC612, 1, 4, 0x00000401),
    ]
    at = 8 + 2 + 12 * len(entries) + 4
    table, tail = struct.pack("<H", len(entries)), b""
    for tag, kind, count, value in entries:
        if isinstance(value, bytes):
            table += struct.pack("<HHII", tag, kind, count, at + len(tail))
            tail += value
        else:
            table += struct.pack("<HHII", tag, kind, count, value)
    return b"II*\0\x08\0\0\0" + table + bytes(4) + tail
