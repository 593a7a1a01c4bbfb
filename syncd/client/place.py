"""Putting files in their place, without ever overwriting or removing what was not judged.

A file is prepared in `.syncd/tmp/` and renamed. Where something stands already the two are exchanged in one moment
(renameat2(2)), and what came out is compared with what was judged: if somebody saved in between, they are exchanged
back. Where the kernel or the file system cannot do that, it is compared just before instead.
What is on its way out is called `swap-…` in `.syncd/tmp/`; rescue() looks at those a killed client left.
"""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import stat
from collections.abc import Callable, Collection
from pathlib import Path

from syncd.client.folder import OPEN_FOLDER, Folder, Gap, Stat
from syncd.client.names import parents
from syncd.client.trouble import Blocked, Changed

SWAP = "swap-"
_NOREPLACE, _EXCHANGE = 1, 2
_CANNOT = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
_libc = ctypes.CDLL(None, use_errno=True)


def put(folder: Folder, name: str, path: str, judged: Stat | None) -> Stat:
    """Make the file *name* of `.syncd/tmp/` stand at *path*, where *judged* stood, or nothing.

    Returns how it was put there. Raises Changed when something else stands there; then nothing was done.
    """
    with folder.parent(path, create=True) as (parent, target):
        ours = _stat(folder.tmp_fd, name)
        if judged is None:
            _rename_free(folder.tmp_fd, name, parent, target)
        else:
            _replace(folder.tmp_fd, name, parent, target, judged)
        os.fsync(parent)
        return _as_put(parent, target, ours)


def rename(folder: Folder, path: str, judged: Stat, new: str) -> Stat:
    """Rename the file *judged* from *path* to *new*, where nothing may stand; raises Changed, having done nothing."""
    with folder.parent(path) as (source, name), folder.parent(new, create=True) as (parent, target):
        before = _stat(source, name)
        if not before.same_file(judged):
            raise Changed("another file was saved there meanwhile")
        _rename_free(source, name, parent, target)
        os.fsync(parent)
        os.fsync(source)
        return _as_put(parent, target, judged)


def remove(folder: Folder, path: str, judged: Stat, stays: Collection[str] = ()) -> None:
    """Remove the file *judged*, and the folders that this leaves empty, as prune() does.

    Raises Changed, having done nothing.
    """
    with folder.parent(path) as (parent, name):
        out = SWAP + secrets.token_hex(8)
        _rename_free(parent, name, folder.tmp_fd, out)
        if not Stat.of(os.stat(out, dir_fd=folder.tmp_fd, follow_symlinks=False)).same_file(judged):
            _rename_free(folder.tmp_fd, out, parent, name)
            raise Changed("another file was saved there meanwhile")
        os.unlink(out, dir_fd=folder.tmp_fd)
        os.fsync(parent)
    prune(folder, path, stays)


def prune(folder: Folder, path: str, stays: Collection[str] = ()) -> None:
    """Remove the folders that *path* lay in, as far as they are empty, but for those that are to stay."""
    for above in parents(path):
        try:
            if above in stays or not drop(folder, above):
                return
        except OSError:
            return


def drop(folder: Folder, path: str) -> bool:
    """Remove the folder *path*; False, having done nothing, when anything is in it. Raises OSError."""
    try:
        with folder.parent(path) as (parent, name):
            os.rmdir(name, dir_fd=parent)
            os.fsync(parent)
    except OSError as exc:
        if exc.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        if exc.errno != errno.ENOENT:
            raise
    return True


def make(folder: Folder, path: str) -> None:
    """Have the folder *path* here; raises OSError, FileExistsError when something else stands there."""
    with folder.parent(path, create=True) as (parent, name):
        try:
            os.mkdir(name, dir_fd=parent)
        except FileExistsError:
            if not stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
                raise
        os.fsync(parent)


def clear_way(folder: Folder, path: str) -> None:
    """Remove a folder where a file is to stand, and the folders in it; raises Blocked when there is anything else."""
    try:
        with folder.parent(path) as (parent, name):
            _remove_empty(parent, name)
    except OSError as exc:
        raise Blocked(f"{Gap.FOLDER.value} that is not empty") from exc


