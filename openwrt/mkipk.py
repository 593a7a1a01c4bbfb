"""`python3 -m openwrt.mkipk`: the .ipk packages for OpenWrt 23.05 and 24.10, in dist/."""

from __future__ import annotations

import argparse
import itertools
import platform
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bundle import ROOT, BundleError, targets, tree, wheels
from bundle.command import ended
from bundle.stage import epoch
from openwrt import feed, ipk, lint_ipk, luci
from openwrt.architectures import TARGETS
from syncd import __version__

DIST = ROOT / "dist"
RELEASE = "r1"
VERSION = f"{__version__}-{RELEASE}"
MAINTAINER = "The syncd authors"

# A number that no other package of the feeds asks for.
USER = "syncd=481:syncd=481"

DESCRIPTION = """\
File sync of a household, for the box that is always on
The phones of a household back up their photos and videos to this daemon, and its computers keep folders
in step. Files lie on a disk at the router under their own names."""


@dataclass(frozen=True, slots=True)
class Made:
    """A package, with its sizes in bytes."""

    file: Path
    packed: int
    installed: int


def control(architecture: str) -> ipk.Control:
    """What the package for *architecture* says about itself."""
    bundled = targets.TARGETS[TARGETS[architecture]]
    return ipk.Control(
        package="syncd",
        version=VERSION,
        depends=("libc", *feed.ipk_depends(), *(f"python3-{name}" for name in sorted(bundled.without))),
        license="Apache-2.0",
        section="net",
        maintainer=MAINTAINER,
        architecture=architecture,
        description=DESCRIPTION,
        user=USER,
    )


def make(architectures: Iterable[str], dist: Path = DIST, cache: Path = wheels.CACHE) -> Iterator[Made]:
    """Make the package of each architecture; those with the same bundle share its files.

    Raises BundleError and OSError.
    """
    wanted = list(architectures)
    if unknown := set(wanted) - set(TARGETS):
        raise BundleError(f"there is no package for {' '.join(sorted(unknown))}; there are: {' '.join(TARGETS)}")
    for target in dict.fromkeys(TARGETS[name] for name in wanted):
        with tempfile.TemporaryDirectory(prefix="ipk-") as folder:
            order = tree.Order(
                system="openwrt", target=targets.TARGETS[target], python=targets.OPENWRT_PYTHON, wheels=cache
            )
            tree.fill(Path(folder), order, platform.machine(), epoch())
            content = ipk.payload(Path(folder), epoch())
        for name in wanted:
            if TARGETS[name] == target:
                file = dist / f"syncd_{VERSION}_{name}.ipk"
                ipk.write(file, content, control(name), epoch())
                yield Made(file, file.stat().st_size, content.installed)


def make_luci(dist: Path = DIST) -> Made:
    """Make the package of the page in LuCI. Raises BundleError and OSError."""
    with tempfile.TemporaryDirectory(prefix="ipk-") as folder:
        luci.tree(Path(folder))
        tree.normalise(Path(folder), epoch())
        content = ipk.payload(Path(folder), epoch())
    about = luci.control(VERSION, MAINTAINER)
    file = dist / f"{about.package}_{VERSION}_{about.architecture}.ipk"
    ipk.write(file, content, about, epoch(), luci.SCRIPTS)
    return Made(file, file.stat().st_size, content.installed)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code; prints a table of what was made, and what the checker says of it."""
    parser = argparse.ArgumentParser(prog="openwrt.mkipk", description=__doc__)
    parser.add_argument("architecture", nargs="*", help=f"all of them if none is named: {', '.join(TARGETS)}")
    args = parser.parse_args(argv)
    files: list[str] = []
    return ended("openwrt.mkipk", lambda: files.extend(_told(args.architecture or TARGETS))) or lint_ipk.main(files)


def _told(architectures: Iterable[str]) -> Iterator[str]:
    """Make the packages, and print a line of each; where they are."""
    print(f"{'packed':>9} {'installed':>9}  bytes")
    for made in itertools.chain(make(architectures), [make_luci()]):
        print(f"{made.packed:9} {made.installed:9}  {made.file.name}", flush=True)
        yield str(made.file)


if __name__ == "__main__":
    sys.exit(main())
