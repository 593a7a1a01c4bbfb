"""Files and folders below the volume, reached from its descriptor and never through a symlink.

A place is a tuple of names below the volume: `("anna", "phone", "2024", "5", "x.jpg")`. Whoever plants a link
over SMB, or writes `..`, gets an error; whoever was checked is served from the descriptor that was checked.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from syncd.disk import kernel

Place = tuple[str, ...]
BARE = 500  # folders
FARTHEST_NS = (1 << 63) - 1  # from 1970: the years 1678 to 2262

# Takes hold of whatever stands there without opening it: a FIFO or a device is only looked at.
_HOLD = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_DIR = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class FileState:
    """What the file system says of a plain file."""

    size: int  # bytes
    mtime_ns: int
    device: int  # st_dev and inode: the same file as before?
    inode: int

    @classmethod
    def of(cls, info: os.stat_result) -> FileState:
        return cls(info.st_size, _kept(info.st_mtime_ns), info.st_dev, info.st_ino)


def _kept(time_ns: int) -> int:
    """Unix ns as the index can keep it: file systems know years that 64 bits of ns don't reach."""
    return min(max(time_ns, -FARTHEST_NS), FARTHEST_NS)


@dataclass(frozen=True, slots=True)
class Listed:
    """One name in a folder: a plain file, a folder, or something else that is left alone."""

    name: str
    is_dir: bool
    is_file: bool


class Root:
    """The volume's top folder. Methods block and raise OSError: call them through DiskPool."""

    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._openat2 = True

    def close(self) -> None:
        os.close(self.fd)

    def _open(self, place: Place, flags: int) -> int:
        if self._openat2:
            try:
                return kernel.openat2(self.fd, "/".join(place) or ".", flags)
            except OSError as exc:
                # EPERM is what seccomp profiles answer for a call they have not heard of.
                if exc.errno not in (errno.ENOSYS, errno.EPERM):
                    raise
                self._openat2 = exc.errno == errno.EPERM
        return self._walk_open(place, flags)

    def _walk_open(self, place: Place, flags: int) -> int:
        """openat2 by hand: one segment at a time, each refused if it is a link."""
        fd = os.dup(self.fd)
        for depth, name in enumerate(place, start=1):
            try:
                child = os.open(name, flags if depth == len(place) else _DIR, dir_fd=fd)
            finally:
                os.close(fd)
            fd = child
        return fd

    def open_folder(self, place: Place) -> int:
        """The folder at *place*, open; the caller closes it."""
        return self._open(place, _DIR)

    @contextmanager
    def folder(self, place: Place) -> Iterator[int]:
        """The folder at *place*, open for as long as the block lasts."""
        fd = self.open_folder(place)
        try:
            yield fd
        finally:
            os.close(fd)

    def open_file(self, place: Place) -> int:
        """A plain file, open for reading; the caller closes it. Anything else is ENOENT and is never opened."""
        held = self._open(place, _HOLD)
        try:
            if not stat.S_ISREG(os.fstat(held).st_mode):
                raise FileNotFoundError(errno.ENOENT, "not a plain file")
            return os.open(f"/proc/self/fd/{held}", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            os.close(held)

    def look(self, place: Place) -> FileState | Literal["other"] | None:
        """What stands at *place*: a plain file, something "other" (a folder, a link …), or None."""
        try:
            held = self._open(place, _HOLD)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as exc:
            if exc.errno != errno.ELOOP:
                raise
            with self.folder(place[:-1]):  # a link among the parents is refused, as everywhere
                return "other"
        try:
            info = os.fstat(held)
        finally:
            os.close(held)
        return FileState.of(info) if stat.S_ISREG(info.st_mode) else "other"

    def state(self, place: Place) -> FileState | None:
        """The plain file at *place*; None when there is none."""
        found = self.look(place)
        return found if isinstance(found, FileState) else None

    def room_of(self, place: Place) -> int:
        """Bytes of the disk that the file at *place* has for itself already; 0 when there is none."""
        try:
            held = self._open(place, _HOLD)
        except FileNotFoundError:
            return 0
        try:
            return os.fstat(held).st_blocks * 512
        finally:
            os.close(held)

    def is_taken(self, place: Place) -> bool:
        """Does anything at all stand at *place*?"""
        return self.look(place) is not None

    def has_exact_name(self, place: Place) -> bool:
        """Does the folder list that very name? A disk that ignores case finds a file under others as well."""
        with self.folder(place[:-1]) as folder:
            return place[-1] in os.listdir(folder)

    def has_exact_names(self, place: Place) -> bool:
        """As has_exact_name, for every folder of *place* that is there."""
        folders = (place[:depth] for depth in range(1, len(place) + 1))
        return all(self.has_exact_name(folder) for folder in folders if self.is_folder(folder))

    def names(self, place: Place) -> list[Listed]:
        """What the folder holds, sorted; an absent folder holds nothing. Names that are no Unicode are left out."""
        try:
            with self.folder(place) as folder, os.scandir(folder) as found:
                listed = [
                    Listed(one.name, one.is_dir(follow_symlinks=False), one.is_file(follow_symlinks=False))
                    for one in found
                    if _is_text(one.name)
                ]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(listed, key=lambda one: one.name)

    def make_folders(self, place: Place) -> list[Place]:
        """Make *place* and what is missing above it; the folders whose listing changed (they want a flush)."""
        if self.is_folder(place):
            return []
        changed: list[Place] = []
        try:
            for depth in range(1, len(place) + 1):
                with self.folder(place[: depth - 1]) as parent:
                    try:
                        os.mkdir(place[depth - 1], dir_fd=parent)
                    except FileExistsError:
                        continue
                changed.append(place[: depth - 1])
        except OSError:
            for above in reversed(changed):
                self.remove_folder(place[: len(above) + 1])
            raise
        return changed

    def is_folder(self, place: Place) -> bool:
        """Does a folder stand at *place*?"""
        try:
            with self.folder(place):
                return True
        except (FileNotFoundError, NotADirectoryError):
            return False

    def remove_folder(self, place: Place) -> bool:
        """Remove the folder at *place* if nothing is in it; is there none now?"""
        try:
            with self.folder(place[:-1]) as above:
                os.rmdir(place[-1], dir_fd=above)
        except FileNotFoundError:
            return True
        except OSError:  # it is no folder, or something is in it, or somebody has mounted a disk there
            return False
        return True

    def bare(self, place: Place) -> list[Place]:
        """The folder at *place* and all below it, the deepest first, if there is nothing else in them; else none.

        None also when they are more than BARE, which takes too long and too much room to go through one by one.
        """
        if not self.is_folder(place):
            return []
        found: list[Place] = []
        todo = [place]
        while todo:
            found.append(todo.pop())
            with self.folder(found[-1]) as folder, os.scandir(folder) as listed:
                for one in listed:
                    if not one.is_dir(follow_symlinks=False):
                        return []
                    todo.append((*found[-1], one.name))
                    if len(found) + len(todo) > BARE:
                        return []
        return found[::-1]

    def changed_ns(self, place: Place) -> int:
        """When something was put into the folder at *place* last, or taken from it; raises FileNotFoundError."""
        with self.folder(place) as folder:
            return _kept(os.fstat(folder).st_mtime_ns)

    def unlink(self, place: Place) -> None:
        """Remove a file; one that is gone already is fine."""
        try:
            with self.folder(place[:-1]) as folder:
                os.unlink(place[-1], dir_fd=folder)
        except FileNotFoundError:
            return

    def flush_everything(self) -> None:
        """Make everything on this file system durable."""
        kernel.syncfs(self.fd)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
