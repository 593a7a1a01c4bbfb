"""`syncd user add|list|passwd|remove`."""

from __future__ import annotations

import argparse

from syncd.cli import passwords
from syncd.cli.actions import action, actions
from syncd.cli.settings import settings
from syncd.cli.tables import as_json, confirmed, day, several, table
from syncd.cli.wishes import granted
from syncd.core.admin.people import AddUser, FindUser, ListUsers, RemoveUser, SetPassword
from syncd.core.admin.volume import ScanTrees
from syncd.core.names import home_of


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd user add anna"
    verbs = actions(parser, "add|list|passwd|remove")
    adding = action(
        verbs,
        "add",
        add,
        help="make an account; without an option its password is asked for, or made up when nobody can be asked",
        example="syncd user add anna --admin",
    )
    adding.add_argument("name", metavar="NAME", help="what the person is called; the folder is named after it")
    passwords.choices(adding)
    adding.add_argument("--admin", action="store_true", help="may change what concerns everybody")
    adding.add_argument(
        "--adopt", action="store_true", help="take over the folder of that name on the disk, with the files in it"
    )
    listing = action(verbs, "list", show, help="print all accounts", example="syncd user list --json")
    listing.add_argument("--json", action="store_true", help="print a JSON list")
    setting = action(
        verbs, "passwd", passwd, help="set another password; all log-ins end", example="syncd user passwd anna"
    )
    setting.add_argument("name", metavar="NAME", help="whose password")
    passwords.choices(setting)
    removing = action(
        verbs,
        "remove",
        remove,
        help="remove an account and its devices; the files stay on the disk",
        example="syncd user remove anna",
    )
    removing.add_argument("name", metavar="NAME", help="who")
    removing.add_argument("--yes", action="store_true", help="do not ask")


def add(args: argparse.Namespace) -> int:
    """Make an account and say what comes next."""
    home_of(args.name)  # a name that cannot be is refused before a password is asked for
    config = settings(args).config
    given = passwords.chosen(args, args.name)
    user = granted(config, AddUser(args.name, given.password, args.admin, args.adopt))
    print(f"user {user.name} was added; files: {config.storage.path / user.home}")
    if user.home != home_of(args.name):
        print(f"note: the folder {home_of(args.name)} was taken; to use it: syncd user add NAME --adopt")
    print(passwords.shown(given), end="")
    if args.adopt:
        report = granted(config, ScanTrees())
        print(f"{several(report.new, 'file')} found in the folders and taken over")
    print(f"next: syncd device add {user.name} phone")
    return 0


def show(args: argparse.Namespace) -> int:
    """Print all accounts."""
    users = granted(settings(args).config, ListUsers())
    if args.json:
        print(as_json(users))
    elif users:
        head = ("NAME", "ROLE", "PASSWORD", "FOLDER", "SINCE")
        rows = [
            (one.name, one.role, "yes" if one.has_password else "none", one.home, day(one.created_ms)) for one in users
        ]
        print(table(head, rows))
    else:
        print("there are no users yet; add one with: syncd user add NAME")
    return 0


def passwd(args: argparse.Namespace) -> int:
    """Set or take away a password."""
    config = settings(args).config
    granted(config, FindUser(args.name))  # before anybody types a password for nobody
    given = passwords.chosen(args, args.name)
    user = granted(config, SetPassword(args.name, given.password))
    print(
        f"user {user.name} has {'a new' if user.has_password else 'no'} password; all log-ins ended, device keys stay"
    )
    print(passwords.shown(given), end="")
    return 0


def remove(args: argparse.Namespace) -> int:
    """Remove an account, once somebody agreed."""
    config = settings(args).config
    user = granted(config, FindUser(args.name))
    folder = config.storage.path / user.home
    if not confirmed(f"Remove the account {user.name} with its devices? The files stay in {folder}.", args.yes):
        print("nothing was changed")
        return 1
    granted(config, RemoveUser(user.name))
    print(f"user {user.name} was removed; the files stay in {folder}")
    return 0
