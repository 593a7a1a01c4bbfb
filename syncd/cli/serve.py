"""`syncd serve`."""

from __future__ import annotations

import argparse

from syncd.cli.options import settings
from syncd.lean import without_ssl


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd serve --config /etc/syncd/syncd.conf"
    parser.set_defaults(run=serve)


def serve(args: argparse.Namespace) -> int:
    """Run the daemon in the foreground."""
    without_ssl()
    # Not above: what it imports must come after without_ssl().
    from syncd import daemon

    return daemon.serve(lambda: settings(args).config)
