"""ffmpeg: argument lists, and what it says about a file on its way. Pure.

A playlist, a concat script or a reference inside a file must not make it open another one: only the demuxers
named here, only the `file` protocol, and the input by its descriptor. Tried with 5.1 (docs: reliability, 2.4).
"""

from __future__ import annotations

import re

from syncd.media import exif, frames
from syncd.media.sandbox import INPUT
from syncd.model import Kind, Metadata

MOVING = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,asf,flv,ogg,mp3,aac,wav,flac,aiff,au,amr,caf"
STILL = "jpeg_pipe,png_pipe,webp_pipe,bmp_pipe,tiff_pipe,gif,ico,jpegxl_pipe,mov,mp4,m4a,3gp,3g2,mj2,avif"
MAX_PIXELS = 50_000_000  # 8K video has 33 million
PROBE_BYTES = 5_000_000
PROBE_US = 1_000_000
FRAME = 5  # the sixth: the first is often black
THUMBNAIL = 250
PREVIEW = 1920
STDERR_LIMIT = 64 * 1024

_PNG = b"\x89PNG\r\n\x1a\n"
_DURATION = re.compile(r"Duration: (\d+):(\d\d):(\d\d)\.(\d\d)")
_SIZE = re.compile(r"Stream #0:.*: Video: .*?[ ,](\d{2,5})x(\d{2,5})[ ,\n]")
_CREATED = re.compile(r"creation_time\s*: (\S+)")
_ROTATION = re.compile(r"(?:rotation of (-?\d+)|rotate\s*: (-?\d+))")
# No reading of the terminal, one thread: the pool decides how much runs at once.
_QUIET = ["-hide_banner", "-nostdin", "-v", "info", "-nostats", "-threads", "1"]


def _reading(kind: Kind) -> list[str]:
    return [
        *_QUIET,
        *("-protocol_whitelist", "file,pipe"),
        *("-format_whitelist", STILL if kind == "image" else MOVING),
        *("-probesize", str(PROBE_BYTES), "-analyzeduration", str(PROBE_US)),
        *("-max_pixels", str(MAX_PIXELS)),
        *("-i", f"file:{INPUT}", "-an", "-sn", "-dn"),
    ]


def _picked(kind: Kind, scale: str) -> list[str]:
    """The first frame, and the sixth where there is one, spaced so that none is doubled."""
    if kind != "video":
        return ["-filter_threads", "1", "-vf", scale, "-frames:v", "1"]
    pick = f"select=eq(n\\,0)+eq(n\\,{FRAME}),setpts=N/25/TB"
    return ["-filter_threads", "1", "-vf", f"{pick},{scale}", "-r", "25", "-frames:v", "2"]


def thumbnail(program: str, kind: Kind) -> list[str]:
    """Writes PNGs of THUMBNAIL x THUMBNAIL to stdout, centre-cropped and upright; the last is the one."""
    side = THUMBNAIL
    scale = f"scale={side}:{side}:force_original_aspect_ratio=increase:flags=area,crop={side}:{side},setsar=1"
    picked = _picked(kind, f"{scale},format=rgb24")
    return [program, *_reading(kind), *picked, "-threads", "1", "-f", "image2pipe", "-c:v", "png", "-"]


def preview(program: str, kind: Kind) -> list[str]:
    """Writes JPEGs of PREVIEW on the longer side at most to stdout, upright; the last is the one."""
    fit = f"scale=min({PREVIEW}\\,iw):min({PREVIEW}\\,ih):force_original_aspect_ratio=decrease,setsar=1"
    encode = ["-threads", "1", "-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "3", "-"]
    return [program, *_reading(kind), *_picked(kind, f"{fit},format=yuvj420p"), *encode]


def last_png(stream: bytes) -> bytes | None:
    """The last of the PNGs in *stream*, if it is a whole thumbnail."""
    at = stream.rfind(_PNG)
    return stream[at:] if at >= 0 and is_thumbnail(stream[at:]) else None


def is_thumbnail(data: bytes) -> bool:
    """A PNG of the one size, from beginning to end."""
    side = THUMBNAIL.to_bytes(4, "big")
    return data.startswith(_PNG) and data[16:24] == side + side and data[-8:-4] == b"IEND"


def last_jpeg(stream: bytes) -> bytes | None:
    """The last of the JPEGs in *stream*. Inside one, FF is never followed by D8."""
    at = stream.rfind(b"\xff\xd8\xff")
    return stream[at:] if at >= 0 and is_jpeg(stream[at:]) else None


def is_jpeg(data: bytes) -> bool:
    """A JPEG from beginning to end."""
    return data.startswith(b"\xff\xd8\xff") and data.endswith(b"\xff\xd9")


def parse_report(stderr: bytes) -> Metadata:
    """What ffmpeg says about its input while it works: duration, size (upright), creation time."""
    said = stderr.decode("utf-8", "replace").partition("\nOutput #")[0]
    size, turn = _SIZE.search(said), _ROTATION.search(said)
    width, height = (int(size[1]), int(size[2])) if size else (None, None)
    if turn and int(turn[1] or turn[2]) % 180 != 0:
        width, height = height, width
    created = _CREATED.search(said)
    return frames.checked_metadata(
        {
            "duration_ms": _duration_ms(said),
            "width": width,
            "height": height,
            "taken_ms": exif.taken_ms(created[1]) if created else None,
        }
    )


def _duration_ms(said: str) -> int | None:
    match = _DURATION.search(said)
    if match is None:
        return None
    hours, minutes, seconds, hundredths = map(int, match.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + hundredths * 10


def shows_whole(stderr: bytes, known: Metadata) -> bool:
    """Was the whole picture decoded? Up to version 7 ffmpeg takes one tile of a tiled HEIC for all of it."""
    if known.width is None or known.height is None:
        return False
    said = stderr.decode("utf-8", "replace").partition("\nOutput #")[0]
    sizes = {(int(width), int(height)) for width, height in re.findall(r"[ ,](\d{2,5})x(\d{2,5})[ ,\n]", said)}
    return (known.width, known.height) in sizes or (known.height, known.width) in sizes
