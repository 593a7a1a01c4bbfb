"""What `getdetail` tells of a folder or a file: nine strings (protocol §3.1). Pure."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass

from syncd.dialects.syncfile.accounts import clock_time
from syncd.dialects.syncfile.paths import ROOT
from syncd.model import Entry, Folder, User


@dataclass(frozen=True, slots=True)
class Record:
    """All values as clients get them."""

    id: str
    parentid: str
    type: str
    size: str
    createdate: str
    creator: str
    filename: str
    foldername: str
    path: str

    def details(self) -> dict[str, object]:
        return asdict(self)


def root_record(user: User) -> Record:
    """Of the user's whole tree."""
    return _record(user, root_id(user), ROOT, "folder", 0, user.created_ms, user.name, user.name)


def folder_record(user: User, found: Folder, parent_id: str) -> Record:
    name = found.path.rpartition("/")[2]
    return _record(
        *(user, folder_id(user, found), parent_id, "folder", 0, found.born_ms, name),
        f"{user.name}/{found.path}",
    )


def file_record(user: User, found: Entry, parent_id: str) -> Record:
    name = found.path.rpartition("/")[2]
    return _record(
        *(user, _id(user, f"node {found.node}"), parent_id, "file", found.size or 0, found.born_ms, name),
        f"{user.name}/{found.path}",
    )


def _record(
    user: User, own_id: str, parent_id: str, kind: str, size: int, born_ms: int, name: str, path: str
) -> Record:
    return Record(
        id=own_id,
        parentid=parent_id,
        type=kind,
        size=str(size),
        createdate=f"{clock_time(born_ms)} UTC",
        creator=user.name,
        filename=name if kind == "file" else "",
        foldername=name if kind == "folder" else "",
        path=path,
    )


def root_id(user: User) -> str:
    return _id(user, "root")


def folder_id(user: User, found: Folder) -> str:
    """By its identity; one that is only there because something is in it has none but its path."""
    return _id(user, f"node {found.node}" if found.node is not None else f"folder {found.path}")


def _id(user: User, what: str) -> str:
    """36 characters, the same at each call: a UUID with `x` for `-`."""
    return str(uuid.uuid5(uuid.UUID(user.public_id), what)).replace("-", "x")
