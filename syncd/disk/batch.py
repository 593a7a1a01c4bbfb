"""Many renames in one hop: each folder is opened once, however many files go through it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

from syncd.disk import kernel
from syncd.disk.root import Place, Root


class Batch:
    """Renames and removals below a root, then one flush for every folder whose listing changed."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._open: dict[Place, int] = {}
        self._changed: set[Place] = set()
        self.made: list[Place] = []  # folders that were missing on the way to a place

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        for fd in self._open.values():
            os.close(fd)

    def _folder(self, place: Place, *, make: bool = False) -> int:
        fd = self._open.get(place)
        if fd is None:
            if make:
                changed = self._root.make_folders(place)
                self._changed.update(changed)
                self.made += (place[: len(above) + 1] for above in changed)
            fd = self._open[place] = self._root.open_folder(place)
        return fd

    def rename(self, source: Place, target: Place, *, note_source: bool = True) -> None:
        """Move a file to a free place, making its folder; FileExistsError if the place is not free.

        *note_source* False: the old folder needs no flush (staging is emptied at every start anyway).
        """
        old, new = self._folder(source[:-1]), self._folder(target[:-1], make=True)
        try:
            kernel.rename_noreplace(old, source[-1], new, target[-1])
        except OSError as exc:
            if exc.errno not in (errno.EINVAL, errno.ENOSYS):
                raise
            _rename_checked(old, source[-1], new, target[-1])
        self._changed.add(target[:-1])
        if note_source:
            self._changed.add(source[:-1])

    def make_folder(self, place: Place) -> None:
        """Make a folder; FileExistsError if the place is not free."""
        os.mkdir(place[-1], dir_fd=self._folder(place[:-1], make=True))
        self._changed.add(place[:-1])

    def remove_emptied(self, places: Iterable[Place]) -> None:
        """Remove these folders, in order, up to the first in which something is left."""
        for place in places:
            if not self._root.remove_folder(place):
                return
            self._changed.discard(place)
            self._changed.add(place[:-1])
            if (fd := self._open.pop(place, None)) is not None:
                os.close(fd)

    def remove_made(self, made: Sequence[Place]) -> None:
        """Remove folders that only a change needed which was taken back; those in which something is stay."""
        for place in reversed(made):
            self.remove_emptied((place,))

    def make_again(self, places: Sequence[Place]) -> None:
        """Undo `remove_emptied`."""
        for place in reversed(places):
            self._folder(place, make=True)

    def replace(self, source: Place, target: Place, aside: Place) -> None:
        """Put the file at *source* in the place of the one at *target*, which goes to *aside*.

        Whoever opens *target* meanwhile finds the one or the other, but for file systems that cannot swap names.
        """
        if not self._swap(source, target):
            self.rename(target, aside)
            self._or_else(lambda: self.rename(source, target, note_source=False), lambda: self.rename(aside, target))
            return
        self._changed.add(target[:-1])
        self._or_else(lambda: self.rename(source, aside, note_source=False), lambda: self._swap(source, target))

    def take_back(self, source: Place, target: Place, aside: Place) -> None:
        """Undo `replace`."""
        self.rename(aside, source)
        if not self._swap(source, target):
            self.rename(target, aside)
            self.rename(source, target)
            self.rename(aside, source)

    def _swap(self, one: Place, other: Place) -> bool:
        """Swap two files; False where the file system cannot."""
        try:
            kernel.rename_exchange(self._folder(one[:-1]), one[-1], self._folder(other[:-1]), other[-1])
        except OSError as exc:
            if exc.errno not in (errno.EINVAL, errno.ENOSYS):
                raise
            return False
        return True

    def _or_else(self, second: Callable[[], object], undo_first: Callable[[], object]) -> None:
        """The second half of a change; if it fails, the first is undone."""
        try:
            second()
        except OSError:
            undo_first()
            raise

    def unlink(self, place: Place) -> None:
        """Remove a file; one that is gone already is fine."""
        self._root.unlink(place)
        self._changed.add(place[:-1])

    def flush(self) -> None:
        """Make all changed listings durable."""
        for place in sorted(self._changed):
            try:
                os.fsync(self._folder(place))
            except OSError as exc:
                if exc.errno != errno.EINVAL:  # file systems without a flush of folders
                    raise


def _rename_checked(old: int, name: str, new: int, target: str) -> None:
    """FAT and FUSE cannot promise not to replace: look first. Only another program could slip in between."""
    try:
        os.stat(target, dir_fd=new, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(name, target, src_dir_fd=old, dst_dir_fd=new)
    else:
        raise FileExistsError(errno.EEXIST, "taken")
