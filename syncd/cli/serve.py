"""`syncd serve`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from importlib.util import find_spec

from syncd.cli.options import settings
from syncd.cli.owner import box
from syncd.cli.remedies import remedy
from syncd.errors import SyncError
from syncd.lean import without_mime_files, without_ssl
from syncd.modules import GithubSection, Module


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd serve --config /etc/syncd/syncd.conf"
    parser.set_defaults(run=serve)


def require_signin(modules: Mapping[str, Module]) -> None:
    """Raise SyncError when what signing in with other services needs is not installed; says what to install."""
    needed = ["ssl"]
    if any(not isinstance(one, GithubSection) for one in modules.values()):
        needed.append("cryptography")
    for name in needed:
        if find_spec(name) is None:
            raise SyncError(f"[{next(iter(modules))}] needs the Python package {name}: {remedy(name)}")


def serve(args: argparse.Namespace) -> int:
    """Run the daemon in the foreground."""
    modules = box(args).modules
    if modules:
        require_signin(modules)
    else:
        without_ssl()
    without_mime_files()
    # Not above: what it imports must come after these.
    from syncd import daemon

    return daemon.serve(lambda: settings(args).config)
