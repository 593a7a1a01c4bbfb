"""Thumbnails and previews by content hash: `.syncd/derived/ab/<hash>.<kind>`.

Made from the content alone, so a move, a restore or a duplicate costs nothing. They can all be deleted; so they are
not flushed, and one that a power cut left half-written is recognised by its missing end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Literal

from syncd.disk.root import Place, Root
from syncd.disk.volume import SERVICE_DIR

DERIVED: Place = (SERVICE_DIR, "derived")

Variant = Literal["png", "jpeg"]  # the thumbnail, the preview

_ENDS: dict[str, bytes] = {"png": b"IEND\xaeB`\x82", "jpeg": b"\xff\xd9"}


def _place(digest: bytes, variant: Variant) -> Place:
    name = digest.hex()
    return (*DERIVED, name[:2], f"{name}.{variant}")


def read(root: Root, digest: bytes, variant: Variant) -> bytes | None:
    """The picture, whole, or None."""
    try:
        fd = root.open_file(_place(digest, variant))
    except OSError:
        return None
    try:
        found = os.pread(fd, os.fstat(fd).st_size, 0)
    finally:
        os.close(fd)
    return found if found.endswith(_ENDS[variant]) else None


def write(root: Root, digest: bytes, variant: Variant, picture: bytes) -> None:
    """Keep *picture*; replaces what stood there."""
    place = _place(digest, variant)
    root.make_folders(place[:-1])
    with root.folder(place[:-1]) as folder:
        written = f"{place[-1]}.{os.urandom(4).hex()}.new"
        fd = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
        try:
            view = memoryview(picture)
            while view:
                view = view[os.write(fd, view) :]
        except OSError:
            os.unlink(written, dir_fd=folder)
            raise
        finally:
            os.close(fd)
        os.rename(written, place[-1], src_dir_fd=folder, dst_dir_fd=folder)


def forget(root: Root, digest: bytes) -> None:
    """Remove both pictures of a content."""
    for variant in ("png", "jpeg"):
        root.unlink(_place(digest, variant))


def digests(root: Root) -> Iterator[bytes]:
    """Every content that has a picture."""
    for shelf in root.names(DERIVED):
        for found in root.names((*DERIVED, shelf.name)):
            stem = found.name.partition(".")[0]
            if len(stem) == 64 and found.is_file:
                yield bytes.fromhex(stem)
