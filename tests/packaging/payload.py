"""What is in our own packages, as it lies on a box once they are installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.packaging.userland import Userland, run


@dataclass(frozen=True, slots=True)
class Installed:
    """The files of a package below *root*; its size as a file, and theirs together with their byte-code, in bytes."""

    root: Path
    packed: int
    installed: int


Make = Callable[[str], Installed]
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


def deb(package: Path, folder: Path) -> Installed:
    """The files of the .deb *package*, in the empty *folder*, compiled as its postinst does."""
    root = folder / "root"
    subprocess.run(["dpkg-deb", "--extract", package, root], check=True)
    program = root / "usr/lib/syncd"
    subprocess.run([sys.executable, "-s", "-E", "-m", "compileall", "-q", "-s", root, "-p", "/", program], check=True)
    return _laid_out(root, package)


def ipk(package: Path, folder: Path) -> Installed:
    """The files of the .ipk *package*, in the empty *folder*."""
    outer, root = folder / "outer", folder / "root"
    for archive, place in ((package, outer), (outer / "data.tar.gz", root)):
        place.mkdir()
        subprocess.run(["tar", "--no-same-owner", "-C", place, "-xzf", archive], check=True)
    return _laid_out(root, package)


def _laid_out(root: Path, package: Path) -> Installed:
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return Installed(root, package.stat().st_size, sum(path.stat().st_size for path in files))


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
