r"""Paths as SyncFile's clients write them (protocol §3). Pure.

`\` and `/` separate alike, doubled ones count once. Nothing absolute, no drive, no `.` or `..`.
"""

from __future__ import annotations

import re
import unicodedata

from syncd.errors import BadName
from syncd.model import TreePath

ROOT = "root"  # the user's whole tree, where a folder is asked for
SEPARATORS = ("/", "\\")

_RUNS = re.compile(r"[/\\]+")
_DRIVE = re.compile(r"[A-Za-z]:")


def folder_path(text: str) -> TreePath:
    """The folder (or file) that `path` names, a `/` at its end left out; raises BadName."""
    return file_path(text.rstrip("/"))


def file_path(text: str) -> TreePath:
    """The file that `filepath` names; raises BadName."""
    if text.startswith(SEPARATORS):
        raise BadName("a path begins with a name, not with a separator")
    if _DRIVE.match(text):
        raise BadName("a path cannot begin with a drive letter")
    return TreePath.parse(_RUNS.sub("/", text))


def is_root(path: TreePath) -> bool:
    """Would this path be hidden by the alias of the user's tree?"""
    return path.parts == (ROOT,)


def renamed(path: TreePath, name: str) -> TreePath:
    """*path* with another last name; raises BadName, also when that could not be asked for any more."""
    target = path.renamed(unicodedata.normalize("NFC", name))
    if is_root(target) or (not target.parent and _DRIVE.match(target.name)):
        raise BadName(f"{name!r} cannot be the name of something at the top")
    if str(target) != str(target).strip():
        raise BadName("blanks around a path are left out, so no path may begin or end with one")
    return target
