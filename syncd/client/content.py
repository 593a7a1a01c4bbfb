"""What is in a file: its hash, and the hashes of its blocks, in one read."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.client.trouble import Changed

if TYPE_CHECKING:
    from hashlib import _Hash as Hash  # what hashlib.sha256() gives has no public name

MIB = 1024 * 1024
SMALL = 4 * MIB  # bytes; up to this a file goes in one request
PIECE = 256 * 1024  # bytes held in memory at a time
LARGE = 1024 * MIB  # bytes; above, blocks are larger so that their list stays short


@dataclass(frozen=True, slots=True)
class Content:
    """A file's hash and those of its blocks (none for a small file); 64 hex digits each."""

    hash: str
    blocks: tuple[str, ...]


class Stopped(Exception):
    """The program is about to end; a long read gives up."""


def chunk_size(size: int) -> int:
    """Bytes in a block of a file of *size*: what an edit of one byte costs on the network."""
    return MIB if size <= LARGE else 4 * MIB


def read(descriptor: int, offset: int, length: int) -> Iterator[bytes]:
    """Exactly *length* bytes from *offset*, in pieces; raises Changed when the file is shorter now."""
    while length:
        piece = os.pread(descriptor, min(PIECE, length), offset)
        if not piece:
            raise Changed("the file became shorter while it was read")
        offset += len(piece)
        length -= len(piece)
        yield piece


def block_hashes(
    descriptor: int, size: int, block: int, stop: threading.Event, whole: Hash | None = None
) -> Iterator[str]:
    """The hash of each *block* bytes of the first *size*, all of which *whole* gets, too; raises Changed, Stopped."""
    for offset in range(0, size, block):
        if stop.is_set():
            raise Stopped
        digest = hashlib.sha256()
        for piece in read(descriptor, offset, min(block, size - offset)):
            digest.update(piece)
            if whole is not None:
                whole.update(piece)
        yield digest.hexdigest()


def measure(descriptor: int, size: int, stop: threading.Event) -> Content:
    """The content of an open file of *size* bytes; raises Changed when it is shorter, Stopped when *stop* is set."""
    whole = hashlib.sha256()
    if size <= SMALL:
        for piece in read(descriptor, 0, size):
            whole.update(piece)
        return Content(whole.hexdigest(), ())
    blocks = tuple(block_hashes(descriptor, size, chunk_size(size), stop, whole))
    return Content(whole.hexdigest(), blocks)
