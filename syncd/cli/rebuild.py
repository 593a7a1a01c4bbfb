"""`syncd rebuild`."""

from __future__ import annotations

import argparse

from syncd.cli.owner import box
from syncd.cli.scan import told
from syncd.cli.tables import as_json
from syncd.cli.wishes import granted
from syncd.core.admin.volume import RebuildIndex


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd rebuild. The old index is kept beside the new one until the next time."
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    parser.set_defaults(run=rebuild)


def rebuild(args: argparse.Namespace) -> int:
    """Make a new index from the files; what they cannot tell (when something was deleted) is lost."""
    report = granted(box(args), RebuildIndex())
    print(as_json(report) if args.json else f"the index was built anew\n{told(report)}")
    return 0
