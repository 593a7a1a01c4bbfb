"""Bounds on connections: how many at once, and how long one may say nothing.

A full house never refuses the newest: it ends the connection that has been idle longest. Connections that are in the
middle of a request are never ended for that; when all are, the newest waits in the kernel's queue. There is no bound
per address: one phone asks for all of its thumbnails at the same moment.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from syncd import lean

log = logging.getLogger(__name__)

HEADERS_S = 30  # from the end of one request, or from connecting, to a whole next head
SWEEP_S = 5
TIDY_S = 30  # between two times that memory is given back while somebody is busy
LINE_BYTES = 16 << 10  # the longest path of a tree, every byte of it percent-encoded, and what stands around it
LINGER_S = 60  # a refused upload is read to its end for so long: the app reads no answer before it has sent all

_SILENT = logging.getLogger("syncd.aiohttp-access")  # the front writes the access log
_SILENT.disabled = True


Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Connection(RequestHandler):
    """aiohttp's protocol, with the times that the bounds need."""

    __slots__ = ("busy", "house", "quiet_since")

    def __init__(self, house: House, server: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=_SILENT,
            keepalive_timeout=HEADERS_S,
            lingering_time=LINGER_S,
            max_line_size=LINE_BYTES,
            auto_decompress=False,  # coded bodies are refused, so that none can unfold in memory
        )
        self.house = house
        self.busy = False
        self.quiet_since = time.monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.house.enter(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.house.leave(self)
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """A request that cannot be parsed is answered, not logged: its text may hold a key. Nor is a hang-up."""
        if isinstance(exc, ConnectionError):
            raise exc
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        response = web.Response(status=status, text="this is no request the server understands\n")
        response.force_close()
        return response


class House:
    """All open connections of the daemon."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._open: set[Connection] = set()
        self._closing = False
        self._busy = 0
        self._most_busy = 0  # at once, since memory was given back
        self._given_back = time.monotonic()
        self._left = asyncio.Event()

    def enter(self, connection: Connection) -> None:
        self._open.add(connection)
        if len(self._open) > self.most:
            idle = [one for one in self._open if not one.busy and one is not connection]
            if idle:
                self._end(min(idle, key=lambda one: one.quiet_since))

    def leave(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._left.set()

    def _end(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection.transport is not None:
            connection.transport.close()

    async def run(self) -> None:
        """End connections that say nothing, and give memory back after a crowd has left; for ever."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self._tidy()
            limit = time.monotonic() - HEADERS_S
            for connection in [one for one in self._open if not one.busy and one.quiet_since < limit]:
                self._end(connection)

    def _tidy(self) -> None:
        """What twenty uploads needed stays with the C library otherwise (measured: 16 to 26 MiB).

        Computers that wait for changes are busy all the time, so nobody waits until nobody is.
        """
        now = time.monotonic()
        if self._busy < self._most_busy and (not self._busy or now - self._given_back >= TIDY_S):
            self._most_busy, self._given_back = self._busy, now
            lean.give_back()

    async def drain(self, seconds: float) -> None:
        """Let the requests that run finish, within a bound; connections that say nothing are ended at once.

        aiohttp's own shutdown reads no more of a body that is still coming in, so an upload would be lost.
        """
        self._closing = True
        for connection in [one for one in self._open if not one.busy]:
            self._end(connection)
        try:
            async with asyncio.timeout(seconds):
                while self._open:
                    self._left.clear()
                    await self._left.wait()
        except TimeoutError:
            log.warning("%d requests took too long and are cut off", len(self._open))

    def watched(self, handler: Handler) -> Handler:
        """*handler*, with its connection marked busy while it works."""

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            connection = request.protocol
            assert isinstance(connection, Connection)
            connection.busy = True
            self._busy += 1
            self._most_busy = max(self._most_busy, self._busy)
            try:
                response = await handler(request)
                if self._closing:
                    response.force_close()
                return response
            finally:
                self._busy -= 1
                connection.busy = False
                connection.quiet_since = time.monotonic()

        return handle
