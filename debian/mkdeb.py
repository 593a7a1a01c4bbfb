"""`python3 -m debian.mkdeb`: Debian packages, one for each release and machine; same sources, same bytes."""

from __future__ import annotations

import argparse
import gzip
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bundle import ROOT, BundleError
from bundle.command import ended
from bundle.stage import epoch
from bundle.targets import target
from bundle.tree import Order, fill, normalise
from debian import control
from debian.releases import RELEASES, TARGETS, Package, release
from syncd import __version__

HERE = Path(__file__).parent
SCRIPTS = ("postinst", "prerm", "postrm")
DOC = "usr/share/doc/syncd"


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code; what a person can put right is a line on standard error."""
    args = _parser().parse_args(argv)
    return ended("debian.mkdeb", lambda: _make(args))


def _make(args: argparse.Namespace) -> None:
    """Make all that is asked for, and print where each is. Raises BundleError and OSError."""
    args.out.mkdir(parents=True, exist_ok=True)
    for mark in args.release or RELEASES:
        for architecture in args.architecture or TARGETS:
            print(build(Package(release(mark), architecture, args.version), args.out, epoch()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="debian.mkdeb", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="DIR", help="where they go (%(default)s)")
    parser.add_argument("--release", action="append", choices=RELEASES, help="for this one alone; may be repeated")
    parser.add_argument("--architecture", action="append", choices=TARGETS, help="as above")
    parser.add_argument("--version", default=__version__, help="called so (%(default)s)")
    return parser


def build(package: Package, out: Path, when: int) -> Path:
    """Make *package* in the folder *out*; all its times are *when*, in seconds. Raises BundleError and OSError."""
    with tempfile.TemporaryDirectory(prefix="deb-") as folder:
        root = Path(folder) / "tree"
        root.mkdir()
        fill(root, _order(package), platform.machine(), when)
        _documents(root, package, when)
        kib = _installed_kib(root)
        _control(root, package, kib)
        normalise(root, when)
        return _packed(root, out / package.file_name, when)


def _order(package: Package) -> Order:
    python = package.release.python
    return Order("systemd", target(package.target, python), python)


def _documents(root: Path, package: Package, when: int) -> None:
    """What Debian wants to find in /usr/share, compressed as it wants it."""
    doc = root / DOC
    doc.mkdir(parents=True)
    shutil.copyfile(HERE / "copyright", doc / "copyright")
    libraries = root / "usr/lib/syncd/LICENSES"
    _compress(doc / "licences-of-libraries.gz", libraries.read_bytes())
    libraries.unlink()
    _compress(doc / "changelog.Debian.gz", control.changelog(package, when).encode())
    _compress(doc / "changelog.gz", (ROOT / "CHANGELOG.md").read_bytes())
    for page in sorted((root / "usr/share/man").glob("man?/*.[1-9]")):
        _compress(page.with_name(f"{page.name}.gz"), page.read_bytes())
        page.unlink()


def _compress(path: Path, data: bytes) -> None:
    path.write_bytes(gzip.compress(data, 9, mtime=0))


def _installed_kib(root: Path) -> int:
    """As dpkg-gencontrol counts: whole KiB for each file, one for everything else."""
    sizes = (path.stat().st_size if path.is_file() else 1 for path in root.rglob("*"))
    return sum(-(-size // 1024) for size in sizes)


def _control(root: Path, package: Package, kib: int) -> None:
    folder = root / "DEBIAN"
    own = control.conffiles(root)
    sums = control.md5sums(root, own)
    folder.mkdir()
    (folder / "control").write_text(control.control(package, kib))
    (folder / "conffiles").write_text("".join(f"{name}\n" for name in own))
    (folder / "md5sums").write_text(sums)
    for name in SCRIPTS:
        shutil.copyfile(HERE / name, folder / name)
        (folder / name).chmod(0o755)


def _packed(root: Path, place: Path, when: int) -> Path:
    """*place*, whole or not at all."""
    coming = place.with_name(f".{place.name}.coming")
    argv = ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(root), str(coming)]
    try:
        done = subprocess.run(
            argv, env={**os.environ, "SOURCE_DATE_EPOCH": str(when)}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise BundleError("dpkg-deb is missing; packages for Debian are made on Debian") from None
    if done.returncode != 0:
        coming.unlink(missing_ok=True)
        raise BundleError(f"dpkg-deb failed:\n{done.stderr.strip()}")
    os.replace(coming, place)
    return place


if __name__ == "__main__":
    sys.exit(main())
