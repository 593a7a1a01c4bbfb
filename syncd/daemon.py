"""`syncd serve`: open in order, run the workers in one group, close in reverse.

A worker that dies stops the service, visibly. SIGTERM and SIGINT finish what is running (bounded); SIGHUP reads the
configuration again and takes over what can be changed while running.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import resource
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Protocol

from aiohttp import web

from syncd import __version__, lean, systemd
from syncd.app import make_app
from syncd.config import Address, Config, ConfigError
from syncd.core.core import Core
from syncd.core.feed import Feed
from syncd.errors import SyncError
from syncd.web.connections import Connection, House
from syncd.web.front import request_factory
from syncd.workers.control import Control
from syncd.workers.gallery import Gallery
from syncd.workers.media import MediaPool
from syncd.workers.sweeper import Sweeper
from syncd.workers.watch import Watch, summary

log = logging.getLogger(__name__)

BACKLOG = 512  # a phone opens hundreds of connections at the same moment
FINISH_S = 25  # what runs may finish after SIGTERM; procd and systemd kill later than this
CUT_S = 1
# IP_FREEBIND and IPV6_FREEBIND of ip(7), for which Python has no names.
_FREEBIND = {socket.AF_INET: (socket.IPPROTO_IP, 15, 1), socket.AF_INET6: (socket.IPPROTO_IPV6, 78, 1)}


def serve(load: Callable[[], Config]) -> int:
    """Run until SIGTERM or SIGINT; 0. *load* reads the configuration, again on SIGHUP.

    Raises SyncError when the service cannot start (and says what to do), ConfigError.
    """
    config = load()
    logging.basicConfig(level=config.server.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("aiosqlite").setLevel(logging.INFO)  # at debug it writes down every value, also of e-mails
    _raise_file_limit()
    lean.one_arena()
    asyncio.run(_serve(config, load))
    return 0


def _raise_file_limit() -> None:
    """Every connection and every download is a descriptor; routers start programs with 1024 of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 8192) if hard != resource.RLIM_INFINITY else 8192
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(config: Config, load: Callable[[], Config]) -> None:
    stop = asyncio.Event()
    async with Core.open(config) as core:
        pool = MediaPool(config.media, core.capacity.jobs)
        try:
            await _run(core, pool, load, stop)
        finally:
            await pool.close()


async def _run(core: Core, pool: MediaPool, load: Callable[[], Config], stop: asyncio.Event) -> None:
    feed, gallery, watch, house = Feed(core), Gallery(core, pool), Watch(core), House(core.capacity.connections)
    if await core.disk.run(core.volume.is_present):
        await core.mount()
        watch.mounted()
    else:
        log.error("the volume is not there; data requests get 503 until it is")
    control = Control(core, lambda: _status(core, pool, watch))
    with _signals(stop, lambda: _reload(core, load)):
        async with _listening(core, gallery, feed, house) as addresses:
            _announce(core, addresses)
            await _work(
                [pool, watch, gallery, Sweeper(core, feed), control, house, systemd.Watchdog(core.answer)], stop
            )
            systemd.notify("STOPPING=1")
        await gallery.close()


class Worker(Protocol):
    """A loop that ends only when it is cancelled."""

    async def run(self) -> None: ...


async def _work(workers: list[Worker], stop: asyncio.Event) -> None:
    """Run the workers until *stop*; the death of one ends them all and is raised."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(worker.run()) for worker in workers]
        await stop.wait()
        for task in tasks:
            task.cancel()


@asynccontextmanager
async def _listening(core: Core, gallery: Gallery, feed: Feed, house: House) -> AsyncIterator[list[str]]:
    """The web server on all addresses, which it yields; leaving finishes the requests that run, within a bound."""
    loop = asyncio.get_running_loop()
    runner = web.AppRunner(make_app(core.config, core, gallery, feed))
    await runner.setup()
    server = runner.server
    assert server is not None
    server.request_factory = request_factory(loop)
    server.request_handler = house.watched(server.request_handler)
    sockets = _sockets(core.config)
    addresses = [_written(sock) for sock in sockets]
    listeners = [
        await loop.create_server(lambda: Connection(house, server, loop), sock=sock, backlog=BACKLOG)
        for sock in sockets
    ]
    try:
        yield addresses
    finally:
        for listener in listeners:
            listener.close()
        feed.close()
        await house.drain(FINISH_S)
        await server.shutdown(CUT_S)
        await runner.cleanup()


def _sockets(config: Config) -> list[socket.socket]:
    """Those systemd hands over (LISTEN_FDS), else one for each address of `[server] listen`; raises SyncError."""
    return systemd.listen_sockets() or [_bound(address.host, address.port) for address in config.server.listen]


def _written(sock: socket.socket) -> str:
    """Where *sock* listens; one that was handed over may be no network's."""
    name = sock.getsockname()
    return str(Address(*name[:2])) if sock.family in (socket.AF_INET, socket.AF_INET6) else str(name)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            sock.bind((host, port))
        except OSError as exc:
            if exc.errno != errno.EADDRNOTAVAIL:
                raise
            # At the start of a box its network may come later than we do, and a manager gives up after some tries.
            sock.setsockopt(*_FREEBIND[family])
            sock.bind((host, port))
            log.warning("%s is no address of this box now; it is served once it is one", host)
    except OSError as exc:
        sock.close()
        raise SyncError(f"cannot listen on {host}:{port}: {exc.strerror}; change [server] listen") from exc
    return sock


def _status(core: Core, pool: MediaPool, watch: Watch) -> dict[str, object]:
    """What only the running daemon knows, for `syncd status`."""
    tools = ", ".join(name for name in ("ffmpeg", "exiftool", "pillow") if getattr(pool.tools, name))
    scanned = summary(watch.last_scan) if watch.last_scan is not None else "not yet"
    size = core.capacity
    sized = f"{size.memory >> 20} MiB of memory: {size.connections} connections, {size.uploads} uploads at once"
    return {"sandbox": pool.sandbox, "tools": tools or "none", "last scan": scanned, "sized for": sized}


@contextmanager
def _signals(stop: asyncio.Event, reload: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    handlers: dict[signal.Signals, Callable[[], None]] = {
        signal.SIGTERM: stop.set,
        signal.SIGINT: stop.set,
        signal.SIGHUP: reload,
    }
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)


def _announce(core: Core, addresses: list[str]) -> None:
    config = core.config
    shown = ", ".join(addresses)
    log.info("syncd %s serves %s on %s", __version__, config.storage.path, shown)
    if config.mobisync.access == "open":
        log.warning(
            "ANYBODY ON THIS NETWORK can read and add files: [mobisync] access = open."
            " Use token, and syncd device add, to change that"
        )
    lean.give_back()
    systemd.notify("READY=1")


def _reload(core: Core, load: Callable[[], Config]) -> None:
    """Take over what can change while running: all but where things are and how they are stored."""
    try:
        new = load()
    except ConfigError as exc:
        log.error("the configuration was not taken over:\n%s", exc)
        return
    kept = core.config
    if (replace(new.server, log_level=kept.server.log_level), new.storage, new.media, new.modules) != (
        *(kept.server, kept.storage, kept.media, kept.modules),
    ):
        log.warning("[server] (but for log_level), [storage], [media] and ways to sign in change at the next start")
    core.accounts.set_session_days(new.accounts.session_days)
    core.config = replace(
        new,
        server=kept.server,
        storage=kept.storage,
        media=kept.media,
        oidc=kept.oidc,
        github=kept.github,
        google=kept.google,
    )
    logging.getLogger().setLevel(new.server.log_level.upper())
    log.info("the configuration was read again")
