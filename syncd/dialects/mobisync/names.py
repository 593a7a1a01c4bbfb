"""Names as the phone app means them: device ids, file names, months, `Trash/…`. Pure.

One mapping for all endpoints: what `/upload` stores under, everything else looks up.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from syncd.core.names import shortened
from syncd.errors import BadName, BadRequest
from syncd.model import TreePath

TRASH = "Trash"

_REPLACED = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f]')
_RESERVED = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]", re.IGNORECASE)
_MONTH = re.compile(r"([0-9]{4})/([0-9]{1,2})")
_DATE = re.compile(r"\s*([0-9]{1,6})\s*-\s*([0-9]{1,6})\s*(?:-.*)?", re.DOTALL)


def sanitised(name: str) -> str:
    """*name* as the app's first server would store it (protocol §2.4), without its losses.

    The extension survives shortening, nothing begins with a dot, and nothing is left that cannot be looked up again.
    '' for a name of which nothing is left.
    """
    clean = _REPLACED.sub("!", unicodedata.normalize("NFC", name))
    clean = re.sub(r"^\.+", "!", clean)
    clean = re.sub(r"!+", "!", clean)
    if len(clean) > 1:
        clean = clean.removeprefix("!").removesuffix("!")
    if clean.startswith("."):
        clean = f"!{clean}"
    if _RESERVED.fullmatch(clean):
        clean += "!"
    return shortened(clean)


def device_folder(device_id: str) -> str:
    """The top-level folder of a device; raises BadRequest when nothing is left of the id.

    `Trash` is the name of a view: a device called so gets another folder.
    """
    folder = sanitised(device_id.strip())
    if not folder:
        raise BadRequest("DeviceId must not be empty")
    return f"{folder}!" if folder.casefold() == TRASH.casefold() else folder


def file_name(name: str) -> str:
    """What an uploaded file is called; raises BadRequest when nothing is left of the name."""
    clean = sanitised(name)
    if not clean.strip():
        raise BadRequest("the file has no name")
    return clean


def month_folder(header: str, today: date) -> tuple[str, str]:
    """Year and month, unpadded, of a `date` header `2024-5[-3]`; nonsense and the future become *today*'s (§2.5).

    Raises BadRequest for a header without `-`. Years before 2000 are kept: people scan old pictures. A box that
    believes in a year before its own making takes the phone's word.
    """
    if "-" not in header:
        raise BadRequest("wrong date: send year-month, as in 2024-5")
    found = _DATE.fullmatch(header)
    if found is not None:
        year, month = int(found[1]), int(found[2])
        is_past = year <= today.year or today.year < _MADE
        if 1000 <= year <= 9999 and is_past and 1 <= month <= 12:
            return str(year), str(month)
    return str(today.year), str(today.month)


_MADE = 2026


def month_of(folder: str) -> tuple[int, int] | None:
    """(year, month) of a folder `2024/5` below a device; None for any other folder."""
    found = _MONTH.fullmatch(folder)
    return (int(found[1]), int(found[2])) if found and 1 <= int(found[2]) <= 12 else None


@dataclass(frozen=True, slots=True)
class Named:
    """A file as the app names it: a path of the tree or, with `in_trash`, a place of the trash."""

    path: TreePath
    in_trash: bool


@lru_cache(1024)
def named_file(device_id: str, file: str) -> Named:
    """The file *file* (`2024/5/x.jpg`, `Trash/2024/5/x.jpg`) of a device; raises BadName, BadRequest.

    Without a device the first segment is the device's folder (the view of all devices).
    """
    text = file.replace("\\", "/")
    if device_id.strip():
        device = device_folder(device_id)
    else:
        device, _, text = text.partition("/")
    in_trash = text.startswith(f"{TRASH}/")
    if in_trash:
        text = text.removeprefix(f"{TRASH}/")
    path = TreePath.parse(f"{device}/{text}")
    if len(path.parts) < 2:
        raise BadName("name a file below a device")
    return Named(path, in_trash)
