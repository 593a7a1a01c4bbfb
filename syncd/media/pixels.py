"""Pictures by Pillow. Imported in the worker process only: this is where a stranger's bytes meet C code.

The cheap path (measured, docs: performance): a JPEG is decoded at the smallest DCT scale that still covers the
wanted size (`draft`), resized with Lanczos, and only the small picture is turned and colour-converted.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings
from dataclasses import dataclass
from typing import IO

from PIL import Image, ImageFile, UnidentifiedImageError

from syncd.media import documents, exif
from syncd.model import Metadata

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "ICO", "AVIF")
TURNED_BY_PILLOW = ("TIFF",)  # its plugin applies the orientation by itself, and says the size as turned
THUMBNAIL = 250  # pixels, both sides
RLE = 3  # zlib's run-length strategy: grain has no repeats to search for; measured 5.5 instead of 8 ms, and smaller
PREVIEW = 1920  # pixels, the longer side
QUALITY = 85
MILLION = 1_000_000
SMALL_MEMORY = 200 << 20  # bytes; below it the lower pixel limits hold
PROFILE_BYTES = 1 << 20  # a real ICC profile is 0.5 to 600 KB
DOCUMENT_SIDE = 2000  # the longest strip looked at for documents; more changes no ratio
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Bytes that Pillow holds for one pixel, and more if the picture must be converted before it can be resized.
_PIXEL_BYTES = {"L": 1, "1": 5, "P": 5, "PA": 8, "LA": 8, "I;16": 3, "I;16B": 3, "I;16L": 3, "I": 5, "F": 5}

Image.MAX_IMAGE_PIXELS = 200 * MILLION  # Pillow's own guard behind ours
ImageFile.LOAD_TRUNCATED_IMAGES = False
warnings.simplefilter("ignore")  # about odd EXIF and big pictures; nobody reads our stderr


class Unreadable(Exception):
    """No picture can be made; the text says why. *foreign*: Pillow does not know the format."""

    def __init__(self, text: str, foreign: bool = False) -> None:
        super().__init__(text)
        self.foreign = foreign


@dataclass(slots=True)
class Picture:
    """An opened picture, not decoded yet."""

    image: Image.Image
    metadata: Metadata
    turn: int | None  # orientation to apply
    memory: int  # bytes that decoding may take


def open_picture(source: IO[bytes], memory: int, turn: int = 0) -> Picture:
    """Read the header and the metadata; *turn* 1..8 overrides the picture's own. Raises Unreadable."""
    try:
        image = Image.open(source, formats=FORMATS_HERE)
    except UnidentifiedImageError:
        raise Unreadable("not a picture that can be read", foreign=True) from None
    except Image.DecompressionBombError:
        raise Unreadable("too many pixels") from None
    width, height = image.size
    check_pixels(image.format or "", width * height, memory)
    metadata = read_metadata(image)
    own = None if image.format in TURNED_BY_PILLOW else metadata.orientation
    return Picture(image, metadata, turn or own, memory)


def formats_here() -> list[str]:
    """Those of FORMATS that this build of Pillow reads; the other forty plugins are not even loaded."""
    Image.preinit()
    for name in ("Mpo", "WebP", "Tiff", "Ico", "Avif"):
        with contextlib.suppress(ImportError):
            importlib.import_module(f"PIL.{name}ImagePlugin")
    return [name for name in FORMATS if name in Image.OPEN]


def check_pixels(name: str, pixels: int, memory: int) -> None:
    """Raises Unreadable if a picture of *pixels* is more than this box should decode."""
    small = memory < SMALL_MEMORY
    most = (100 if small else 200) if name in ("JPEG", "MPO") else (16 if small else 50)
    if not 0 < pixels <= most * MILLION:
        raise Unreadable(f"{pixels // MILLION} megapixels; the limit is {most}")


def read_metadata(image: Image.Image) -> Metadata:
    """Size and EXIF. Broken EXIF costs its own fields only."""
    turn, fields = None, Metadata()
    with contextlib.suppress(Exception):  # every parser error there is, from a stranger's bytes
        tags = Image.Image.getexif(image)  # PNG's own would decode the picture, before its memory was weighed
        turn = exif.orientation(tags.get(0x0112))
        fields = exif_fields(tags)
    width, height = image.size if image.format in TURNED_BY_PILLOW else exif.upright(*image.size, turn)
    return Metadata(
        taken_ms=fields.taken_ms,
        width=width,
        height=height,
        orientation=turn,
        camera=fields.camera,
        latitude=fields.latitude,
        longitude=fields.longitude,
    )


