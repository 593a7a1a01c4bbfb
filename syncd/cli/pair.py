"""`syncd pair`."""

from __future__ import annotations

import argparse

from syncd.client import command


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd pair http://192.168.1.1:8420 --user anna"
    command.pair_arguments(parser)
    parser.set_defaults(run=command.pair)
