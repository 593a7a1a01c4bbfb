"""The options every verb takes, and the settings they lead to."""

from __future__ import annotations

import argparse
from pathlib import Path

from syncd.config import DEFAULT_PATH, Loaded, load


def common() -> argparse.ArgumentParser:
    """A parser of --config and --set alone, also a parent for those that show them in their help."""
    parser = argparse.ArgumentParser(prog="syncd", add_help=False, allow_abbrev=False)
    parser.add_argument(
        "--config", type=Path, metavar="FILE", default=argparse.SUPPRESS, help=f"the settings (default: {DEFAULT_PATH})"
    )
    parser.add_argument(
        "--set",
        action="append",
        metavar="SECTION.KEY=VALUE",
        default=argparse.SUPPRESS,
        help="one setting for this call only; may be repeated",
    )
    return parser


def settings(args: argparse.Namespace) -> Loaded:
    """The settings *args* ask for; raises ConfigError. Only the default file may be missing."""
    chosen: Path | None = getattr(args, "config", None)
    return load(chosen or DEFAULT_PATH, getattr(args, "set", ()), may_be_missing=chosen is None)
