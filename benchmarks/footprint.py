"""`make sizes`: what each package takes up, packed, installed and running, as the table of the README.

It starts what is in the packages where they belong (see `tests/packaging/userland.py`); the first time it fetches and
builds for some minutes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bundle.stage import epoch
from debian import mkdeb
from debian.releases import Package, release
from openwrt import mkipk
from syncd import __version__
from tests.limits.process import memory_mib
from tests.packaging import payload
from tests.packaging.musl.system import musl_userland
from tests.packaging.payload import Installed
from tests.packaging.userland import Userland, box, debian_userland, emulated, run

MIB = 1 << 20
ROUNDS = 3

# All that a daemon without ways to sign in loads before it listens, in CPU seconds from the interpreter's own start.
START = """
import sys, time
sys.path.insert(0, "/usr/lib/syncd")
from syncd import cli
from syncd.cli import serve
serve.without_ssl()
serve.without_mime_files()
from syncd import daemon
print(time.process_time())
"""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one package takes up there: bytes packed and installed, CPU seconds to load, MiB at rest."""

    name: str
    machine: str
    package: Installed
    load_s: float
    idle_mib: float


def measure(name: str, package: Installed, below: Userland) -> Footprint:
    """Start what is in *package* on the system *below*."""
    userland = below.over(package.root)
    loads = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            loads.append(float(run(userland, Path(folder), START)))
    with tempfile.TemporaryDirectory() as folder, box(userland, Path(folder)) as daemon:
        daemon.start().restart()  # as a box that was switched on, not one that was set up a second ago
        return Footprint(name, userland.machine, package, min(loads), memory_mib(daemon))


def footprints(folder: Path) -> Iterator[Footprint]:
    """All packages that can be tried on this machine; *folder* is empty."""
    for architecture in ("amd64", "arm64", "armhf"):
        wanted = Package(release("deb12"), architecture, __version__)
        place = Path(tempfile.mkdtemp(dir=folder))
        package = payload.deb(mkdeb.build(wanted, place, epoch()), place)
        yield measure(f"`.deb`, {architecture}", package, debian_userland(architecture, "python3-pil"))
    for machine, architecture in (("x86_64", "x86_64"), ("aarch64", "aarch64_generic")):
        place = Path(tempfile.mkdtemp(dir=folder))
        [made] = mkipk.make([architecture], place)
        yield measure(f"`.ipk`, {machine}", payload.ipk(made.file, place), musl_userland(machine))


def row(one: Footprint) -> str:
    """A line of the table."""
    where = "emulated" if emulated(one.machine) else "x86-64"
    sizes = f"{one.package.packed / MIB:.1f} MiB | {one.package.installed / MIB:.1f} MiB"
    return f"| {one.name} | {sizes} | {one.load_s:.1f} s | {one.idle_mib:.0f} MiB | {where} |"


def main() -> None:
    print("| package | packed | installed | CPU to load | memory at rest | measured |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for one in footprints(Path(folder)):
            print(row(one), flush=True)


if __name__ == "__main__":
    main()
