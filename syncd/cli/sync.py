"""`syncd sync`."""

from __future__ import annotations

import argparse

from syncd.client import command


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd sync ~/Photos --server http://192.168.1.1:8420"
    command.sync_arguments(parser)
    parser.set_defaults(run=command.sync)
