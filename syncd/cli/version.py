"""`syncd version`."""

from __future__ import annotations

import argparse
import json

from syncd import __version__


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd version"
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    parser.set_defaults(run=version)


def version(args: argparse.Namespace) -> int:
    """Print the version, and nothing that takes time to find out."""
    print(json.dumps({"version": __version__}) if args.json else f"syncd {__version__}")
    return 0
