"""First bytes decide what a file is; text never passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.media.sniff import SNIFF_BYTES, sniff
from syncd.model import MediaType
from tests.media import corpus


def box(name: bytes, size: int, inside: bytes = b"") -> bytes:
    return size.to_bytes(4, "big") + name + inside


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    return box(b"ftyp", 16 + 4 * len(compatible), major + bytes(4) + b"".join(compatible)) + box(b"mdat", 900)


def frames(head: bytes, size: int, count: int = 4) -> bytes:
    return (head + bytes(size - len(head))) * count


MP3_FRAME = frames(b"\xff\xfb\x90\x00", 417)  # 128 kbit/s, 44.1 kHz
ADTS_FRAME = frames(b"\xff\xf1\x50\x80\x20\x1f\xfc", 256)
KNOWN: list[tuple[bytes, str]] = [
    (b"\xff\xd8\xff\xe1", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM" + (900).to_bytes(4, "little") + bytes(4) + b"\x36\0\0\0" + b"\x28\0\0\0", "image/bmp"),
    (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
    (b"\0\0\x01\0\x01\0" + b"\x10\x10\0\0\x01\0\x20\0" + bytes(8), "image/x-icon"),
    (b"\xff\x0a\xfa\x1f", "image/jxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (ftyp(b"heic", b"mif1", b"heic"), "image/heic"),
    (ftyp(b"mif1", b"mif1", b"heic"), "image/heic"),
    (ftyp(b"mif1", b"mif1", b"avif"), "image/avif"),
    (ftyp(b"mif1", b"miaf"), "image/heif"),
    (ftyp(b"msf1", b"msf1", b"hevc"), "image/heic"),
    (ftyp(b"avif", b"mif1"), "image/avif"),
    (ftyp(b"crx ", b"isom"), "image/x-canon-cr3"),
    (ftyp(b"isom", b"isom", b"mp41"), "video/mp4"),
    (ftyp(b"mp42"), "video/mp4"),
    (ftyp(b"MSNV", b"MSNV", b"mp42"), "video/mp4"),
    (ftyp(b"abcd", b"efgh"), "video/mp4"),
    (ftyp(b"qt  ", b"qt  "), "video/quicktime"),
    (ftyp(b"M4V ", b"M4V "), "video/x-m4v"),
    (ftyp(b"M4A ", b"M4A "), "audio/mp4"),
    (ftyp(b"3gp5", b"isom"), "video/3gpp"),
    (ftyp(b"3g2a"), "video/3gpp2"),
    (box(b"moov", 900, box(b"mvhd", 108)), "video/quicktime"),
    (box(b"mdat", 70000, bytes(8)), "video/quicktime"),
    (box(b"wide", 8) + box(b"mdat", 900), "video/quicktime"),
    (box(b"free", 8) + box(b"moov", 900), "video/quicktime"),
    (box(b"skip", 12, bytes(4)) + box(b"mdat", 900), "video/quicktime"),
    (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "video/webm"),
    (b"\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\x82\x88matroska", "video/x-matroska"),
    (b"RIFF\x10\0\0\0AVI LIST", "video/x-msvideo"),
    (b"\0\0\x01\xba\x44", "video/mpeg"),
    (frames(b"\x47\x40\x00\x10\xff", 188, 6), "video/mp2t"),
    (frames(b"\0\0\0\0\x47\x40\x00\x10\xff", 192, 6), "video/mp2t"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c", "video/x-ms-asf"),
    (b"FLV\x01\x05", "video/x-flv"),
    (b"ID3\x03\0\0\0\0\x0f\x76", "audio/mpeg"),
    (MP3_FRAME, "audio/mpeg"),
    (ADTS_FRAME, "audio/aac"),
    (b"fLaC\0\0\0\x22", "audio/flac"),
    (b"OggS\0\x02" + bytes(22) + b"\x01\x13OpusHead", "audio/ogg"),
    (b"OggS\0\x02" + bytes(22) + b"\x01\x2a\x80theora", "video/ogg"),
    (b"RIFF\x10\0\0\0WAVEfmt ", "audio/wav"),
    (b"FORM\0\0\0\x10AIFF", "audio/aiff"),
    (b".snd\0\0\0\x18", "audio/basic"),
    (b"MThd\0\0\0\x06\0\x01", "audio/midi"),
    (b"#!AMR\n", "audio/amr"),
    (b"caff\0\x01\0\0", "audio/x-caf"),
    (b"II*\0\x08\0\0\0" + bytes(20), "image/tiff"),
    (b"MM\0*\0\0\0\x08" + bytes(20), "image/tiff"),
    (b"II*\0\x10\0\0\0CR\x02\0", "image/x-canon-cr2"),
    (b"IIRO\x08\0\0\0", "image/x-olympus-orf"),
    (b"IIU\0\x18\0\0\0", "image/x-panasonic-rw2"),
    (b"FUJIFILMCCD-RAW 0201", "image/x-fuji-raf"),
    (corpus.raw(b"", 1), "image/x-adobe-dng"),
]


@pytest.mark.parametrize(("head", "mime"), KNOWN, ids=[f"{mime}-{n}" for n, (_, mime) in enumerate(KNOWN)])
def test_what_is_media_is_known(head: bytes, mime: str) -> None:
    found = sniff(head)
    assert found == MediaType(mime.split("/")[0], mime)  # type: ignore[arg-type]  # one of the three kinds


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\0",
        bytes(SNIFF_BYTES),
        b"%PDF-1.7",
        b"MZ\x90\0",
        b"\x7fELF",
        b"PK\x03\x04",
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"<!DOCTYPE html>",
        b"#EXTM3U\n#EXTINF:10,\nfile:///x",
        b"ffconcat version 1.0\n",
        b"AT&TFORM\0\0\0\x10DJVM",
        b"BM for short",
        b"RIFF\x10\0\0\0sfbk",
        b"GIF90a",
        b"G" * SNIFF_BYTES,
        b"\xff\xfb\x90\x00",
        b"\xff\xfb\x90\x00" + bytes(4000),
        b"\0\0\0\x07ftypisom",
        b"text mdat is no video",
        b"\xff\xfe" + "Text as Windows writes it".encode("utf-16-le"),
    ],
)
def test_what_is_not_media_is_not(head: bytes) -> None:
    assert sniff(head) is None


@given(st.text(max_size=SNIFF_BYTES))
def test_no_text_is_media(text: str) -> None:
    magics = tuple(head for head, _mime in KNOWN)
    found = sniff(text.encode()[:SNIFF_BYTES])
    # The few magics that are plain letters are what they say; anything else in text means nothing.
    assert found is None or text.encode().startswith((b"GIF8", b"FUJI", b"FOVb", b"II", b"MM", b"ID3", *magics))


@given(st.binary(max_size=SNIFF_BYTES))
def test_no_bytes_break_it(head: bytes) -> None:
    found = sniff(head)
    assert found is None or found.mime.startswith(found.kind)


@given(st.sampled_from([head for head, _mime in KNOWN]), st.data())
def test_a_cut_head_is_no_other_kind_of_file(head: bytes, data: st.DataObject) -> None:
    cut = head[: data.draw(st.integers(0, len(head)))]
    whole, part = sniff(head), sniff(cut)
    assert whole is not None
    assert part is None or part.kind == whole.kind or whole.mime == "video/ogg"