def exif_fields(tags: Image.Exif) -> Metadata:
    """Time, camera and place."""
    photo, place = tags.get_ifd(0x8769), tags.get_ifd(0x8825)
    when = exif.taken_ms(photo.get(0x9003), photo.get(0x9011), photo.get(0x9291))
    if when is None:
        when = exif.taken_ms(photo.get(0x9004), photo.get(0x9012), photo.get(0x9292))
    if when is None:
        when = exif.taken_ms(tags.get(0x0132), photo.get(0x9010), photo.get(0x9290))
    return Metadata(
        taken_ms=when,
        camera=exif.camera(tags.get(0x010F), tags.get(0x0110)),
        latitude=exif.gps_degrees(place.get(2), place.get(1), 90),
        longitude=exif.gps_degrees(place.get(4), place.get(3), 180),
    )


def decode(picture: Picture, width: int, height: int) -> Image.Image:
    """The decoded picture, at least *width* x *height* if it has that, in a mode that can be resized."""
    image = picture.image
    whole = image.size[0] * image.size[1]
    image.draft("RGB", (width, height))
    pixels = image.size[0] * image.size[1]
    held = pixels * _PIXEL_BYTES.get(image.mode, 4)
    if image.info.get("progressive"):
        held += whole * 3  # libjpeg keeps all coefficients, 4:2:0 in 16 bits, whatever the scale
    if image.format in TURNED_BY_PILLOW and (picture.metadata.orientation or 1) > 1:
        held *= 2
    if held > picture.memory * 4 // 5:
        raise Unreadable("decoding it needs more memory than a media process may have")
    try:
        image.load()
    except MemoryError:
        raise Unreadable("decoding it needs more memory than a media process may have") from None
    except Exception as exc:  # Pillow's decoders raise whatever a hostile file makes them raise
        raise Unreadable(f"damaged: {type(exc).__name__}") from None
    return plain(image)


def plain(image: Image.Image) -> Image.Image:
    """The same picture as L, RGB, RGBA or CMYK: palettes and 16 bits cannot be resized."""
    if image.mode in ("L", "RGB", "RGBA", "CMYK"):
        return image
    if image.mode.startswith("I;16"):
        return image.point(lambda value: value * (1 / 256), "L") if image.mode == "I;16" else halve(image)
    if image.mode == "I":
        return halve(image)
    transparent = "transparency" in image.info or image.mode in ("PA", "LA", "La", "RGBa")
    return image.convert("RGBA" if transparent else "RGB")


def halve(image: Image.Image) -> Image.Image:
    """16-bit grey in a 32-bit mode to 8 bits."""
    return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")


def finish(small: Image.Image, picture: Picture) -> Image.Image:
    """The small picture in sRGB, on white, upright."""
    small = to_srgb(small, picture.image.info.get("icc_profile"))
    if small.mode == "RGBA":
        ground = Image.new("RGB", small.size, "white")
        ground.paste(small, mask=small.getchannel("A"))
        small = ground
    if small.mode != "RGB":
        small = small.convert("RGB")
    turn = _TURNS.get(picture.turn or 1)
    return small if turn is None else small.transpose(turn)


def to_srgb(small: Image.Image, profile: object) -> Image.Image:
    """*small* by its ICC profile; as it is, if that is absent, sRGB itself, too large or broken."""
    if not isinstance(profile, bytes) or not 0 < len(profile) <= PROFILE_BYTES or b"sRGB" in profile[:4096]:
        return small
    from PIL import ImageCms  # loads lcms: not for the many pictures without a profile

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        mode = "RGBA" if small.mode == "RGBA" else "RGB"
        return ImageCms.profileToProfile(small, source, target, outputMode=mode) or small
    except (ImageCms.PyCMSError, OSError, ValueError):
        return small


def thumbnail(image: Image.Image, picture: Picture) -> bytes:
    """The centre of the picture, as a PNG of THUMBNAIL x THUMBNAIL, enlarged if need be."""
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    small = image.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS, box=box, reducing_gap=2.0)
    out = io.BytesIO()
    finish(small, picture).save(out, "PNG", compress_level=1, compress_type=RLE)
    return out.getvalue()


def looks_like_document(image: Image.Image, picture: Picture) -> bool:
    """The protocol's heuristic on the decoded picture; turned or not gives the same brightness."""
    width, height = exif.upright(*image.size, picture.turn)
    tall = documents.scaled_height(width, height)
    if not documents.is_document(255, 1.0, documents.WIDTH, tall):
        return False
    size = exif.upright(documents.WIDTH, min(tall, DOCUMENT_SIDE), picture.turn)
    small = finish(image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0), picture)
    third = 1 / 3
    # A hundredth more, so that (240+240+240)/3 is not 239.99 and cut to 239.
    grey = small.convert("L", matrix=(third, third, third, 0.01))
    mean, ratio = documents.brightness(grey.histogram())
    return documents.is_document(mean, ratio, documents.WIDTH, tall)


def preview(picture: Picture) -> bytes:
    """The whole picture as a JPEG whose longer side is PREVIEW at most. Raises Unreadable."""
    width, height = picture.image.size
    scale = min(1.0, PREVIEW / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = decode(picture, *size)
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    out = io.BytesIO()
    finish(image, picture).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


FORMATS_HERE = formats_here()
