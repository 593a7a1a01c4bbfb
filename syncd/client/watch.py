"""inotify(7) through the C library: which paths below a folder were touched.

A file counts as touched when whoever wrote it closes it, and when it appears, goes or is renamed. What is written and
never closed (a log, a disk image) is found by the next walk.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x8, 0x40, 0x80, 0x100, 0x200
OVERFLOW, IGNORED, IS_FOLDER = 0x4000, 0x8000, 0x40000000
ONLY_FOLDERS, NO_SYMLINKS = 0x01000000, 0x02000000
WANTED = CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE | ONLY_FOLDERS | NO_SYMLINKS
_NAMELESS = re.compile("#[0-9]+")  # how the kernel calls a file of O_TMPFILE, also once it has got a name
_EVENT = struct.Struct("iIII")
_BUFFER = 256 * 1024  # bytes
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Touched:
    """Real names, as on the disk. *path* None: events were lost, everything may have changed."""

    path: str | None
    is_folder: bool = False
    is_new: bool = False  # it appeared here


class Watch:
    """Watches folders below *root*, each one on its own. Raises OSError where there is no inotify, or no more of it."""

    def __init__(self, root: Path, hides_folder: Callable[[str], bool]) -> None:
        if not hasattr(_libc, "inotify_init1"):
            raise OSError(errno.ENOSYS, "this system has no inotify")
        self._root = root
        self._hides_folder = hides_folder
        self.fd = _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._folder_of: dict[int, str] = {}
        self._watch_of: dict[str, int] = {}

    def close(self) -> None:
        os.close(self.fd)

    def add(self, folder: str) -> None:
        """Watch *folder* ('' is the root) and every folder below it."""
        waiting = [folder]
        while waiting:
            path = waiting.pop()
            if path and self._hides_folder(path):
                continue
            full = self._root / path
            try:
                number = _checked(_libc.inotify_add_watch(self.fd, os.fsencode(full), ctypes.c_uint32(WANTED)))
                self._note(number, path)
                with os.scandir(full) as entries:
                    waiting += [
                        f"{path}/{entry.name}" if path else entry.name
                        for entry in entries
                        if entry.is_dir(follow_symlinks=False)
                    ]
            except OSError as exc:
                if exc.errno in (errno.ENOSPC, errno.EMFILE, errno.ENOMEM):
                    raise  # no more watches: the caller walks instead
                # Otherwise it went away, or cannot be read; the walk tells of that.

    def _note(self, number: int, path: str) -> None:
        old = self._folder_of.get(number)
        if old is not None and self._watch_of.get(old) == number:
            del self._watch_of[old]
        self._folder_of[number] = path
        self._watch_of[path] = number

    def _drop(self, folder: str) -> None:
        """Forget *folder* and those below: they were moved, and their watches would tell old names."""
        gone = [path for path in self._watch_of if path == folder or path.startswith(folder + "/")]
        for path in gone:
            number = self._watch_of.pop(path)
            self._folder_of.pop(number, None)
            _libc.inotify_rm_watch(self.fd, number)

    def read(self) -> Iterator[Touched]:
        """What happened since the last call. New folders are watched from here on; raises OSError as add() does."""
        try:
            data = os.read(self.fd, _BUFFER)
        except BlockingIOError:
            return
        offset = 0
        while offset < len(data):
            number, mask, _, length = _EVENT.unpack_from(data, offset)
            offset += _EVENT.size
            name = os.fsdecode(data[offset : offset + length].rstrip(b"\0"))
            offset += length
            if mask & OVERFLOW:
                self.add("")  # new folders may be among what was lost
                yield Touched(None)
            elif mask & IGNORED:
                path = self._folder_of.pop(number, None)
                if path is not None and self._watch_of.get(path) == number:
                    del self._watch_of[path]
            elif number in self._folder_of and name:
                yield from self._touched(self._folder_of[number], name, mask)

    def _touched(self, folder: str, name: str, mask: int) -> Iterator[Touched]:
        path = f"{folder}/{name}" if folder else name
        if mask & IS_FOLDER:
            if mask & (MOVED_FROM | DELETE):
                self._drop(path)
            self.add(path)  # also when it went: two folders may have been exchanged
            yield Touched(path, is_folder=True, is_new=bool(mask & (MOVED_TO | CREATE)))
        elif mask & CLOSE_WRITE and _NAMELESS.fullmatch(name):
            yield Touched(None)
        elif not mask & CREATE or self._is_complete(path):
            yield Touched(path)

    def _is_complete(self, path: str) -> bool:
        """A file that was just made will be written and closed; a link, hard or symbolic, is all there is."""
        try:
            found = os.lstat(self._root / path)
        except OSError:
            return True
        return found.st_nlink > 1 or os.path.islink(self._root / path)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
