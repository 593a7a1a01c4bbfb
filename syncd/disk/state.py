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
_SIGNING_KEY = "signing.key"
_KEY_BYTES = 32


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


def signing_key(state: Path) -> bytes:
    """The key that signs tokens; made at the first start, readable by nobody else."""
    path = state / _SIGNING_KEY
    try:
        return bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        pass
    key = os.urandom(_KEY_BYTES)
    written = path.with_suffix(".new")
    fd = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(fd, "w", encoding="ascii") as out:
        out.write(f"{key.hex()}\n")
        out.flush()
        os.fsync(out.fileno())
    written.rename(path)
    return key
