"""`syncd check`."""

from __future__ import annotations

import argparse

from syncd.cli.owner import box
from syncd.cli.tables import as_json, several, size
from syncd.cli.wishes import granted
from syncd.core.admin.volume import CheckFiles


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd check. Exit code 1: files are damaged or missing."
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    parser.set_defaults(run=check)


def check(args: argparse.Namespace) -> int:
    """Re-read everything and name what is not as it should be."""
    found = granted(box(args), CheckFiles())
    if args.json:
        print(as_json(found))
        return 0 if found.is_fine else 1
    print(f"{several(found.files, 'file')} ({size(found.size)}) read")
    for names, what in (
        (found.damaged, "damaged: other bytes than were stored; bring it back from a backup"),
        (found.missing, "missing: the index knows it, the disk does not"),
        (found.changed, "changed by another program; take note of it with: syncd scan"),
    ):
        for name in names:
            print(f"{name}: {what}")
    if found.is_fine:
        print("all of them are as they were stored" if not found.changed else "no file is damaged or missing")
    return 0 if found.is_fine else 1
