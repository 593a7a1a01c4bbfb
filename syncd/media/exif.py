"""EXIF values, as Pillow, exiftool or ffmpeg hand them over, made into the fields of Metadata. Pure."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

_DATE = re.compile(
    r"\s*(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
FIRST_YEAR = 1826  # of the oldest photograph; a zeroed clock says 0000 or 1904
MAC_EPOCH = "1904:01:01 00:00:00"  # what an unset QuickTime time becomes


def taken_ms(text: object, zone: object = None, fraction: object = None) -> int | None:
    """Unix ms of an EXIF, QuickTime or ISO date; *zone* like "+02:00", *fraction* the digits after the second.

    No zone is read as UTC: what the camera's clock showed.
    """
    if not isinstance(text, str) or text.startswith(MAC_EPOCH) or (match := _DATE.match(text)) is None:
        return None
    *parts, inner_fraction, inner_zone = match.groups()
    digits = inner_fraction or (fraction.strip() if isinstance(fraction, str) else "")
    try:
        year, month, day, hour, minute, second = map(int, parts)
        moment = datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError:
        return None
    if moment.year < FIRST_YEAR:
        return None
    seconds = int(moment.timestamp()) - zone_s(inner_zone or zone)
    return seconds * 1000 + (int((digits + "00")[:3]) if digits.isascii() and digits.isdigit() else 0)


def zone_s(text: object) -> int:
    """Seconds east of UTC of "+02:00" or "-0730"; 0 for anything else."""
    match = re.match(r"\s*([+-])(\d\d):?(\d\d)", text, re.ASCII) if isinstance(text, str) else None
    if match is None:
        return 0
    seconds = int(match[2]) * 3600 + int(match[3]) * 60
    return -seconds if match[1] == "-" else seconds


def gps_degrees(parts: object, reference: object, most: int) -> float | None:
    """Degrees, signed, of the three EXIF numbers and the letter N, S, E or W; None if they are no place."""
    if not isinstance(parts, Sequence) or isinstance(parts, str | bytes) or len(parts) != 3:
        return None
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    value = -value if isinstance(reference, str) and reference.strip().upper() in ("S", "W") else value
    return round(value, 7) if -most <= value <= most else None  # NaN fails it, too


def camera(make: object, model: object) -> str | None:
    """The maker and the model in one line, without saying the maker twice."""
    maker, name = (value.strip(" \0") if isinstance(value, str) else "" for value in (make, model))
    if maker and name.casefold().startswith(maker.split()[0].casefold()):
        maker = ""
    return " ".join(part for part in (maker, name) if part) or None


def orientation(value: object) -> int | None:
    """The EXIF orientation 1..8, None for anything else: 0 and 9 are met in the wild."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 8 else None


def upright(width: int, height: int, turn: int | None) -> tuple[int, int]:
    """The size after orientation *turn* is applied."""
    return (height, width) if turn is not None and turn >= 5 else (width, height)
