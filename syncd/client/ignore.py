"""What is not synced: `.syncdignore` at the top of the folder, in gitignore syntax, after some sensible defaults."""

from __future__ import annotations

import re
from pathlib import Path

from pathspec import GitIgnoreSpec

from syncd.model import RESERVED

FILE = ".syncdignore"
DEFAULTS = (
    # editors: swap files, backups, files being saved
    "*.swp",
    "*.swo",
    ".*.sw?",
    "4913",
    "*~",
    "~$*",
    ".~lock.*#",
    ".#*",
    "\\#*#",
    ".goutputstream-*",
    # downloads and copies that are not finished
    "*.part",
    "*.crdownload",
    "*.partial",
    "*.filepart",
    # what file managers leave behind
    ".DS_Store",
    "._*",
    ".Spotlight-V100/",
    ".Trashes/",
    ".fseventsd/",
    "Thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "$RECYCLE.BIN/",
    "System Volume Information/",
    ".Trash-*/",
    ".directory",
    "lost+found/",
    # a folder in the folder that is synced on its own
    ".syncd/",
    # file systems keep a removed file that is still open under such a name
    ".nfs*",
    ".fuse_hidden*",
)


class Ignore:
    """The patterns in force; `!pattern` in the file takes a default back."""

    def __init__(self, lines: list[str]) -> None:
        self.wrong = [line for line in lines if not _is_pattern(line)]
        self._spec = GitIgnoreSpec.from_lines([*DEFAULTS, *(line for line in lines if line not in self.wrong)])

    @classmethod
    def of(cls, folder: Path) -> Ignore:
        """Those of *folder*; a file that cannot be read raises OSError."""
        try:
            return cls((folder / FILE).read_text("utf-8", "replace").splitlines())
        except FileNotFoundError:
            return cls([])

    def hides(self, path: str) -> bool:
        """Is the file *path* not synced, by its own name or that of a folder it lies in?"""
        return path.split("/", 1)[0].casefold() in RESERVED or self._spec.match_file(path)

    def hides_folder(self, path: str) -> bool:
        """Is nothing in the folder *path* synced?"""
        return self.hides(path + "/")


def _is_pattern(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True
