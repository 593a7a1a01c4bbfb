"""`syncd conflicts list|resolve`."""

from __future__ import annotations

import argparse
from typing import get_args

from syncd.cli.actions import action, actions
from syncd.cli.owner import box
from syncd.cli.tables import as_json, day, several
from syncd.cli.trash import number
from syncd.cli.wishes import granted
from syncd.core.admin.disputes import Dispute, ListConflicts, ResolveConflict
from syncd.core.clashes import Resolution

ENDS = {
    "server_wins": "the file stays, the device's version goes to the trash",
    "client_wins": "the device's version takes the file's place, the file goes to the trash",
    "keep_both": "both stay, under both names",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd conflicts list anna"
    verbs = actions(parser, "list|resolve")
    listing = action(
        verbs,
        "list",
        show,
        help="print files that two devices changed without knowing of each other",
        example="syncd conflicts list anna",
    )
    listing.add_argument("user", metavar="USER", nargs="?", help="whose; everybody's without")
    listing.add_argument("--json", action="store_true", help="print a JSON list")
    ending = action(
        verbs,
        "resolve",
        resolve,
        help="decide which version stays; nothing is lost, the other goes to the trash",
        example="syncd conflicts resolve 3 keep_both",
    )
    ending.add_argument("id", metavar="ID", type=number, help="a number from: syncd conflicts list")
    ending.add_argument(
        "resolution",
        choices=get_args(Resolution),
        help="; ".join(f"{name}: {what}" for name, what in ENDS.items()),
    )


def show(args: argparse.Namespace) -> int:
    """Print what is not decided."""
    found = granted(box(args), ListConflicts(args.user))
    if args.json:
        print(as_json(found))
        return 0
    for one in found:
        print(f"{one.id:>6}  {day(one.detected_ms)}  {one.user}: {one.path}\n{'':24}{_story(one)}")
    print(f"{several(len(found), 'conflict')}" if found else "there are no conflicts")
    return 0


def _story(one: Dispute) -> str:
    """What the two sides did."""
    device = one.device or "a device"
    if not one.local_hash:
        return f"{device} deleted it without knowing this version"
    if one.copy is None:
        return f"{device} has another version, which was not sent yet"
    return f"the version of {device} is {one.copy}"


def resolve(args: argparse.Namespace) -> int:
    """End one conflict."""
    waits = granted(box(args), ResolveConflict(args.id, args.resolution))
    print(f"resolved: {ENDS[args.resolution]}")
    if waits:
        print("the device's version was not sent yet; that happens when the device syncs next")
    return 0
