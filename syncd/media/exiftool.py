"""exiftool, kept running (`-stay_open`): its arguments, its answers, and what it is given to read.

A running process cannot be handed a further open file, and in the sandbox it can open none. So it inherits one
memory file at its start, and before each question the parts of the media file that can hold metadata are copied
there, at their own offsets, the rest a hole: everything of a small file, head and tail of a large one.
"""

from __future__ import annotations

import json
import os

from syncd.media import exif, frames
from syncd.media.sandbox import INPUT
from syncd.model import MediaType, Metadata

WHOLE_BYTES = 48 << 20  # a picture is copied whole up to here: most RAW files
HEAD_BYTES = 4 << 20
TAIL_BYTES = 8 << 20  # `moov` of an hour of video; phones write it last
JSON_LIMIT = 64 * 1024
PREVIEW_LIMIT = 8 << 20
MOST_SECONDS = 1 << 30
READY = b"{ready}\n"
PREVIEW_TAGS = ("-PreviewImage", "-JpgFromRaw", "-ThumbnailImage")
BOXED = frozenset(("image/heic", "image/heif", "image/avif", "image/x-canon-cr3"))

# Formats that exiftool may be asked about: never DjVu, PDF or archives, whatever they are named.
TYPES: frozenset[str] = frozenset(
    ("image/jpeg", "image/png", "image/tiff", "image/webp", "image/gif", "image/heic", "image/heif", "image/avif")
    + ("image/x-adobe-dng", "image/x-canon-cr2", "image/x-canon-cr3", "image/x-nikon-nef", "image/x-sony-arw")
    + ("image/x-olympus-orf", "image/x-panasonic-rw2", "image/x-fuji-raf", "image/x-pentax-pef", "image/x-samsung-srw")
    + ("video/mp4", "video/quicktime", "video/x-m4v", "video/3gpp", "video/3gpp2", "audio/mp4")
    + ("video/x-matroska", "video/webm", "video/x-msvideo", "audio/mpeg", "audio/flac", "audio/ogg", "audio/wav")
)
_TAGS = (
    *("DateTimeOriginal", "OffsetTimeOriginal", "SubSecTimeOriginal", "CreationDate", "CreateDate", "MediaCreateDate"),
    *("ImageWidth", "ImageHeight", "Orientation", "Rotation", "Duration", "Make", "Model"),
    *("Composite:GPSLatitude", "Composite:GPSLongitude"),
)


def command(program: str) -> list[str]:
    """The running exiftool: no configuration file (those are Perl), arguments from stdin."""
    return [program, "-config", "", "-stay_open", "True", "-@", "-"]


def metadata_question(media: MediaType) -> bytes:
    """Ask for the metadata as JSON with numbers."""
    # -fast2 spares the maker's notes of a picture, but would stop in front of the `mdat` of all that has boxes.
    fast = ["-fast2"] if media.kind == "image" and media.mime not in BOXED else []
    words = ["-j", "-n", *fast, "-api", "QuickTimeUTC=1", "-api", "LargeFileSupport=1", *(f"-{tag}" for tag in _TAGS)]
    return "\n".join([*words, INPUT, "-execute", ""]).encode()


def preview_question(tag: str) -> bytes:
    """Ask for the JPEG that a RAW file carries; *tag* one of PREVIEW_TAGS."""
    return "\n".join(["-b", tag, INPUT, "-execute", ""]).encode()


def parse_metadata(text: bytes) -> Metadata:
    """The metadata in exiftool's JSON; empty if there is none, and without whatever is out of range."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        return Metadata()
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict):
        return Metadata()
    tags: dict[str, object] = rows[0]
    turn = exif.orientation(tags.get("Orientation"))
    rotation = tags.get("Rotation")
    sideways = turn is not None and turn >= 5 or isinstance(rotation, int) and rotation % 180 == 90
    width, height = tags.get("ImageWidth"), tags.get("ImageHeight")
    return frames.checked_metadata(
        {
            "taken_ms": _taken_ms(tags),
            "width": height if sideways else width,
            "height": width if sideways else height,
            "orientation": turn,
            "duration_ms": _duration_ms(tags.get("Duration")),
            "camera": exif.camera(tags.get("Make"), tags.get("Model")),
            "latitude": tags.get("GPSLatitude"),
            "longitude": tags.get("GPSLongitude"),
        }
    )


def _duration_ms(seconds: object) -> int | None:
    """Milliseconds of *seconds*; a file may claim any number at all, more than a float holds included."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < MOST_SECONDS:
        return None
    return round(seconds * 1000)


def _taken_ms(tags: dict[str, object]) -> int | None:
    """Of several dates, the one nearest to the shutter."""
    fraction = tags.get("SubSecTimeOriginal")
    digits = str(fraction) if isinstance(fraction, int | str) else None
    when = exif.taken_ms(tags.get("DateTimeOriginal"), tags.get("OffsetTimeOriginal"), digits)
    for tag in ("CreationDate", "CreateDate", "MediaCreateDate"):
        when = exif.taken_ms(tags.get(tag)) if when is None else when
    return when


def excerpt(size: int, media: MediaType) -> list[tuple[int, int]]:
    """The (offset, length) parts of a file of *size* bytes that exiftool is given."""
    if size <= (WHOLE_BYTES if media.kind == "image" else HEAD_BYTES + TAIL_BYTES):
        return [(0, size)]
    return [(0, HEAD_BYTES), (size - TAIL_BYTES, TAIL_BYTES)]


def copy_excerpt(source: int, memory_file: int, media: MediaType) -> None:
    """Make *memory_file* that excerpt of the open file *source*; blocks, for a thread. Raises OSError."""
    size = os.fstat(source).st_size
    os.ftruncate(memory_file, 0)  # gives the pages of the last file back
    os.ftruncate(memory_file, size)
    for offset, length in excerpt(size, media):
        os.lseek(memory_file, offset, os.SEEK_SET)
        at, end = offset, offset + length
        while at < end:
            sent = os.sendfile(memory_file, source, at, end - at)
            if sent == 0:
                return  # shorter than it was a moment ago
            at += sent
