"""`python3 -m bundle.uninstall`: take away what `make install` put there, but no settings, accounts or files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bundle import install
from bundle.command import ended
from bundle.files import FILES, LAUNCHER, placed
from bundle.stage import plain


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code; what a person can put right is a line on standard error."""
    parser = argparse.ArgumentParser(prog="bundle.uninstall", description=__doc__)
    parser.add_argument("--destdir", default="", metavar="DIR", help="where it was installed; empty: this system")
    parser.add_argument("--prefix", default="/usr", help="as for the installation (%(default)s)")
    args = parser.parse_args(argv)
    place = Path(args.destdir or "/")
    code = ended("bundle.uninstall", lambda: take_away(place, plain(args.prefix, "--prefix").rstrip("/")))
    if code == 0:
        print("removed. Still there: /etc/syncd, /etc/systemd/system/syncd.service.d, /var/lib/syncd, the data disk")
    return code


def take_away(destdir: Path, prefix: str) -> None:
    """Remove the program and the files that belong to it; what is not there is not missed. Raises BundleError."""
    program = destdir / prefix.lstrip("/") / "lib" / "syncd"
    install.spare(program)
    install.remove(program, *install.beside(program))
    for place in (LAUNCHER, *(file.place for file in FILES["systemd"] if not file.is_configuration)):
        (destdir / placed(place, prefix).lstrip("/")).unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
