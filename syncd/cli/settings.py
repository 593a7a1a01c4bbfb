"""`syncd settings list|show|restore`: what apps have saved. (The settings of syncd itself: `syncd config`.)"""

from __future__ import annotations

import argparse

from syncd.cli.actions import action, actions
from syncd.cli.owner import box
from syncd.cli.tables import as_json, day, size, table
from syncd.cli.trash import number
from syncd.cli.wishes import granted
from syncd.core.admin.apps import ListSaves, RestoreSave, SaveRow, ShowSave
from syncd.core.settings.incoming import written


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd settings list anna"
    verbs = actions(parser, "list|show|restore")
    listing = action(
        verbs,
        "list",
        show,
        help="print what apps have saved, of each the newest first",
        example="syncd settings list anna",
    )
    listing.add_argument("user", metavar="USER", nargs="?", help="whose; everybody's without")
    listing.add_argument("--json", action="store_true", help="print a JSON list")
    showing = action(verbs, "show", show_one, help="print what was saved", example="syncd settings show 17")
    restoring = action(
        verbs,
        "restore",
        restore,
        help="make an older save count again; every device of the app takes it at its next call",
        example="syncd settings restore 17",
    )
    for one in (showing, restoring):
        one.add_argument("number", metavar="NUMBER", type=number, help="a number from: syncd settings list")


def show(args: argparse.Namespace) -> int:
    """Print the saves."""
    rows = granted(box(args), ListSaves(args.user))
    if args.json:
        print(as_json(rows))
    elif rows:
        print(table(("NUMBER", "USER", "APP", "DEVICE", "SAVED", "CAME", "SIZE", ""), [_cells(one) for one in rows]))
    else:
        print("no app has saved anything yet; see docs/sxncd.md")
    return 0


def _cells(one: SaveRow) -> tuple[str, ...]:
    # A device may say any year, and strftime() not.
    saved = written(one.saved_ms)[:16].replace("T", " ") + " UTC"
    mark = "counts" if one.is_current else ""
    return (str(one.number), one.user, one.app, one.device, saved, day(one.stored_ms), size(one.size), mark)


def show_one(args: argparse.Namespace) -> int:
    """Print what was saved, and nothing else."""
    print(granted(box(args), ShowSave(args.number)))
    return 0


def restore(args: argparse.Namespace) -> int:
    """Make an older save count again."""
    done = granted(box(args), RestoreSave(args.number))
    print(f"save {args.number} counts again for {done.user}'s {done.app}: its devices take it over at their next call")
    return 0
