"""The state directory: accounts and secrets, on the box itself, closed to everybody else."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syncd.errors import Conflict

CONTROL = "control.sock"  # where a running daemon takes the command line's wishes
_LOCK = "lock"


@contextmanager
def open_state(state: Path) -> Iterator[Path]:
    """The directory, made if need be (0700) and locked; raises Conflict while another syncd holds it."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(state / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise Conflict("another syncd is running on this state directory") from exc
        # Databases made from here on hold password hashes: nobody else reads them.
        before = os.umask(0o077)
        try:
            (state / "accounts.db").touch(mode=0o600)
        finally:
            os.umask(before)
        yield state
    finally:
        os.close(fd)
