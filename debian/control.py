"""What a package says about itself: deb-control(5), md5sums and the changelog."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from pathlib import Path

from debian.releases import Package

MAINTAINER = "syncd maintainers <syncd@syncd.invalid>"

# A shared library of the system, by the package that has it.
LIBRARIES = {
    "ld-linux-aarch64.so.1": "libc6",
    "ld-linux-armhf.so.3": "libc6",
    "ld-linux-x86-64.so.2": "libc6",
    "libc.so.6": "libc6",
    "libdl.so.2": "libc6",
    "libm.so.6": "libc6",
    "libpthread.so.0": "libc6",
    "libgcc_s.so.1": "libgcc-s1",
    "libstdc++.so.6": "libstdc++6",
}

_DEPENDS = (
    "python3 (>= {python}~)",
    "python3 (<< {next_python}~)",
    # What the compiled libraries in it need; a test compares.
    *sorted(set(LIBRARIES.values())),
    # Who makes the user and the folders; a system without systemd has them by themselves.
    "systemd | systemd-standalone-sysusers",
    "systemd | systemd-standalone-tmpfiles",
)
# Photos, videos and metadata. Without them there is less of that, and uploads go on.
_RECOMMENDS = ("python3-pil", "ffmpeg", "libimage-exiftool-perl")
# The pairing code, the folder client's patterns and progress, signing in with other services.
_SUGGESTS = ("python3-segno", "python3-pathspec", "python3-tqdm", "python3-cryptography")
_DESCRIPTION = """file sync of a household, on the box that is always on
 Phones back up their photos and videos to it, computers keep folders in step
 with it, and apps keep their settings there. Files lie on a disk of yours under
 their own names, a folder for each user, readable without any program.
 .
 An upload is confirmed only when it would survive the power going that second.
"""


def control(package: Package, installed_kib: int) -> str:
    """The control file; *installed_kib* is what the files take up on the disk."""
    release = package.release
    depends = [one.format(python=release.python, next_python=release.next_python) for one in _DEPENDS]
    fields = {
        "Package": "syncd",
        "Version": package.version,
        "Architecture": package.architecture,
        "Maintainer": MAINTAINER,
        "Installed-Size": str(installed_kib),
        "Depends": ", ".join(depends),
        "Recommends": ", ".join(_RECOMMENDS),
        "Suggests": ", ".join(_SUGGESTS),
        "Section": "net",
        "Priority": "optional",
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items()) + f"Description: {_DESCRIPTION}"


def conffiles(root: Path) -> list[str]:
    """The files below /etc, which belong to whoever edits them."""
    return sorted(f"/{path.relative_to(root)}" for path in (root / "etc").rglob("*") if path.is_file())


def md5sums(root: Path, but: Iterable[str]) -> str:
    """A line for each file of *root* that is not named in *but*, for `dpkg --verify`."""
    left_out = set(but)
    lines = []
    for path in sorted(root.rglob("*")):
        place = f"/{path.relative_to(root)}"
        if path.is_file() and not path.is_symlink() and place not in left_out:
            lines.append(f"{hashlib.md5(path.read_bytes()).hexdigest()}  {place[1:]}\n")
    return "".join(lines)


def changelog(package: Package, epoch: int) -> str:
    """Debian's changelog with the one entry that this build is; what changed stands in CHANGELOG.md."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(epoch))
    return (
        f"syncd ({package.version}) stable; urgency=medium\n\n"
        f"  * Version {package.upstream}; what is new stands in CHANGELOG.md.gz.\n\n"
        f" -- {MAINTAINER}  {date}\n"
    )
