"""What a file is, from its first bytes; its name and its sender have no say.

The WHATWG MIME sniffing table for images, sound and video (https://mimesniff.spec.whatwg.org/ section 6) and what
phones and cameras write beyond it. Where a format has no magic (MP3 frames, transport streams), several
frames in a row must agree, so that text and random bytes do not pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from syncd.media.boxes import sniff_boxes
from syncd.model import MediaType

SNIFF_BYTES = 4096  # three MP3 frames of the highest rate, eight M2TS packets

_TABLE: tuple[tuple[int, bytes, MediaType], ...] = (
    (0, b"\xff\xd8\xff", MediaType("image", "image/jpeg")),
    (0, b"\x89PNG\r\n\x1a\n", MediaType("image", "image/png")),
    (0, b"GIF87a", MediaType("image", "image/gif")),
    (0, b"GIF89a", MediaType("image", "image/gif")),
    (0, b"\xff\x0a", MediaType("image", "image/jxl")),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", MediaType("image", "image/jxl")),
    (0, b"FUJIFILMCCD-RAW", MediaType("image", "image/x-fuji-raf")),
    (0, b"IIRO", MediaType("image", "image/x-olympus-orf")),
    (0, b"IIRS", MediaType("image", "image/x-olympus-orf")),
    (0, b"MMOR", MediaType("image", "image/x-olympus-orf")),
    (0, b"IIU\0", MediaType("image", "image/x-panasonic-rw2")),
    (0, b"\0MRM", MediaType("image", "image/x-minolta-mrw")),
    (0, b"FOVb", MediaType("image", "image/x-sigma-x3f")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c", MediaType("video", "video/x-ms-asf")),
    (0, b"FLV\x01", MediaType("video", "video/x-flv")),
    (0, b"\0\0\x01\xba", MediaType("video", "video/mpeg")),
    (0, b"\0\0\x01\xb3", MediaType("video", "video/mpeg")),
    (0, b"fLaC", MediaType("audio", "audio/flac")),
    (0, b".snd\0\0", MediaType("audio", "audio/basic")),
    (0, b"MThd\0\0\0\x06", MediaType("audio", "audio/midi")),
    (0, b"#!AMR\n", MediaType("audio", "audio/amr")),
    (0, b"#!AMR-WB\n", MediaType("audio", "audio/amr-wb")),
    (0, b"caff\0\x01", MediaType("audio", "audio/x-caf")),
)
_RIFF = {
    b"WAVE": MediaType("audio", "audio/wav"),
    b"AVI ": MediaType("video", "video/x-msvideo"),
}
# TIFF-shaped RAW files, by a word in their first bytes: the maker's name stands near the front of nearly all.
_RAW_MAKERS: tuple[tuple[bytes, str], ...] = (
    (b"NIKON", "image/x-nikon-nef"),
    (b"SONY", "image/x-sony-arw"),
    (b"PENTAX", "image/x-pentax-pef"),
    (b"RICOH", "image/x-pentax-pef"),
    (b"SAMSUNG", "image/x-samsung-srw"),
)
_TIFF = MediaType("image", "image/tiff")
_MP3 = MediaType("audio", "audio/mpeg")
_AAC = MediaType("audio", "audio/aac")
_TS = MediaType("video", "video/mp2t")
_DNG_VERSION, _SUBFILE, _SUB_IFDS, _COMPRESSION = 0xC612, 0xFE, 0x14A, 0x103


LengthAt = Callable[[bytes, int], int]  # of the frame at a place; 0: none there


def sniff(head: bytes) -> MediaType | None:
    """The media type of a file whose first bytes are *head* (SNIFF_BYTES of them, or all); None: no media."""
    for at, magic, found in _TABLE:
        if head.startswith(magic, at):
            return found
    return (
        _sniff_riff(head)
        or _sniff_bitmap(head)
        or _sniff_tiff(head)
        or sniff_boxes(head)
        or _sniff_ebml(head)
        or _sniff_ogg(head)
        or _sniff_frames(head)
        or _sniff_transport(head)
    )


def _sniff_riff(head: bytes) -> MediaType | None:
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head[:4] == b"RIFF" and head[8:14] == b"WEBPVP":
        return MediaType("image", "image/webp")
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return MediaType("audio", "audio/aiff")
    return None


def _sniff_bitmap(head: bytes) -> MediaType | None:
    """BMP and ICO: two letters prove nothing, so their headers must make sense."""
    if head[:2] == b"BM" and len(head) >= 18 and head[6:10] == bytes(4):
        header = int.from_bytes(head[14:18], "little")
        return MediaType("image", "image/bmp") if header in (12, 16, 40, 52, 56, 64, 108, 124) else None
    if head[:4] in (b"\0\0\x01\0", b"\0\0\x02\0") and len(head) >= 22:
        count, reserved = int.from_bytes(head[4:6], "little"), head[9]
        return MediaType("image", "image/x-icon") if 0 < count <= 256 and reserved == 0 else None
    return None


def _sniff_tiff(head: bytes) -> MediaType | None:
    """TIFF, BigTIFF, and the RAW formats that are TIFF with the picture elsewhere."""
    if head[:4] in (b"II+\0", b"MM\0+"):
        return _TIFF
    if head[:4] not in (b"II*\0", b"MM\0*") or len(head) < 10:
        return None
    if head[8:10] == b"CR":
        return MediaType("image", "image/x-canon-cr2")
    tags = _tiff_tags(head)
    if _DNG_VERSION in tags:
        return MediaType("image", "image/x-adobe-dng")
    # A preview in front (reduced-size subfile or SubIFDs) and a camera maker's name: not a scan, but a RAW.
    if _SUB_IFDS in tags or tags.get(_SUBFILE) == 1 or tags.get(_COMPRESSION) == 65535:
        for maker, mime in _RAW_MAKERS:
            if maker in head.upper():
                return MediaType("image", mime)
    return _TIFF


def _tiff_tags(head: bytes) -> dict[int, int]:
    """The tags of the first directory as far as *head* holds it, with the value field read as a number."""
    order: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(head[at : at + size], order)

    start = number(4, 4)
    count = number(start, 2) if start + 2 <= len(head) else 0
    entries = (start + 2 + 12 * index for index in range(min(count, 256)))
    tags = {}
    for at in entries:
        if at + 12 <= len(head):
            tags[number(at, 2)] = number(at + 8, 2 if number(at + 2, 2) == 3 else 4)
    return tags


def _sniff_ebml(head: bytes) -> MediaType | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    if b"webm" in head[:64]:
        return MediaType("video", "video/webm")
    return MediaType("video", "video/x-matroska") if b"matroska" in head[:64] else None


def _sniff_ogg(head: bytes) -> MediaType | None:
    if not head.startswith(b"OggS\0"):
        return None
    moving = any(word in head[:512] for word in (b"\x80theora", b"BBCD\0", b"\x01video"))
    return MediaType("video", "video/ogg") if moving else MediaType("audio", "audio/ogg")


def _sniff_frames(head: bytes) -> MediaType | None:
    """MP3 behind an ID3 tag, or MP3 and ADTS frames that follow each other."""
    if head[:3] == b"ID3" and len(head) >= 10:
        sane = head[3] in (2, 3, 4) and head[4] < 16 and all(byte < 0x80 for byte in head[6:10])
        return _MP3 if sane else None
    return _AAC if _chain(head, _adts_length) else _MP3 if _chain(head, _mp3_length) else None


def _chain(head: bytes, length_at: LengthAt) -> bool:
    """Do three frames follow one another, or as many as a whole short file holds, but two at least?"""
    at, frames = 0, 0
    while frames < 3 and at < len(head):
        size = length_at(head, at)
        if size == 0:
            return False
        at, frames = at + size, frames + 1
    return frames >= 2


def _mp3_length(head: bytes, at: int) -> int:
    """Bytes of the MPEG audio layer III frame at *at*, 0 if there is none (ISO/IEC 11172-3, 13818-3)."""
    if len(head) < at + 4 or head[at] != 0xFF or head[at + 1] & 0xE6 != 0xE2:
        return 0
    version, rate, hertz = head[at + 1] >> 3 & 3, head[at + 2] >> 4, head[at + 2] >> 2 & 3
    if version == 1 or rate in (0, 15) or hertz == 3:
        return 0
    table = _KBIT_V1 if version == 3 else _KBIT_V2
    frequency = (44100, 48000, 32000)[hertz] >> {3: 0, 2: 1, 0: 2}[version]
    return (144 if version == 3 else 72) * table[rate - 1] * 1000 // frequency + (head[at + 2] >> 1 & 1)


def _adts_length(head: bytes, at: int) -> int:
    """Bytes of the ADTS frame at *at*, 0 if there is none (ISO/IEC 13818-7)."""
    if len(head) < at + 7 or head[at] != 0xFF or head[at + 1] & 0xF6 != 0xF0 or head[at + 2] >> 2 & 15 > 12:
        return 0
    size = (head[at + 3] & 3) << 11 | head[at + 4] << 3 | head[at + 5] >> 5
    return size if size > 7 else 0


def _sniff_transport(head: bytes) -> MediaType | None:
    """MPEG transport stream: a sync byte every 188 bytes, or every 192 with a time stamp in front (M2TS)."""
    for first, step in ((0, 188), (4, 192)):
        places = range(first, len(head), step)
        if len(places) >= 3 and all(head[at] == 0x47 for at in places[:8]):
            # Text may hold a 'G' at all these places; a stream has bytes beyond ASCII as well.
            return _TS if any(byte >= 0x80 for byte in head[: step * 3]) else None
    return None


_KBIT_V1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBIT_V2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