def _remove_empty(parent: int, name: str) -> None:
    fd = os.open(name, OPEN_FOLDER, dir_fd=parent)
    try:
        for inner in os.listdir(fd):
            _remove_empty(fd, inner)
    finally:
        os.close(fd)
    os.rmdir(name, dir_fd=parent)


def rescue(folder: Folder, is_known: Callable[[Path], bool]) -> list[str]:
    """Put what a killed client had in its hands back into the folder, unless *is_known*; returns the paths."""
    saved = []
    for entry in sorted((folder.own / "tmp").iterdir()):
        if entry.name.startswith(SWAP):
            if not is_known(entry):
                path = f"rescued-{entry.name.removeprefix(SWAP)}"
                _rename_free(folder.tmp_fd, entry.name, folder.fd, path)
                saved.append(path)
            else:
                entry.unlink()
    return saved


def _stat(parent: int, name: str) -> Stat:
    try:
        return Stat.of(os.stat(name, dir_fd=parent, follow_symlinks=False))
    except FileNotFoundError as exc:
        raise Changed("it was removed meanwhile") from exc


def _as_put(parent: int, name: str, ours: Stat) -> Stat:
    """How *ours* lies there as *name*. If somebody has saved there this moment, how it was before: so theirs is
    another version for whoever compares, and never ours, however old it is. The same if somebody has removed it: that
    is a deletion like any other, and not a file that is still to come."""
    try:
        found = _stat(parent, name)
    except Changed:
        return ours
    return found if found.same_file(ours) else ours


def _replace(tmp: int, name: str, parent: int, target: str, judged: Stat) -> None:
    out = SWAP + secrets.token_hex(8)
    os.rename(name, out, src_dir_fd=tmp, dst_dir_fd=tmp)
    ours = os.stat(out, dir_fd=tmp).st_ino
    try:
        _swap(tmp, out, parent, target, judged)
    except Changed:
        if os.stat(out, dir_fd=tmp, follow_symlinks=False).st_ino != ours:
            # It was saved once more before they were exchanged back: the later one belongs there. What comes out
            # now was overwritten by a person; rescue() finds it.
            _renameat2(tmp, out, parent, target, _EXCHANGE)
        else:
            os.rename(out, name, src_dir_fd=tmp, dst_dir_fd=tmp)
        raise


def _swap(tmp: int, out: str, parent: int, target: str, judged: Stat) -> None:
    try:
        _renameat2(tmp, out, parent, target, _EXCHANGE)
    except FileNotFoundError as exc:
        raise Changed("it was removed meanwhile") from exc
    except OSError as exc:
        if exc.errno not in _CANNOT:
            raise
        if not Stat.of(os.stat(target, dir_fd=parent, follow_symlinks=False)).same_file(judged):
            raise Changed("it was saved meanwhile") from exc
        os.replace(out, target, src_dir_fd=tmp, dst_dir_fd=parent)
        return
    if not Stat.of(os.stat(out, dir_fd=tmp, follow_symlinks=False)).same_file(judged):
        _renameat2(tmp, out, parent, target, _EXCHANGE)
        raise Changed("it was saved meanwhile")
    os.unlink(out, dir_fd=tmp)


def _rename_free(source: int, name: str, parent: int, target: str) -> None:
    """Rename; raises Changed when *target* is taken, or *name* gone."""
    try:
        try:
            _renameat2(source, name, parent, target, _NOREPLACE)
        except OSError as exc:
            if exc.errno not in _CANNOT:
                raise
            _link_free(source, name, parent, target)
    except FileExistsError as exc:
        raise Changed("something stands there meanwhile") from exc
    except FileNotFoundError as exc:
        raise Changed("it was removed meanwhile") from exc


def _link_free(source: int, name: str, parent: int, target: str) -> None:
    try:
        os.link(name, target, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
        os.unlink(name, dir_fd=source)
    except PermissionError as exc:  # FAT has no links
        try:
            os.stat(target, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            os.rename(name, target, src_dir_fd=source, dst_dir_fd=parent)
            return
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from exc


def _renameat2(source: int, name: str, parent: int, target: str, flags: int) -> None:
    if not hasattr(_libc, "renameat2"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if _libc.renameat2(source, os.fsencode(name), parent, os.fsencode(target), ctypes.c_uint(flags)) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)
