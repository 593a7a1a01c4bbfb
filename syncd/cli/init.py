"""`syncd init`: prepare disk and state, and the first account."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from syncd.cli import passwords
from syncd.cli.options import settings
from syncd.cli.owner import become, hand_over, newcomer, owner_of
from syncd.cli.wishes import granted, reach
from syncd.config import Config
from syncd.core.admin.people import AddUser, ListUsers
from syncd.core.core import initialise
from syncd.core.names import fold, home_of
from syncd.disk.volume import read_mark
from syncd.errors import BadRequest, Conflict, SyncError


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd init --user anna"
    parser.add_argument("--user", metavar="NAME", help="make this account too, as an administrator")
    passwords.choices(parser, may_be_none=False)
    parser.set_defaults(run=init)


def init(args: argparse.Namespace) -> int:
    """Mark the volume, make the state, add the first user; each only where it is still missing."""
    if args.password_stdin and args.user is None:
        raise BadRequest("--password-stdin is the password of --user NAME; say who")
    if args.user is not None:
        home_of(args.user)  # a name that cannot be is refused before anything is made
    config = settings(args).config
    path = config.storage.path
    _require_folder(path)
    owner = owner_of(config.server.state)
    if owner is None and getattr(args, "config", None) is None:  # what the service reads, too
        owner = newcomer(config.server.state)
    hand_over(path, owner)
    become(owner)
    was_marked = read_mark(path) is not None
    _prepare(config)
    print(f"{path} {'was already' if was_marked else 'is now'} the volume of this syncd")
    if not was_marked and _is_on_root_disk(path):
        print(f"note: {path} is on the system's own disk. If another disk belongs there, mount it and run this again")
    if args.user is not None:
        _first_user(config, args)
    print(_next_step(config, args.user))
    return 0


def _require_folder(path: Path) -> None:
    """Never make it: a disk that is not mounted would become a folder on the router's flash."""
    if not path.exists():
        raise SyncError(f"{path} does not exist. Mount the disk that belongs there or, without one: mkdir -p {path}")
    if not path.is_dir():
        raise SyncError(f"{path} is a file; [storage] path has to be a folder")


def _is_on_root_disk(path: Path) -> bool:
    return path.stat().st_dev == Path("/").stat().st_dev


def _prepare(config: Config) -> None:
    try:
        asyncio.run(initialise(config))
    except Conflict as exc:
        if read_mark(config.storage.path) is None:
            raise Conflict("the daemon is running; stop it, then run this again") from exc


def _first_user(config: Config, args: argparse.Namespace) -> None:
    known = [one for one in granted(config, ListUsers()) if one.name == args.user or fold(one.name) == fold(args.user)]
    if known:
        print(f"user {known[0].name} was there already; for another password: syncd user passwd {known[0].name}")
        return
    given = passwords.chosen(args, args.user)
    user = granted(config, AddUser(args.user, given.password, admin=True))
    print(f"user {user.name} is an administrator; files: {config.storage.path / user.home}")
    print(passwords.shown(given), end="")


def _next_step(config: Config, user: str | None) -> str:
    daemon = reach(config.server.state)
    if daemon is not None:
        daemon.close()
        return f"next: syncd device add {user or 'NAME'} phone"
    if user is None and not granted(config, ListUsers()):
        return "next: syncd user add NAME"
    return "next: syncd serve (or start the service), then: syncd device add " + (user or "NAME") + " phone"
