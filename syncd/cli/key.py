"""`syncd key add|list|revoke`."""

from __future__ import annotations

import argparse
import shlex

from syncd.cli.actions import action, actions
from syncd.cli.owner import box
from syncd.cli.tables import as_json, day, table
from syncd.cli.wishes import granted
from syncd.core.admin.apps import ListKeys, RevokeKey, RotateKey


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd key add anna obtainium"
    verbs = actions(parser, "add|list|revoke")
    adding = action(
        verbs,
        "add",
        add,
        help="make the key with which an app of a user reaches its settings; one made before is dead then",
        example="syncd key add anna obtainium",
    )
    listing = action(verbs, "list", show, help="print which keys there are", example="syncd key list anna")
    listing.add_argument("user", metavar="USER", nargs="?", help="whose; all without")
    ending = action(
        verbs,
        "revoke",
        revoke,
        help="end a key at once; what the app has saved stays",
        example="syncd key revoke anna obtainium",
    )
    for one in (adding, ending):
        one.add_argument("user", metavar="USER", help="whose settings they are")
        one.add_argument("app", metavar="APP", help="the app, as its section [app:APP] in the configuration has it")
    adding.add_argument("--json", action="store_true", help="print a JSON object")
    listing.add_argument("--json", action="store_true", help="print a JSON list")


def add(args: argparse.Namespace) -> int:
    """Make a key; it is shown this once."""
    key = granted(box(args), RotateKey(args.user, args.app))
    if args.json:
        print(as_json({"key": key}))
        return 0
    print(f"Enter this key in {args.app} on each of {args.user}'s devices:\n\n  {key}\n")
    print("Whoever has it can read and change these settings; it is shown only now. To end it:")
    print(f"  {shlex.join(('syncd', 'key', 'revoke', args.user, args.app))}")
    return 0


def show(args: argparse.Namespace) -> int:
    """Print which keys there are, not the keys."""
    rows = granted(box(args), ListKeys(args.user))
    if args.json:
        print(as_json(rows))
    elif rows:
        cells = [
            (one.user, one.app, day(one.created_ms), day(one.used_ms), "" if one.is_valid else f"no [app:{one.app}]")
            for one in rows
        ]
        print(table(("USER", "APP", "MADE", "LAST USED", ""), cells))
    else:
        print("there are no keys yet; make one with: syncd key add USER APP")
    return 0


def revoke(args: argparse.Namespace) -> int:
    """End a key."""
    granted(box(args), RevokeKey(args.user, args.app))
    print(f"the key of {args.user} for {args.app} is dead; what was saved stays")
    return 0
