"""Names: a free one beside a taken one, and folder names from what people type. Pure functions."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterator
from itertools import count

from syncd.errors import BadName
from syncd.model import NAME_BYTES, check_name

LABEL_CHARACTERS = 24


def split_ext(name: str) -> tuple[str, str]:
    """Stem and extension with its dot; a leading dot starts no extension, and none is longer than 16 bytes."""
    stem, dot, ext = name.rpartition(".")
    if not stem or not ext or len(ext.encode()) > 16:
        return name, ""
    return stem, dot + ext


def shortened(name: str, most_bytes: int = NAME_BYTES) -> str:
    """*name* cut to *most_bytes* of UTF-8 on a character boundary; the extension is kept."""
    stem, ext = split_ext(name)
    room = most_bytes - len(ext.encode())
    return stem.encode()[:room].decode(errors="ignore") + ext


def candidates(name: str) -> Iterator[str]:
    """*name*, then `name (2).ext`, `name (3).ext` … without end."""
    yield name
    stem, ext = split_ext(name)
    for number in count(2):
        mark = f" ({number}){ext}"
        yield shortened(stem, NAME_BYTES - len(mark.encode())) + mark


def conflict_name(name: str, label: str, now_ms: int) -> str:
    """`photo.sync-conflict-20261120-081530-LABEL.jpg`: the form Syncthing made familiar, times in UTC.

    *label* says whose version it is; what no file name can hold is left out of it.
    """
    stem, ext = split_ext(name)
    whose = "".join(ch for ch in label if ch.isalnum() or ch in "-_")[:LABEL_CHARACTERS] or "device"
    mark = f".sync-conflict-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now_ms // 1000))}-{whose}{ext}"
    return shortened(stem, NAME_BYTES - len(mark.encode())) + mark


def fold(name: str) -> str:
    """The form in which user names are compared: NFC, without case. Raises BadName for broken Unicode."""
    try:
        name.encode()
    except UnicodeEncodeError as exc:
        raise BadName("a name must be valid Unicode") from exc
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.strip()).casefold())


def home_of(name: str) -> str:
    """The folder for a new user of that name: lower case, as the phone app's first server did it.

    Raises BadName for what cannot be a folder. A leading dot would hide the family's photos.
    """
    home = check_name(unicodedata.normalize("NFC", name.strip().lower()))
    if home.startswith("."):
        raise BadName("a user name must not begin with a dot")
    return home
