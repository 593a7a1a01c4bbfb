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

SERVICE = "syncd"  # see systemd/syncd.sysusers
OF_A_NEW_DISK = ("lost+found",)


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


def newcomer(state: Path) -> Owner | None:
    """The user that packages make for the service, if we are root and *state* is still to be set up; else None.

    *state* is made, if need be, and theirs then: what root sets up for itself the service could not open.
    """
    if os.geteuid() != 0 or (state.exists() and (state.stat().st_uid != 0 or any(state.iterdir()))):
        return None
    try:
        known = pwd.getpwnam(SERVICE)
    except KeyError:
        return None
    owner = Owner(known.pw_uid, known.pw_gid, known.pw_name)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    hand_over(state, owner)
    return owner


def hand_over(folder: Path, owner: Owner | None) -> None:
    """Give *folder* itself, nothing that lies in it, to *owner*: a disk that was just formatted is root's.

    Whoever owns a folder may remove and replace what lies in it. So raises SyncError for one that is neither root's
    nor the owner's, for one that holds what is not the owner's, and for one that somebody else could have exchanged
    for another.
    """
    if owner is None:
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        uid = os.fstat(fd).st_uid
        if uid == owner.uid:
            return
        if reason := "belongs to another user" if uid != 0 else _objection(folder, fd, owner):
            raise SyncError(
                f"{folder} {reason}, and syncd runs as {owner.name}. Choose a folder of its own or,"
                f" if all in it is meant for syncd, run: chown -R {owner.name} {folder}"
            )
        os.fchown(fd, owner.uid, owner.gid)
    except OSError as exc:
        raise SyncError(
            f"{folder} cannot be given to {owner.name}: {exc.strerror}. A disk whose file system knows no owners is"
            f" mounted with uid={owner.name},gid={owner.name}"
        ) from exc
    finally:
        os.close(fd)


def _objection(folder: Path, fd: int, owner: Owner) -> str:
    """Why *folder*, which is root's and open as *fd*, is not to be given away; empty if it may be."""
    with os.scandir(fd) as entries:
        for entry in entries:
            if entry.name not in OF_A_NEW_DISK and entry.stat(follow_symlinks=False).st_uid != owner.uid:
                return "holds what is not syncd's"
    way = {folder, *folder.parents, *folder.resolve().parents}
    if any(one.lstat().st_uid != 0 for one in way):
        return "lies where somebody else than root may put another in its place"
    return ""
