"""`syncd user add|list|passwd|logout|link|unlink|remove`."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from syncd.cli import passwords
from syncd.cli.actions import action, actions
from syncd.cli.owner import box
from syncd.cli.tables import as_json, confirmed, day, several, table
from syncd.cli.wishes import granted
from syncd.core.admin.log_ins import EndLogIns, LinkAccount, ListAccounts, UnlinkAccount
from syncd.core.admin.people import AddUser, FindUser, ListUsers, RemoveUser, SetPassword
from syncd.core.admin.volume import ScanTrees
from syncd.core.names import home_of
from syncd.db.identities import Identity
from syncd.model import User


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd user add anna"
    verbs = actions(parser, "add|list|passwd|logout|link|unlink|remove")
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
    leaving = action(
        *(verbs, "logout", logout),
        help="end all log-ins of somebody; devices, keys and the password stay",
        example="syncd user logout anna",
    )
    leaving.add_argument("name", metavar="NAME", help="who")
    linking = action(
        *(verbs, "link", link),
        help="let somebody sign in with an account at another service",
        example="syncd user link anna https://github.com 583231 --label anna@example.org",
    )
    linking.add_argument("--label", default="", metavar="TEXT", help="what the account is called there, for people")
    unlinking = action(
        *(verbs, "unlink", unlink),
        help="take an account at another service away from somebody",
        example="syncd user unlink anna https://github.com 583231",
    )
    for one in (linking, unlinking):
        one.add_argument("name", metavar="NAME", help="who")
        one.add_argument("issuer", metavar="ISSUER", help="the service, as syncd user list --json names it")
        one.add_argument("subject", metavar="SUBJECT", help="the account there: a number or an id, not a name")
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
    config = box(args)
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
    config = box(args)
    users = granted(config, ListUsers())
    if args.json:
        accounts = granted(config, ListAccounts())
        print(as_json([_described(one, accounts) for one in users]))
    elif users:
        head = ("NAME", "ROLE", "PASSWORD", "FOLDER", "SINCE")
        rows = [
            (one.name, one.role, "yes" if one.has_password else "none", one.home, day(one.created_ms)) for one in users
        ]
        print(table(head, rows))
    else:
        print("there are no users yet; add one with: syncd user add NAME")
    return 0


def _described(user: User, accounts: list[Identity]) -> dict[str, object]:
    """A user with the accounts at other services that are theirs."""
    own = [one for one in accounts if one.user_id == user.id]
    identities = [{"issuer": one.issuer, "subject": one.subject, "label": one.label} for one in own]
    return {**asdict(user), "identities": identities}


def passwd(args: argparse.Namespace) -> int:
    """Set or take away a password."""
    config = box(args)
    granted(config, FindUser(args.name))  # before anybody types a password for nobody
    given = passwords.chosen(args, args.name)
    user = granted(config, SetPassword(args.name, given.password))
    print(
        f"user {user.name} has {'a new' if user.has_password else 'no'} password; all log-ins ended, device keys stay"
    )
    print(passwords.shown(given), end="")
    return 0


def logout(args: argparse.Namespace) -> int:
    """End all log-ins."""
    user = granted(box(args), EndLogIns(args.name))
    print(f"user {user.name} is signed out everywhere")
    return 0


def link(args: argparse.Namespace) -> int:
    """Link an account at another service."""
    found = granted(box(args), LinkAccount(args.name, args.issuer, args.subject, args.label))
    print(f"user {args.name} may sign in as {found.label} of {found.issuer}")
    return 0


def unlink(args: argparse.Namespace) -> int:
    """Unlink an account at another service."""
    user = granted(box(args), UnlinkAccount(args.name, args.issuer, args.subject))
    print(f"user {user.name} cannot sign in with that account any more")
    return 0


def remove(args: argparse.Namespace) -> int:
    """Remove an account, once somebody agreed."""
    config = box(args)
    user = granted(config, FindUser(args.name))
    folder = config.storage.path / user.home
    if not confirmed(f"Remove the account {user.name} with its devices? The files stay in {folder}.", args.yes):
        print("nothing was changed")
        return 1
    granted(config, RemoveUser(user.name))
    print(f"user {user.name} was removed; the files stay in {folder}")
    return 0
