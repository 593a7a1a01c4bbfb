"""`python3 -m bundle.stage`: fill a folder (DESTDIR), or this very system, with syncd and what it needs."""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bundle import ROOT, BundleError, install, targets, wheels
from bundle.bytecode import RUNNING
from bundle.command import ended
from bundle.files import SYSTEMS
from bundle.tree import Order, fill

NEXT = """Next, once, where systemd runs:
  systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload
  syncd init --user NAME && systemctl enable --now syncd
After an upgrade: systemctl daemon-reload && systemctl restart syncd"""
# When neither the environment nor a checkout says when this was made.
FALLBACK_EPOCH = 1_795_000_000


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code; what a person can put right is a line on standard error."""
    args = _parser().parse_args(argv)
    return ended("bundle.stage", lambda: stage(_order(args), Path(args.destdir or "/")))


def stage(order: Order, destdir: Path) -> None:
    """Make the tree of *order* and put it into *destdir*. Raises BundleError and OSError."""
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stage-", dir=build) as folder:
        tree = Path(folder) / "tree"
        tree.mkdir()
        fill(tree, order, platform.machine(), epoch())
        install.install(tree, destdir, order.prefix)
    if destdir.resolve() == Path("/"):
        _compile(order)
        print(f"installed: {order.prefix}/bin/syncd. {NEXT}")


def _compile(order: Order) -> None:
    """So that not every start compiles anew: the service may not write beside its own code."""
    folder = f"{order.prefix}/lib/syncd"
    subprocess.run([order.interpreter, "-m", "compileall", "-q", folder], stdin=subprocess.DEVNULL, check=False)


def epoch() -> int:
    """The time all files get, in seconds: SOURCE_DATE_EPOCH, else the last commit's, else a fixed one."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given:
        if not given.isdecimal():
            raise BundleError(f"SOURCE_DATE_EPOCH is seconds since 1970, not {given!r}")
        return int(given)
    git = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    try:
        done = subprocess.run(git, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return FALLBACK_EPOCH
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip() else FALLBACK_EPOCH


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bundle.stage", description=__doc__)
    parser.add_argument("--destdir", default="", metavar="DIR", help="the folder to fill; empty: this system itself")
    parser.add_argument("--prefix", default="/usr", help="where the program goes in it (%(default)s)")
    parser.add_argument("--system", choices=SYSTEMS, default="systemd", help="what starts the service (%(default)s)")
    parser.add_argument("--target", metavar="TARGET", help=f"one of {' '.join(targets.TARGETS)} (this machine)")
    parser.add_argument("--python", metavar="3.N", help="minor version of Python it will run under")
    parser.add_argument("--interpreter", default="/usr/bin/python3", help="that Python's path there (%(default)s)")
    parser.add_argument("--storage", default="", metavar="DIR", help="folder of the data disk (/srv/syncd)")
    parser.add_argument("--wheels", type=Path, default=wheels.CACHE, metavar="DIR", help="cache of fetched libraries")
    return parser


def _order(args: argparse.Namespace) -> Order:
    python = args.python or (targets.OPENWRT_PYTHON if args.system == "openwrt" else RUNNING)
    name = args.target or targets.host(platform.machine(), _pointer_bits(), platform.libc_ver()[0] == "glibc").name
    target = targets.target(name, python)
    if args.system == "openwrt" and target.libc != "musl":
        raise BundleError(f"{name} does not run on OpenWrt; choose with --target a musl one, or pure")
    prefix = plain(args.prefix, "--prefix")
    return Order(
        system=args.system,
        target=target,
        python=python,
        prefix="" if prefix == "/" else prefix,
        interpreter=plain(args.interpreter, "--interpreter"),
        storage=_storage(args.storage, prefix) if args.storage else None,
        wheels=args.wheels,
    )


def _storage(path: str, prefix: str) -> str:
    """The folder for people's files; raises BundleError for one that holds the program, or is held by it."""
    storage, program = absolute(path, "STORAGE"), f"{prefix.rstrip('/')}/lib/syncd"
    if os.path.commonpath([storage, program]) in (storage, program):
        raise BundleError(f"STORAGE is a folder for people's files alone, and {program} is the program's")
    return storage


def _pointer_bits() -> int:
    return 64 if sys.maxsize > 2**32 else 32


def absolute(path: str, what: str) -> str:
    """*path* without a slash too many; raises BundleError for one that is relative or cannot stand in a line."""
    if not path.startswith("/") or path != path.strip() or not path.isprintable():
        raise BundleError(f"{what} is a path from the root, in one line and without blanks around it: {path!r}")
    return os.path.normpath("/" + path.lstrip("/"))


def plain(path: str, what: str) -> str:
    """An absolute path that may stand in a script and in a unit as it is; raises BundleError."""
    if not re.fullmatch(r"[A-Za-z0-9/._+-]+", path):
        raise BundleError(f"{what} is a path of letters, digits and . _ + - alone: {path!r}")
    return absolute(path, what)


if __name__ == "__main__":
    sys.exit(main())
