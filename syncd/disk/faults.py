"""What the disk says, in our words. The errno decides, never the text (reliability: errno map)."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from syncd.errors import (
    BadName,
    Busy,
    Conflict,
    Forbidden,
    NotFound,
    StorageFailed,
    StorageFull,
    SyncError,
    TooLarge,
    VolumeUnavailable,
)

_FULL = "the disk is full; make room or empty the trash"
_GONE = "the disk is not there; connect it again"
_MISSING = "there is no such file"
_LINK = "a link stands in that path; links are not followed"
_NAME = "the disk cannot store that name"
_BUSY = "the server has too many files open; try again"

_FAULTS: dict[int, tuple[type[SyncError], str]] = {
    errno.ENOSPC: (StorageFull, _FULL),
    errno.EDQUOT: (StorageFull, _FULL),
    errno.EROFS: (VolumeUnavailable, "the disk is read-only"),
    errno.EIO: (StorageFailed, "the disk reports errors; look at it before going on"),
    errno.ENODEV: (VolumeUnavailable, _GONE),
    errno.ENXIO: (VolumeUnavailable, _GONE),
    errno.ESTALE: (VolumeUnavailable, _GONE),
    errno.ENOTCONN: (VolumeUnavailable, _GONE),
    errno.EMFILE: (Busy, _BUSY),
    errno.ENFILE: (Busy, _BUSY),
    errno.ENOMEM: (Busy, _BUSY),
    errno.ENAMETOOLONG: (BadName, _NAME),
    errno.EINVAL: (BadName, _NAME),
    errno.EILSEQ: (BadName, _NAME),
    errno.EEXIST: (Conflict, "the place is taken"),
    errno.ENOTEMPTY: (Conflict, "the folder is not empty"),
    errno.ENOENT: (NotFound, _MISSING),
    errno.ENOTDIR: (NotFound, _MISSING),
    errno.EISDIR: (NotFound, _MISSING),
    errno.EACCES: (Forbidden, "the server may not touch that file"),
    errno.EPERM: (Forbidden, "the server may not touch that file"),
    errno.ELOOP: (BadName, _LINK),
    errno.EXDEV: (BadName, _LINK),
    errno.EFBIG: (TooLarge, "the disk's file system takes no file this large"),
}


def translate(exc: OSError) -> SyncError:
    """The SyncError that *exc* means; an errno nobody thought of is a StorageFailed."""
    kind, text = _FAULTS.get(exc.errno or 0, (StorageFailed, "the disk answered an unexpected error"))
    return kind(text)


@contextmanager
def translated() -> Iterator[None]:
    """Run system calls on user files; their OSErrors leave as SyncErrors."""
    try:
        yield
    except OSError as exc:
        raise translate(exc) from exc
