"""`syncd trash list|restore|empty`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

from syncd.cli.actions import action, actions
from syncd.cli.owner import box
from syncd.cli.tables import confirmed, day, several, size
from syncd.cli.wishes import granted
from syncd.config import Config
from syncd.core.admin.bin import Discarded, EmptyTrash, RestoreTrashed, SizeOfTrash, TrashPage
from syncd.core.admin.wish import encode


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd trash list anna"
    verbs = actions(parser, "list|restore|empty")
    listing = action(
        verbs, "list", show, help="print what lies in the trash, oldest first", example="syncd trash list anna"
    )
    listing.add_argument("user", metavar="USER", nargs="?", help="whose; everybody's without")
    listing.add_argument("--json", action="store_true", help="print a JSON object per line")
    restoring = action(
        verbs,
        "restore",
        restore,
        help="bring files back to where they were, never over another",
        example="syncd trash restore 17 18",
    )
    restoring.add_argument("ids", metavar="ID", nargs="+", type=number, help="a number from: syncd trash list")
    emptying = action(
        verbs, "empty", empty, help="remove for good", example="syncd trash empty anna --older-than 7 --yes"
    )
    emptying.add_argument("user", metavar="USER", nargs="?", help="whose; everybody's without")
    emptying.add_argument("--older-than", metavar="DAYS", type=number, help="only what has lain there for so many days")
    emptying.add_argument("--yes", action="store_true", help="do not ask")


def number(text: str) -> int:
    """A whole number, not negative; argparse turns the ValueError into its own words."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def show(args: argparse.Namespace) -> int:
    """Print the trash, page by page."""
    count = 0
    for one in _all(box(args), args.user):
        count += 1
        if args.json:
            print(json.dumps(encode(one)))
        else:
            print(
                f"{one.id:>6}  {day(one.trashed_ms)}  {one.reason:11}  {size(one.size):>10}  {one.user}: {one.original}"
            )
    if not count and not args.json:
        print("the trash is empty")
    return 0


def _all(config: Config, user: str | None) -> Iterator[Discarded]:
    last = 0
    while page := granted(config, TrashPage(user, last)):
        yield from page
        last = page[-1].id


def restore(args: argparse.Namespace) -> int:
    """Bring files back."""
    count = granted(box(args), RestoreTrashed(tuple(args.ids)))
    print(f"{several(count, 'file')} brought back")
    return 0


def empty(args: argparse.Namespace) -> int:
    """Remove for good, once somebody agreed."""
    config = box(args)
    amount = granted(config, SizeOfTrash(args.user, args.older_than))
    if not amount.files:
        print("there is nothing to remove")
        return 0
    whose = f"of {args.user}" if args.user is not None else "of all users"
    question = f"Remove {several(amount.files, 'file')} ({size(amount.size)}) {whose} for good?"
    if not confirmed(question, args.yes):
        print("nothing was changed")
        return 1
    gone = granted(config, EmptyTrash(args.user, args.older_than))
    print(f"{several(gone.files, 'file')} ({size(gone.size)}) removed for good")
    return 0
