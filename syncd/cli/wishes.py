"""How a verb gets its wish granted: by the daemon if one runs, else right here.

Exactly one process ever writes the databases. The lock on the state directory tells which: a daemon that holds it
listens on the control socket.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import IO, TypeVar, cast

from syncd.config import Config
from syncd.core.admin.wish import Disk, Ground, Wish, answer_type, decode, encode
from syncd.core.core import ACCOUNTS, Core
from syncd.disk.state import CONTROL
from syncd.errors import Conflict, StorageFull, SyncError, VolumeUnavailable

R = TypeVar("R")

SILENCE_S = 60  # the daemon gives a sign of life every ten
PATIENCE_S = 10  # a daemon that just starts or ends holds the lock, and does not listen
POLL_S = 0.1


def granted(config: Config, wish: Wish[R]) -> R:
    """What comes of *wish*; raises SyncError with a text for the person who asked."""
    state = config.server.state
    _require_state(state)
    deadline = time.monotonic() + PATIENCE_S
    while True:
        daemon = reach(state)
        if daemon is not None:
            with daemon:
                return _asked(daemon, wish)
        try:
            return asyncio.run(_here(config, wish))
        except _Locked as exc:
            if time.monotonic() > deadline:
                raise Conflict(
                    f"another syncd holds {state} and does not answer; end it, or wait until it has ended"
                ) from exc
            time.sleep(POLL_S)


class _Locked(Exception):
    """Another process holds the state directory."""


def _require_state(state: Path) -> None:
    """Raise before anything is made in a place where nothing was set up, or that is somebody else's."""
    try:
        is_there = (state / ACCOUNTS).exists()
    except PermissionError:
        is_there = True
    if not is_there:
        raise SyncError(f"nothing is set up in {state}. Is that the right [server] state? Then run: syncd init")
    if not os.access(state / ACCOUNTS, os.R_OK | os.W_OK):
        raise SyncError(f"{state} belongs to another user; run this as root, or as the user that syncd runs as")


def reach(state: Path) -> socket.socket | None:
    """A connection to the daemon of *state*; None when none listens. Raises SyncError for one of somebody else."""
    try:
        folder = os.open(state, os.O_PATH | os.O_DIRECTORY)
    except OSError:
        return None
    daemon = socket.socket(socket.AF_UNIX)
    try:
        # Through the descriptor: see listening() in workers/control.py.
        daemon.connect(f"/proc/self/fd/{folder}/{CONTROL}")
    except PermissionError as exc:
        daemon.close()
        raise SyncError(
            f"{state} belongs to another user; run this as root, or as the user that syncd runs as"
        ) from exc
    except OSError:
        daemon.close()
        return None
    finally:
        os.close(folder)
    daemon.settimeout(SILENCE_S)
    return daemon


def _asked(daemon: socket.socket, wish: Wish[R]) -> R:
    request = {"wish": type(wish).__name__, "arguments": encode(wish)}
    try:
        daemon.sendall(json.dumps(request).encode() + b"\n")
        with daemon.makefile("rb") as answers:
            final = _final(answers)
    except OSError as exc:
        raise SyncError("the daemon went silent; look into its log, and try again") from exc
    if "error" in final:
        raise SyncError(str(final["text"]))
    # decode() has checked what the annotation of grant() says, and that is R.
    return cast(R, decode(answer_type(type(wish)), final["result"], "the answer"))


def _final(answers: IO[bytes]) -> dict[str, object]:
    """The last line; those before it are progress."""
    for line in answers:
        message: dict[str, object] = json.loads(line)
        if "result" in message or "error" in message:
            progress_ends()
            return message
        if "progress" in message:
            progress(str(message["progress"]))
    raise SyncError("the daemon ended before it answered; look into its log, and try again")


async def _here(config: Config, wish: Wish[R]) -> R:
    try:
        opening = Core.open(config)
        core = await opening.__aenter__()
    except Conflict as exc:
        raise _Locked from exc
    try:
        await _mount_for(core, wish.disk)
        return await wish.grant(Ground(core, progress))
    finally:
        progress_ends()
        await opening.__aexit__(None, None, None)


async def _mount_for(core: Core, disk: Disk) -> None:
    if disk is Disk.UNUSED:
        return
    try:
        await core.disk.run(core.volume.require_present)
        await core.mount()
    except (VolumeUnavailable, StorageFull):
        if disk is Disk.NEEDED:
            raise


def progress(line: str) -> None:
    """Show how far it is, beside the results: on a terminal one line that changes."""
    if sys.stderr.isatty():
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
        print(f"\r\x1b[K{line[: columns - 1]}", end="", file=sys.stderr, flush=True)
    else:
        print(line, file=sys.stderr, flush=True)


def progress_ends() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
