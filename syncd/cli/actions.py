"""Verbs that have actions: `syncd config check`, `syncd user add`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # argparse has no public name for what add_subparsers() returns.
    Actions = argparse._SubParsersAction[argparse.ArgumentParser]


def actions(parser: argparse.ArgumentParser, names: str) -> Actions:
    """Where the actions of a verb are added; one of them must be given. *names* is for the usage line."""
    return parser.add_subparsers(required=True, metavar=names)


def action(
    among: Actions, name: str, run: Callable[[argparse.Namespace], int], *, help: str, example: str
) -> argparse.ArgumentParser:
    """Add the action *name*, done by *run*, and return its parser for the arguments of its own."""
    parser = among.add_parser(
        name,
        help=help,
        description=f"{help[0].upper()}{help[1:]}.",
        epilog=f"Example: {example}",
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    return parser
