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

from syncd.disk import kernel

Place = tuple[str, ...]

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
        return cls(info.st_size, info.st_mtime_ns, info.st_dev, info.st_ino)


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

    @contextmanager
    def folder(self, place: Place) -> Iterator[int]:
        """The folder at *place*, open for as long as the block lasts."""
        fd = self._open(place, _DIR)
        try:
            yield fd
        finally:
            os.close(fd)

    def open_file(self, place: Place) -> int:
        """A plain file, open for reading; the caller closes it. Anything else is ENOENT and is never opened.

        O_PATH takes hold of it without opening it, so a FIFO or a device is only looked at.
        """
        held = self._open(place, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(held).st_mode):
                raise FileNotFoundError(errno.ENOENT, "not a plain file")
            return os.open(f"/proc/self/fd/{held}", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            os.close(held)

    def _lstat(self, place: Place) -> os.stat_result:
        with self.folder(place[:-1]) as folder:
            return os.stat(place[-1], dir_fd=folder, follow_symlinks=False)

    def state(self, place: Place) -> FileState | None:
        """The plain file at *place*; None when there is none."""
        try:
            info = self._lstat(place)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return FileState.of(info) if stat.S_ISREG(info.st_mode) else None

    def is_taken(self, place: Place) -> bool:
        """Does anything at all stand at *place*?"""
        try:
            self._lstat(place)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def has_exact_name(self, place: Place) -> bool:
        """Does the folder list that very name? A disk that ignores case finds a file under others as well."""
        with self.folder(place[:-1]) as folder:
            return place[-1] in os.listdir(folder)

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
        if self._is_folder(place):
            return []
        changed = []
        for depth in range(1, len(place) + 1):
            with self.folder(place[: depth - 1]) as parent:
                try:
                    os.mkdir(place[depth - 1], dir_fd=parent)
                except FileExistsError:
                    continue
            changed.append(place[: depth - 1])
        return changed

    def _is_folder(self, place: Place) -> bool:
        try:
            with self.folder(place):
                return True
        except FileNotFoundError:
            return False

    def rename(self, source: Place, target: Place) -> None:
        """Move a file to a free place; FileExistsError if it is not free."""
        with self.folder(source[:-1]) as old, self.folder(target[:-1]) as new:
            try:
                kernel.rename_noreplace(old, source[-1], new, target[-1])
            except OSError as exc:
                if exc.errno not in (errno.EINVAL, errno.ENOSYS):
                    raise
                self._rename_checked(old, source[-1], new, target[-1])

    @staticmethod
    def _rename_checked(old: int, name: str, new: int, target: str) -> None:
        """FAT and FUSE cannot promise it: look first. Only another program could slip in between."""
        try:
            os.stat(target, dir_fd=new, follow_symlinks=False)
        except FileNotFoundError:
            os.rename(name, target, src_dir_fd=old, dst_dir_fd=new)
        else:
            raise FileExistsError(errno.EEXIST, "taken")

    def unlink(self, place: Place) -> None:
        """Remove a file; one that is gone already is fine."""
        try:
            with self.folder(place[:-1]) as folder:
                os.unlink(place[-1], dir_fd=folder)
        except FileNotFoundError:
            return

    def prune(self, place: Place, keep: int) -> None:
        """Remove *place* and its parents while they are empty, but never the first *keep* segments."""
        while len(place) > keep:
            try:
                with self.folder(place[:-1]) as parent:
                    os.rmdir(place[-1], dir_fd=parent)
            except OSError:
                return
            place = place[:-1]

    def flush_everything(self) -> None:
        """Make everything on this file system durable."""
        kernel.syncfs(self.fd)

    def flush_folder(self, place: Place) -> None:
        """Make the folder's listing durable."""
        with self.folder(place) as folder:
            try:
                os.fsync(folder)
            except OSError as exc:
                if exc.errno != errno.EINVAL:  # file systems without folder flush
                    raise


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
