"""`syncd doctor`: what is missing or wrong on this box, each with what to do."""

from __future__ import annotations

import argparse

from syncd.cli.findings import Finding, findings
from syncd.cli.owner import box
from syncd.cli.tables import as_json

MARKS = {"broken": "BROKEN ", "reduced": "reduced", "note": "note   "}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd doctor. Exit code 1: something keeps syncd from working."
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.set_defaults(run=doctor)


def doctor(args: argparse.Namespace) -> int:
    """Look at everything; print what a person should know."""
    found = list(findings(box(args)))
    if args.json:
        print(as_json(found))
    else:
        print("\n".join(map(_line, found)) if found else "nothing is missing, nothing is wrong")
    return 1 if any(one.weight == "broken" for one in found) else 0


def _line(one: Finding) -> str:
    return f"{MARKS[one.weight]}  {one.text}" + (f"\n         -> {one.cure}" if one.cure else "")
