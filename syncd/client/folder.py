"""The folder on this computer: looking at files, opening them, walking over them.

Every access to a file starts from the folder's descriptor and follows no symlink, so nothing leads out of it.
Paths are those of the server (NFC); a name that is written otherwise on the disk is remembered in `aliases`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from syncd.client.names import OWN, composed, ignores_case, parents, why_not
from syncd.client.trouble import Blocked, Lost

OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
DATABASE = "state.db"
FARTHEST_NS = (1 << 63) - 1  # from 1970, what SQLite keeps: the years 1678 to 2262


@dataclass(frozen=True, slots=True)
class Stat:
    """What the file system says of a file; equal: it was not touched in between."""

    size: int  # bytes
    mtime_ns: int
    ctime_ns: int
    inode: int
    mode: int = field(compare=False)

    @classmethod
    def of(cls, found: os.stat_result) -> Stat:
        mtime_ns = min(max(found.st_mtime_ns, -FARTHEST_NS), FARTHEST_NS)  # file systems know years beyond that
        return cls(found.st_size, mtime_ns, found.st_ctime_ns, found.st_ino, stat.S_IMODE(found.st_mode))

    def same_file(self, other: Stat) -> bool:
        """The same, perhaps under another name: a rename changes the ctime."""
        return (self.size, self.mtime_ns, self.inode) == (other.size, other.mtime_ns, other.inode)


class Gap(Enum):
    """Why there is no file to look at."""

    MISSING = "there is nothing"
    FOLDER = "a folder stands there"
    UNKNOWN = "it, or a folder it lies in, is a symlink, a special file, on another disk, or cannot be read"
    TWIN = "a name that differs only by case or Unicode form stands there, and this disk takes them for the same"


Look = Stat | Gap


class _Unknowable(OSError):
    """A parent is a symlink, or another disk is mounted there: once it is not, that is no deletion."""


class _Twin(OSError):
    """Upper and lower case are the same here, and the other one is taken."""


@dataclass(slots=True)
class Walk:
    """What was met below a folder."""

    files: dict[str, Stat] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)  # folders that could not be read
    skipped: dict[str, str] = field(default_factory=dict)  # path: why it is not synced

    @property
    def empty(self) -> list[str]:
        """The folders in which nothing was met, as far as that could be seen."""
        full = {path.rpartition("/")[0] for path in (*self.files, *self.folders)}
        return [path for path in self.folders if path and path not in full and path not in self.unknown]


class Folder:
    """An open folder. *own* false: nothing is written, not even the client's own folder."""

    def __init__(self, path: Path, *, own: bool = True) -> None:
        self.path = path
        self.own = path / OWN
        self.aliases: dict[str, str] = {}
        self.ignores_case = False
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.tmp_fd = -1
        found = os.fstat(self.fd)
        self._identity = (found.st_dev, found.st_ino)
        if own:
            (self.own / "tmp").mkdir(mode=0o700, parents=True, exist_ok=True)
            self.tmp_fd = os.open(self.own / "tmp", OPEN_FOLDER)
            self.ignores_case = ignores_case(self.tmp_fd)

    def close(self) -> None:
        os.close(self.fd)
        if self.tmp_fd >= 0:
            os.close(self.tmp_fd)

    def check(self) -> None:
        """Raises Lost unless this is still the folder that was opened: an unmounted disk must not look empty."""
        try:
            found = os.stat(self.path)
            if self.tmp_fd >= 0:
                os.stat(self.own / DATABASE)
        except OSError as exc:
            raise Lost(f"{exc.filename}: {exc.strerror}; is the disk still there? Nothing was deleted") from exc
        if (found.st_dev, found.st_ino) != self._identity:
            raise Lost(f"{self.path} is another folder than a moment ago; nothing was deleted")

    def real(self, path: str) -> str:
        """*path* as it is written on this disk."""
        if not self.aliases:
            return path
        for known in (path, *parents(path)):
            if known in self.aliases:
                return self.aliases[known] + path[len(known) :]
        return path

    @contextmanager
    def parent(self, path: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
        """The descriptor of the folder *path* lies in, and its name there. Raises OSError.

        FileNotFoundError and NotADirectoryError mean that there can be no such file.
        """
        *folders, name = self.real(path).split("/")
        fd = os.dup(self.fd)
        try:
            for part in folders:
                self._exact(fd, part)
                try:
                    child = _enter(fd, part, create)
                finally:
                    os.close(fd)
                    fd = -1
                fd = child
                if os.fstat(fd).st_dev != self._identity[0]:
                    raise _Unknowable(part)
            self._exact(fd, name)
            yield fd, name
        finally:
            if fd >= 0:
                os.close(fd)

    def _exact(self, fd: int, name: str) -> None:
        if self.ignores_case and name not in os.listdir(fd):
            try:
                os.stat(name, dir_fd=fd, follow_symlinks=False)
            except FileNotFoundError:
                return
            raise _Twin(name)

    def look(self, path: str) -> Look:
        """What is at *path*."""
        try:
            with self.parent(path) as (fd, name):
                found = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return Gap.MISSING
        except _Twin:
            return Gap.TWIN
        except OSError:
            return Gap.UNKNOWN
        if stat.S_ISREG(found.st_mode):
            return Stat.of(found)
        return Gap.FOLDER if stat.S_ISDIR(found.st_mode) else Gap.UNKNOWN

    @contextmanager
    def opened(self, path: str) -> Iterator[tuple[int, Stat]]:
        """*path* open for reading, and its Stat; raises OSError, Blocked when it is no plain file."""
        with self.parent(path) as (parent, name):
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise Blocked("it is no plain file any more")
            yield fd, Stat.of(found)
        finally:
            os.close(fd)

    def holds(self, path: str, hides: Callable[[str], bool], hides_folder: Callable[[str], bool]) -> bool:
        """Is anything in the folder *path* that is not hidden, a file or a folder? Raises OSError; notes no alias."""
        with self.parent(path) as (parent, name):
            fd = os.open(name, OPEN_FOLDER, dir_fd=parent)
        try:
            if os.fstat(fd).st_dev != self._identity[0]:
                raise _Unknowable(name)
            with os.scandir(fd) as entries:
                return any(_is_something(path, entry, hides, hides_folder) for entry in entries)
        finally:
            os.close(fd)

    def walk(self, under: str, hides: Callable[[str], bool], hides_folder: Callable[[str], bool]) -> Walk:
        """Every file below *under* ('' for all) that is not hidden. Notes aliases on the way."""
        found = Walk()
        open_folders = [under]
        while open_folders:
            folder = open_folders.pop()
            found.folders.append(folder)
            try:
                for path, entry in self._named(folder, self._listed(folder), found):
                    if entry.is_dir(follow_symlinks=False):
                        if not hides_folder(path):
                            self._descend(path, entry, open_folders, found)
                    elif not hides(path):
                        self._note(path, entry, found)
            except (FileNotFoundError, NotADirectoryError):
                continue  # it went away while we walked; the watcher or the next walk tells
            except OSError as exc:
                found.unknown.append(folder)
                found.skipped[folder] = f"cannot be read: {exc.strerror}"
        return found

    def _descend(self, path: str, entry: os.DirEntry[str], open_folders: list[str], found: Walk) -> None:
        with suppress(FileNotFoundError):  # removed while we walked
            if entry.stat(follow_symlinks=False).st_dev == self._identity[0]:
                open_folders.append(path)
            else:
                found.skipped[path] = "another disk is mounted there"

    def learn(self, folder: str) -> None:
        """Find out how the names in *folder* are written, if it is there."""
        with suppress(OSError):
            for _ in self._named(folder, self._listed(folder), Walk()):
                pass

    def _listed(self, folder: str) -> list[os.DirEntry[str]]:
        with os.scandir(self.path / self.real(folder)) as entries:
            return sorted(entries, key=lambda entry: entry.name)

    def _named(
        self, folder: str, listing: list[os.DirEntry[str]], found: Walk
    ) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """*listing* with the paths the server has; of two that have the same the exact one."""
        exact = {entry.name for entry in listing}
        taken: set[str] = set()
        for entry in listing:
            name = composed(entry.name)
            path = f"{folder}/{name}" if folder else name
            if name != entry.name and (name in exact or name in taken):
                found.skipped[f"{folder}/{entry.name}" if folder else entry.name] = (
                    f"another file is called {name}, too"
                )
                continue
            taken.add(name)
            if name != entry.name:
                self.aliases[path] = f"{self.real(folder)}/{entry.name}" if folder else entry.name
            elif self.aliases:
                self.aliases.pop(path, None)
            yield path, entry

    @staticmethod
    def _note(path: str, entry: os.DirEntry[str], found: Walk) -> None:
        reason = why_not(path)
        if entry.is_symlink():
            found.skipped[path] = "symlinks are not synced"
        elif not entry.is_file(follow_symlinks=False):
            found.skipped[path] = "it is no plain file"
        elif reason is not None:
            found.skipped[path] = reason
        else:
            with suppress(FileNotFoundError):  # removed while we walked
                found.files[path] = Stat.of(entry.stat(follow_symlinks=False))


def _is_something(
    folder: str, entry: os.DirEntry[str], hides: Callable[[str], bool], hides_folder: Callable[[str], bool]
) -> bool:
    path = f"{folder}/{composed(entry.name)}"
    if why_not(path) is not None:
        return False
    if entry.is_dir(follow_symlinks=False):
        return not hides_folder(path)
    return entry.is_file(follow_symlinks=False) and not hides(path)


def _enter(fd: int, name: str, create: bool) -> int:
    """Open the folder *name* in *fd*, made if wanted; raises OSError, _Unknowable for a symlink."""
    try:
        if create:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=fd)
        return os.open(name, OPEN_FOLDER, dir_fd=fd)
    except OSError:
        try:
            if stat.S_ISLNK(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode):
                raise _Unknowable(name) from None
        except FileNotFoundError:
            pass
        raise
