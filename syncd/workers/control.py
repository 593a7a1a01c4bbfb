"""Takes the command line's wishes over a Unix socket in the state directory, while the daemon holds the databases.

    -> {"wish": "AddUser", "arguments": {"name": "anna", "password": null}}      one line
    <- {"progress": "..."}                                                       as often as there is something
    <- {}                                                                        still at it
    <- {"result": ...}  or  {"error": "not_found", "text": "..."}                the end

Whoever can open the socket (0600, in a folder of 0700) may do everything. A caller that hangs up ends what only
serves its answer, a check or a scan; everything else is done to its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from syncd.core.admin import kind_of
from syncd.core.admin.wish import Disk, Ground, Wish, decode, encode
from syncd.core.core import Core
from syncd.disk.state import CONTROL
from syncd.errors import BadRequest, Busy, SyncError

log = logging.getLogger(__name__)

LINE_BYTES = 65_536
REQUEST_S = 10  # how long the one line of a request may take
BEAT_S = 10  # a sign of life this often
FINISH_S = 15  # what runs may finish when the daemon ends
CALLERS = 16
UNSENT_BYTES = 65_536  # a caller that does not read gets no more progress than this


class Control:
    """The worker that grants wishes; *status* is what the daemon says of itself."""

    def __init__(self, core: Core, status: Callable[[], dict[str, object]] = dict) -> None:
        self._core = core
        self._status = status
        self._granting: dict[asyncio.Task[object], Wish[object]] = {}
        self._talks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Listen until cancelled; then finish, within a bound, what must not be left half-done."""
        try:
            with listening(self._core.config.server.state) as sock:
                server = await asyncio.start_unix_server(self._talk, sock=sock, limit=LINE_BYTES)
                try:
                    await asyncio.get_running_loop().create_future()  # serve_forever would wait for the callers
                finally:
                    server.close()
                    await self._finish()
        except OSError as exc:
            log.error("the command line cannot reach this daemon: %s in [server] state: %s", CONTROL, exc.strerror)

    async def _finish(self) -> None:
        for task, wish in self._granting.items():
            if wish.ends_with_caller:
                task.cancel()
        if self._talks:
            _, late = await asyncio.wait(self._talks, timeout=FINISH_S)
            for talk in late:
                talk.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One caller: its wish, and the answer."""
        me = asyncio.current_task()
        assert me is not None
        self._talks.add(me)
        try:
            _say(writer, await self._answer(reader, writer))
            async with asyncio.timeout(REQUEST_S):
                await writer.drain()
        except (OSError, TimeoutError):
            log.debug("a caller left before its answer")
        finally:
            self._talks.discard(me)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> dict[str, object]:
        try:
            if len(self._talks) > CALLERS:
                raise Busy("too many commands at the same time; try again")
            wish = await _read_wish(reader)
            if wish.is_long and any(other.is_long for other in self._granting.values()):
                raise Busy("a scan, check or rebuild is running already; wait until it has ended")
            return {"result": encode(await self._grant(wish, reader, writer))}
        except SyncError as exc:
            return {"error": exc.code, "text": exc.text}
        except asyncio.CancelledError:
            return {"error": "cancelled", "text": "the daemon was told to stop; run the command again"}
        except Exception:  # the caller is told, with the log; the daemon serves on
            log.exception("a wish of the command line failed")
            return {"error": SyncError.code, "text": SyncError().text}

    async def _grant(self, wish: Wish[object], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> object:
        ground = Ground(self._core, lambda line: _say(writer, {"progress": line}), self._status)
        if wish.disk is Disk.NEEDED:
            with self._core.use():
                pass  # raises while there is no disk
        task = asyncio.ensure_future(wish.grant(ground))
        self._granting[task] = wish
        hung_up = asyncio.ensure_future(reader.read(1))
        try:
            while not task.done() and not hung_up.done():
                await asyncio.wait({task, hung_up}, timeout=BEAT_S, return_when=asyncio.FIRST_COMPLETED)
                _say(writer, {})
            if not task.done() and wish.ends_with_caller:
                task.cancel()
            return await task
        finally:
            task.cancel()
            hung_up.cancel()
            del self._granting[task]


async def _read_wish(reader: asyncio.StreamReader) -> Wish[object]:
    """The wish in the next line; raises BadRequest."""
    try:
        async with asyncio.timeout(REQUEST_S):
            line = await reader.readline()
        request = json.loads(line)
        kind, arguments = kind_of(request["wish"]), request["arguments"]
    except TimeoutError as exc:
        raise BadRequest("no wish came in time") from exc
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise BadRequest("no wish this version knows; is the daemon of another version? Restart it") from exc
    wish = decode(kind, arguments, "arguments")
    assert isinstance(wish, Wish)
    return wish


def _say(writer: asyncio.StreamWriter, message: dict[str, object]) -> None:
    is_final = "result" in message or "error" in message
    if is_final or writer.transport.get_write_buffer_size() < UNSENT_BYTES:
        writer.write(json.dumps(message).encode() + b"\n")


@contextmanager
def listening(state: Path) -> Iterator[socket.socket]:
    """A socket bound in *state*, for its owner alone, and removed at the end; raises OSError.

    Addressed through the folder's descriptor: a socket's path may be 107 bytes, a folder's may be longer. One that a
    killed daemon left is removed: the lock of the folder says that nobody listens on it.
    """
    folder = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(CONTROL, dir_fd=folder)
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(f"/proc/self/fd/{folder}/{CONTROL}")
            os.chmod(CONTROL, 0o600, dir_fd=folder)
            try:
                yield sock
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(CONTROL, dir_fd=folder)
    finally:
        os.close(folder)
