"""How a box gets what is missing, in the words of its own package manager."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """What a thing is called in each place it can come from; empty: not to be had there."""

    debian: str
    openwrt: str
    pip: str = ""


NAMES = {
    "Pillow": Names("python3-pil", "python3-pillow", "Pillow"),
    "ffmpeg": Names("ffmpeg", "ffmpeg ffprobe"),
    "exiftool": Names("libimage-exiftool-perl", ""),
    "segno": Names("python3-segno", "", "segno"),
    "bcrypt": Names("python3-bcrypt", "python3-bcrypt", "bcrypt"),
    "cryptography": Names("python3-cryptography", "python3-cryptography", "cryptography"),
    "ssl": Names("python3", "python3-openssl"),
    "bubblewrap": Names("bubblewrap", "bubblewrap"),
}
NOT_IN_FEEDS = "OpenWrt has no package of it; do without"


def remedy(name: str, which: Callable[[str], str | None] = shutil.which) -> str:
    """The line to type on this box to get *name*, one of NAMES."""
    return command(NAMES[name], name, which, in_venv=sys.prefix != sys.base_prefix)


def command(names: Names, name: str, which: Callable[[str], str | None], *, in_venv: bool) -> str:
    """As remedy(), where the programs are that *which* finds. What lives in a virtual environment comes from pip."""
    if in_venv and names.pip:
        return f"pip install {names.pip}"
    for manager, package in (
        ("apk add", names.openwrt),
        ("opkg install", names.openwrt),
        ("apt install", names.debian),
    ):
        if which(manager.split()[0]) is not None:
            return f"{manager} {package}" if package else NOT_IN_FEEDS
    return f"pip install {names.pip}" if names.pip else f"install the package {name}"
