"""Kernel calls the standard library lacks, through the C library, each with its fallback.

openat2(2)    a path below a folder, no symlink anywhere in it; since Linux 5.6
renameat2(2)  a rename that refuses to replace, or that swaps two names
fallocate(2)  room for a file that is still to come
syncfs(2)     one flush for many files; trustworthy about errors since Linux 5.8
"""

import ctypes
import errno
import os
import platform
from functools import lru_cache

_libc = ctypes.CDLL(None, use_errno=True)

# Calls added since 5.1 have one number everywhere but on MIPS, which offsets its tables.
_NR_OPENAT2 = None if platform.machine().startswith("mips") else 437
_NR_RENAMEAT2 = {
    "x86_64": 316,
    "aarch64": 276,
    "armv7l": 382,
    "armv8l": 382,
    "armv6l": 382,
    "i686": 353,
    "riscv64": 276,
}
# What a 32-bit program has to call itself on a 64-bit kernel, which answers for itself: Raspberry Pi OS comes so.
_NARROW = {"aarch64": "armv7l", "x86_64": "i686"}

_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_NO_SYMLINKS = 0x04
_RESOLVE_BENEATH = 0x08
_RENAME_NOREPLACE = 1
_RENAME_EXCHANGE = 2
_FALLOC_FL_KEEP_SIZE = 1
_SYNC_FILE_RANGE_WRITE = 2


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


_HOW_SIZE = ctypes.c_size_t(ctypes.sizeof(_OpenHow))


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def openat2(folder: int, path: str, flags: int) -> int:
    """Open *path* below the descriptor *folder*; ELOOP on a symlink, EXDEV on an escape, ENOSYS on old kernels."""
    if _NR_OPENAT2 is None:
        raise OSError(errno.ENOSYS, "openat2")
    return _check(_libc.syscall(_NR_OPENAT2, folder, os.fsencode(path), _how(flags), _HOW_SIZE))


@lru_cache
def _how(flags: int) -> object:
    """The kernel only reads it, so the few there are can be shared."""
    return ctypes.byref(_OpenHow(flags, 0, _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS | _RESOLVE_NO_MAGICLINKS))


def rename_noreplace(source: int, name: str, target: int, new: str) -> None:
    """Rename, EEXIST if *new* is taken; EINVAL or ENOSYS where kernel or file system cannot promise that."""
    _renameat2(source, name, target, new, _RENAME_NOREPLACE)


def rename_exchange(source: int, name: str, target: int, new: str) -> None:
    """Swap two names in one moment; EINVAL or ENOSYS where kernel or file system cannot."""
    _renameat2(source, name, target, new, _RENAME_EXCHANGE)


def renameat2_number(machine: str, bits: int) -> int | None:
    """The number of that call for a program of *bits* on the kernel of *machine*; None where it is not known."""
    if bits == 32:
        machine = _NARROW.get(machine, machine)
    return _NR_RENAMEAT2.get(machine)


def _renameat2(source: int, name: str, target: int, new: str, flags: int) -> None:
    number = renameat2_number(platform.machine(), 8 * ctypes.sizeof(ctypes.c_void_p))
    if number is None:
        raise OSError(errno.ENOSYS, "renameat2")
    _check(_libc.syscall(number, source, os.fsencode(name), target, os.fsencode(new), flags))


def allocate(descriptor: int, size: int) -> bool:
    """Set *size* bytes aside for an empty file; False where the file system cannot. Raises OSError (ENOSPC).

    Not os.posix_fallocate: where the file system lacks it, glibc writes zeros, which wears flash twice.
    """
    # Of glibc's two the plain one takes 32-bit sizes on a 32-bit system; musl has only one, with 64 bits.
    fallocate = getattr(_libc, "fallocate64", None) or getattr(_libc, "fallocate", None)
    if fallocate is None:
        return False
    try:
        _check(fallocate(descriptor, ctypes.c_int(_FALLOC_FL_KEEP_SIZE), ctypes.c_int64(0), ctypes.c_int64(size)))
    except OSError as exc:
        if exc.errno in (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):
            return False
        raise
    return True


def kernel_version() -> tuple[int, int]:
    major, minor = platform.release().split(".")[:2]
    return int(major), int("".join(ch for ch in minor if ch.isdigit()) or 0)


SYNCFS_REPORTS_ERRORS = kernel_version() >= (5, 8)


def syncfs(descriptor: int) -> None:
    """Flush the whole file system that holds *descriptor*."""
    _check(_libc.syncfs(descriptor))


def start_writeback(descriptor: int, offset: int, length: int) -> None:
    """Begin to write that range to the disk without waiting; a hint, so failure is silence."""
    if hasattr(_libc, "sync_file_range"):
        _libc.sync_file_range(
            descriptor, ctypes.c_int64(offset), ctypes.c_int64(length), ctypes.c_uint(_SYNC_FILE_RANGE_WRITE)
        )
