"""`python -m syncd.client sync|pair`: the folder client alone, where the server is not installed."""

from __future__ import annotations

import argparse
import signal
import sys


def main() -> int:
    """Run one verb; returns the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while this loads ends it without a traceback
    from syncd.client import command

    signal.signal(signal.SIGINT, signal.default_int_handler)
    parser = argparse.ArgumentParser(prog="python -m syncd.client", description="Keep a folder in step with a syncd.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    syncing = verbs.add_parser("sync", help="keep a folder in step")
    command.sync_arguments(syncing)
    syncing.set_defaults(run=command.sync)
    pairing = verbs.add_parser("pair", help="make this computer known to a server")
    command.pair_arguments(pairing)
    pairing.set_defaults(run=command.pair)
    args = parser.parse_args()
    code: int = args.run(args)
    return code


if __name__ == "__main__":
    sys.exit(main())
