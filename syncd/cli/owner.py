"""Whom the box's files belong to: a command that root types becomes that user before it touches any of them.

The service runs as a user of its own. What root left behind in its state, a journal of the database say, the daemon
could not open again; and root would not notice that the daemon lacks a right.
"""

from __future__ import annotations

import argparse
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from syncd.cli.options import settings
from syncd.config import Config
from syncd.errors import SyncError


@dataclass(frozen=True, slots=True)
class Owner:
    """A user of the system; *name* is for people, the number where there is none."""

    uid: int
    gid: int
    name: str


def box(args: argparse.Namespace) -> Config:
    """The settings *args* ask for, and this process in the hands of who owns that box; raises ConfigError."""
    config = settings(args).config
    become(owner_of(config.server.state))
    return config


def owner_of(state: Path) -> Owner | None:
    """Who owns *state*, if that is somebody else and we are root; None: all stays as it is."""
    if os.geteuid() != 0:
        return None
    try:
        found = state.stat()
    except OSError:
        return None  # nothing is set up yet
    if found.st_uid == 0:
        return None
    try:
        known = pwd.getpwuid(found.st_uid)
    except KeyError:
        return Owner(found.st_uid, found.st_gid, str(found.st_uid))
    return Owner(known.pw_uid, known.pw_gid, known.pw_name)


def become(owner: Owner | None) -> None:
    """Give up being root, for good."""
    if owner is None:
        return
    os.setgroups(os.getgrouplist(owner.name, owner.gid) if owner.name != str(owner.uid) else [owner.gid])
    os.setgid(owner.gid)
    os.setuid(owner.uid)


def hand_over(folder: Path, owner: Owner | None) -> None:
    """Give *folder* itself, nothing that lies in it, to *owner*: a disk that was just formatted is root's.

    Raises SyncError for one that is neither root's nor the owner's.
    """
    if owner is None or (uid := folder.stat().st_uid) == owner.uid:
        return
    if uid != 0:
        raise SyncError(
            f"{folder} belongs to another user, and syncd runs as {owner.name};"
            f" if all in it is meant for syncd, run: chown -R {owner.name} {folder}"
        )
    os.chown(folder, owner.uid, owner.gid)
