"""Passwords: bcrypt over SHA-256, as dear as the box can afford, and never on the event loop.

bcrypt reads 72 bytes and stops at NUL, so it is given the base64 of a SHA-256: 44 characters, whatever was typed.
The cost is calibrated once on the device: a router must not need five seconds for a log-in.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import importlib.util
import time
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from syncd.errors import BadRequest, Busy, SyncError

P = ParamSpec("P")
T = TypeVar("T")

MIN_CHARACTERS = 8
MAX_CHARACTERS = 256
MAX_BYTES = 1024
COSTS = (10, 11, 12)
MAX_COST = 14  # a stored hash dearer than this would stop the box
TARGET_S = 0.5
QUEUE = 16


def check_password(password: str, least: int = MIN_CHARACTERS) -> str:
    """*password* if it may be set, having at least *least* characters; raises BadRequest with what to do instead."""
    try:
        size = len(password.encode())
    except UnicodeEncodeError as exc:
        raise BadRequest("a password must be valid Unicode") from exc
    if not least <= len(password) <= MAX_CHARACTERS or size > MAX_BYTES:
        raise BadRequest(f"a password has {least} to {MAX_CHARACTERS} characters")
    return password


def _prepared(password: str) -> bytes:
    normal = unicodedata.normalize("NFC", password).encode(errors="replace")
    return base64.b64encode(hashlib.sha256(normal).digest())


def _require_bcrypt() -> None:
    """Raise SyncError where it is not installed: a router has it from its feed, or not."""
    if importlib.util.find_spec("bcrypt") is None:
        raise SyncError("passwords need the Python package bcrypt, which is missing; syncd doctor says how to get it")


def _hash(password: str, cost: int) -> str:
    _require_bcrypt()
    import bcrypt  # only where passwords are used: a box of phones with keys never loads it

    return bcrypt.hashpw(_prepared(password), bcrypt.gensalt(cost)).decode("ascii")


def _matches(password: str, stored: str) -> bool:
    _require_bcrypt()
    import bcrypt

    if _cost(stored) > MAX_COST:
        return False
    return bcrypt.checkpw(_prepared(password), stored.encode("ascii"))


def _cost(stored: str) -> int:
    return int(stored.split("$")[2])


def _calibrate() -> int:
    """The highest cost that stays below half a second here."""
    began = time.thread_time()
    _hash("calibration", COSTS[0])
    once = time.thread_time() - began
    return max((cost for cost in COSTS if once * 2 ** (cost - COSTS[0]) <= TARGET_S), default=COSTS[0])


class Passwords:
    """Hashes and compares, one at a time; a short queue, then Busy."""

    def __init__(self, cost: int | None) -> None:
        self.cost = cost  # None: not calibrated yet
        self._thread: ThreadPoolExecutor | None = None
        self._queued = 0
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """A bcrypt hash of *password* at this box's cost."""
        return await self._run(_hash, password, await self.calibrated())

    async def matches(self, password: str, stored: str | None) -> bool:
        """Is it right? Takes as long for nobody (None) as for somebody, so that names cannot be tried out."""
        if stored is None:
            if self._decoy is None:
                self._decoy = await self.hash("nobody has this password")
            await self._run(_matches, password, self._decoy)
            return False
        return await self._run(_matches, password, stored)

    def wants_rehash(self, stored: str) -> bool:
        return self.cost is not None and _cost(stored) < self.cost

    async def calibrated(self) -> int:
        if self.cost is None:
            self.cost = await self._run(_calibrate)
        return self.cost

    async def _run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._queued >= QUEUE:
            raise Busy("too many log-ins at the same time; try again", retry_s=5)
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="bcrypt")
        self._queued += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(*args, **kwargs))
        finally:
            self._queued -= 1

    def close(self) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=True)
