"""What is in our own packages, as it lies on a box once they are installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bundle.stage import epoch
from debian import mkdeb
from debian.releases import Package, release
from openwrt import mkipk
from syncd import __version__
from tests.packaging.userland import Userland, run

Make = Callable[[str], Path]
EXTENSIONS = {
    "aiohttp._http_parser",
    "bcrypt._bcrypt",
    "frozenlist._frozenlist",
    "multidict._multidict",
    "propcache._helpers_c",
    "yarl._quoting_c",
}
# Nobody publishes these for that machine; Python code takes their place.
NO_WHEEL = {"armhf": {"propcache._helpers_c"}}


def deb(architecture: str, folder: Path) -> Path:
    """The files of the package for Debian 12, in the empty *folder*, compiled as its postinst does."""
    package = mkdeb.build(Package(release("deb12"), architecture, __version__), folder, epoch())
    root = folder / "root"
    subprocess.run(["dpkg-deb", "--extract", package, root], check=True)
    program = root / "usr/lib/syncd"
    subprocess.run([sys.executable, "-s", "-E", "-m", "compileall", "-q", "-s", root, "-p", "/", program], check=True)
    return root


def openwrt(architecture: str, folder: Path) -> Path:
    """The files of the package for *architecture* (x86_64, aarch64_generic, all), in the empty *folder*."""
    [made] = mkipk.make([architecture], folder)
    outer, root = folder / "outer", folder / "root"
    for archive, place in ((made.file, outer), (outer / "data.tar.gz", root)):
        place.mkdir()
        subprocess.run(["tar", "--no-same-owner", "-C", place, "-xzf", archive], check=True)
    return root


def load_extensions(userland: Userland, folder: Path) -> None:
    """Import all compiled modules there: Python code that stands in for one that fails would hide it."""
    [names] = [found for layer in userland.layers if (found := extensions(layer))]
    assert set(names) >= EXTENSIONS - NO_WHEEL.get(userland.machine, set())
    imports = "\n".join(f"import {name}" for name in names)
    run(userland, folder, f"import sys\nsys.path.insert(0, '/usr/lib/syncd')\n{imports}")


def extensions(root: Path) -> list[str]:
    """The names under which compiled modules below *root* are imported."""
    libraries = root / "usr/lib/syncd"
    found = (path.relative_to(libraries) for path in libraries.rglob("*.so"))
    return sorted(".".join(path.parts).removesuffix(".so").removesuffix(".abi3") for path in found)
