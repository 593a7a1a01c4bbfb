"""`syncd scan`."""

from __future__ import annotations

import argparse

from syncd.cli.owner import box
from syncd.cli.tables import as_json, several
from syncd.cli.wishes import granted
from syncd.core.admin.volume import ScanTrees
from syncd.core.reconcile import Report


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd scan. Exit code 1: so many files are gone that it asks first."
    parser.add_argument(
        "--confirm-deletions",
        action="store_true",
        help="yes, it is right that so many files are gone; tell the devices so",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    parser.set_defaults(run=scan)


def scan(args: argparse.Namespace) -> int:
    """Compare disk and index."""
    report = granted(box(args), ScanTrees(args.confirm_deletions))
    print(as_json(report) if args.json else told(report))
    return 1 if report.held else 0


def told(report: Report) -> str:
    """*report* for people."""
    lines = [
        f"{several(report.files, 'file')} on the disk: {report.new} new, {report.changed} changed;"
        f" {report.gone} no longer there"
    ]
    lines += [f"not synced: {name}" for name in report.skipped_names]
    if report.skipped > len(report.skipped_names):
        lines.append(f"not synced: {report.skipped - len(report.skipped_names)} more")
    if report.held:
        lines.append(
            f"{several(report.held, 'file')} are gone from the disk, too many to be believed; nothing was recorded."
            " If that is right, run: syncd scan --confirm-deletions"
        )
    return "\n".join(lines)
