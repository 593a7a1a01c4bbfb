"""ISO base media files (ISO/IEC 14496-12) by their first boxes: MP4, MOV, 3GP, HEIC, AVIF, CR3 and kin."""

from __future__ import annotations

from syncd.model import MediaType

# Brand -> type. A major brand decides; a compatible brand decides where the major one is unknown.
BRANDS: dict[bytes, MediaType] = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), MediaType("image", "image/heic")),
    **dict.fromkeys((b"mif1", b"msf1", b"miaf"), MediaType("image", "image/heif")),
    **dict.fromkeys((b"avif", b"avis"), MediaType("image", "image/avif")),
    b"crx ": MediaType("image", "image/x-canon-cr3"),
    b"qt  ": MediaType("video", "video/quicktime"),
    **dict.fromkeys((b"M4V ", b"M4VH", b"M4VP"), MediaType("video", "video/x-m4v")),
    **dict.fromkeys((b"M4A ", b"M4B ", b"M4P ", b"F4A "), MediaType("audio", "audio/mp4")),
}
PREFIXES: tuple[tuple[bytes, MediaType], ...] = (
    (b"3gp", MediaType("video", "video/3gpp")),
    (b"3gr", MediaType("video", "video/3gpp")),
    (b"3gs", MediaType("video", "video/3gpp")),
    (b"3ge", MediaType("video", "video/3gpp")),
    (b"3gg", MediaType("video", "video/3gpp")),
    (b"3g2", MediaType("video", "video/3gpp2")),
)
MP4 = MediaType("video", "video/mp4")
QUICKTIME = MediaType("video", "video/quicktime")
# The first box of a QuickTime file that has no brand, as cameras before 2005 and some editors write it.
UNBRANDED = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
INSIDE = {b"moov": (b"mvhd", b"cmov", b"rmra", b"trak", b"udta", b"iods")}
IMAGE_MAJORS = (b"mif1", b"msf1", b"miaf")  # say "some HEIF"; a compatible brand says which


def sniff_boxes(head: bytes) -> MediaType | None:
    """The type of an ISO-BMFF or QuickTime file that begins with *head*; None if it is neither."""
    if len(head) < 12:
        return None
    size, name = int.from_bytes(head[:4], "big"), head[4:8]
    if name == b"ftyp":
        return branded(head, size)
    if name in UNBRANDED:
        return QUICKTIME if plausible(head, size, name) else None
    return None


def branded(head: bytes, size: int) -> MediaType | None:
    """By the brands of the `ftyp` box; a brand that nobody knows is taken for MP4, as all of them share its boxes."""
    if size % 4 or not 12 <= size <= 4096:
        return None
    major, end = head[8:12], min(size, len(head))
    compatible = [head[at : at + 4] for at in range(16, end - 3, 4)]
    if not all(0x20 <= byte < 0x7F for byte in major):
        return None
    order = [*compatible, major] if major in IMAGE_MAJORS else [major, *compatible]
    known = [found for found in map(by_brand, order) if found is not None]
    if major in IMAGE_MAJORS:
        exact = [found for found in known if found.kind == "image" and found.mime != "image/heif"]
        return exact[0] if exact else BRANDS[b"mif1"]
    if by_brand(major) is None and not major.startswith((b"mp4", b"iso", b"avc", b"dash", b"MSNV", b"f4v")):
        return known[0] if known else MP4
    return by_brand(major) or MP4


def by_brand(brand: bytes) -> MediaType | None:
    """The type that one brand stands for, None for the general ones (isom, mp42) and unknown ones."""
    if brand in BRANDS:
        return BRANDS[brand]
    return next((found for prefix, found in PREFIXES if brand.startswith(prefix)), None)


def plausible(head: bytes, size: int, name: bytes) -> bool:
    """Is a box without a brand before it really one? Chance and text must not make it look so."""
    if name in INSIDE:
        return size >= 16 and head[12:16] in INSIDE[name]
    if name == b"mdat":
        return size in (0, 1) or size >= 16 and any(byte < 0x20 for byte in head[:4])
    if name == b"pnot":
        return size == 20
    if not 8 <= size < 1 << 20:
        return False
    following = head[size + 4 : size + 8]  # wide, free, skip: another box must come next, if we can see it
    return following in (*UNBRANDED, b"ftyp") if len(head) >= size + 8 else head[:2] == b"\0\0"
