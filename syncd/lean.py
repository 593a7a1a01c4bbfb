"""Doing without what a small box need not load."""

from __future__ import annotations

import ctypes
import mimetypes
import os
import sys
from functools import cache


def without_ssl() -> None:
    """Make `import ssl` fail from now on, unless it has been imported already.

    The daemon speaks plain HTTP and leaves TLS to whatever stands in front of it, but asyncio and aiohttp import
    ssl when it is there, and with it comes OpenSSL: several MiB on a router that has 128. Both have always accepted
    a Python built without it, and None in sys.modules looks like one. Call this before anything imports asyncio.
    """
    sys.modules.setdefault("ssl", None)  # type: ignore[arg-type]  # None is how the import system spells "absent"


def allow_ssl() -> None:
    """Take without_ssl() back, for a library that cannot be imported without."""
    if sys.modules.get("ssl", sys) is None:
        del sys.modules["ssl"]


_MIME_FILES = tuple(mimetypes.knownfiles)


def without_mime_files() -> None:
    """Keep aiohttp from reading the system's lists of media types while it is imported (measured: 0.4 MiB)."""
    mimetypes.knownfiles = []


@cache
def mime_types() -> mimetypes.MimeTypes:
    """Python's list of media types and those of the system, read when somebody asks."""
    return mimetypes.MimeTypes([one for one in _MIME_FILES if os.path.isfile(one)])


_M_ARENA_MAX = -8  # mallopt(3)


def one_arena() -> None:
    """Have glibc keep one heap for all threads: each gets its own otherwise, and keeps what it once needed.

    Before the first thread. Another C library has no such thing, and needs none.
    """
    if hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Return to the system what was freed (measured, with one_arena: 0.7 MiB of 40 after the start)."""
    if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
