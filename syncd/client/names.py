"""Which names can be synced, and how they are written on the server."""

from __future__ import annotations

import os
import unicodedata
from datetime import datetime

from syncd.errors import BadName
from syncd.model import NAME_BYTES, TreePath

OWN = ".syncd"  # the client's own folder; the server takes no such name, so it never syncs


def composed(name: str) -> str:
    """*name* as the server writes it: NFC. macOS hands out NFD."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def why_not(path: str) -> str | None:
    """Why *path*, as the server writes it, cannot be synced; None when it can."""
    try:
        return None if str(TreePath.parse(path)) == path else "the name is not in composed Unicode (NFC)"
    except BadName as exc:
        return exc.text


def conflicted(path: str, when: datetime) -> str:
    """The name under which the server's file *path* is kept where it cannot stay; the stem is cut if it is too long."""
    folder, slash, name = path.rpartition("/")
    stem, ending = os.path.splitext(name)
    ending = f".sync-conflict-{when:%Y%m%d-%H%M%S}-there{ending}"
    return folder + slash + stem.encode()[: NAME_BYTES - len(ending.encode())].decode(errors="ignore") + ending


def is_below(path: str, folder: str) -> bool:
    """Does *path* lie in *folder* ('' is the top)?"""
    return not folder or path.startswith(folder + "/")


def parents(path: str) -> list[str]:
    """The folders *path* lies in, innermost first, without the top."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]


def ignores_case(folder: int) -> bool:
    """Does the file system at the descriptor *folder* take 'A' for 'a'? It is tried out with a file."""
    name = "probe-case"
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=folder))
    try:
        os.stat(name.upper(), dir_fd=folder)
    except FileNotFoundError:
        return False
    finally:
        os.unlink(name, dir_fd=folder)
    return True
