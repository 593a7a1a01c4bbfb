"""From the wire to the handler and back: paths cleaned, hosts checked, errors rendered, one line of log.

Clients that cannot send a header carry their key in the path (`/k/<key>/upload`), and people type trailing slashes
(`//upload`). Both are settled before routing, without a redirect: the phone app follows none after a POST.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.typedefs import Middleware
from aiohttp.web_protocol import RequestHandler
from yarl import URL

from syncd.errors import BadRequest, NotFound, SyncError
from syncd.web.errors import MethodNotAllowed, Misdirected, Unsupported, headers_of, plain_text, status_of
from syncd.web.keys import KEY, PREFIXES, RENDERERS, Renderer

log = logging.getLogger(__name__)
access_log = logging.getLogger("syncd.access")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_KEYED = re.compile(r"/k/([^/]*)(/.*|)")
_SLASHES = re.compile(r"/{2,}")

# Names no stranger's DNS can point here: reserved for local use (RFC 6762, RFC 8375, OpenWrt's and routers' own).
_LOCAL_SUFFIXES = (".local", ".lan", ".home", ".internal", ".home.arpa", ".localhost")


def clean_target(target: str) -> tuple[str, str | None]:
    """A request target with slashes collapsed and the key taken out; and the key."""
    path, question, query = target.partition("?")
    path = _SLASHES.sub("/", path)
    keyed = _KEYED.fullmatch(path)
    if keyed is None:
        return path + question + query, None
    return (keyed[2] or "/") + question + query, keyed[1]


def request_factory(loop: asyncio.AbstractEventLoop) -> Callable[..., web.Request]:
    """Makes requests with their path cleaned; for aiohttp's server."""

    def make(
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> web.Request:
        key = None
        if "//" in message.path or message.path.startswith("/k/"):
            target, key = clean_target(message.path)
            message = message._replace(path=target, url=_url(target))
        request = web.Request(message, payload, protocol, writer, task, loop)
        if key is not None:
            request[KEY] = key
        return request

    return make


def _url(target: str) -> URL:
    path, _, query = target.partition("?")
    return URL.build(path=path, query_string=query, encoded=True)


def is_own_host(host: str, own: frozenset[str]) -> bool:
    """Does this box answer to *host* (the Host header)? Anything else may be a web page that rebinds DNS."""
    name = host.rpartition(":")[0] if re.search(r":\d*$", host) else host
    name = name.strip("[]").rstrip(".").lower()
    if name in own or (name and "." not in name and ":" not in name) or name.endswith(_LOCAL_SUFFIXES):
        return bool(re.fullmatch(r"[a-z0-9._-]+", name))
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def own_hosts(public_url: str, hosts: Iterable[str]) -> frozenset[str]:
    """The names of `[server] public_url` and `[server] hosts`."""
    public = urlsplit(public_url).hostname
    return frozenset(name.lower() for name in (*hosts, public or "") if name)


def front(own: frozenset[str]) -> Middleware:
    """The one middleware."""
    known: dict[str, bool] = {}  # the same few hosts are asked for again and again

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            host = request.headers.get("Host", "")
            if host not in known:
                if len(known) > 100:
                    known.clear()
                known[host] = is_own_host(host, own)
            if not known[host]:
                raise Misdirected("this server does not answer to that name; add it to [server] hosts")
            if "Content-Encoding" in request.headers:
                raise Unsupported("send the body without Content-Encoding")
            response = await handler(request)
        except (SyncError, web.HTTPException, HttpProcessingError, web.PayloadAccessError) as exc:
            response = _refusal(request, exc)
        except ConnectionError:
            raise
        except Exception:  # the last stop before the socket: our mistake is logged whole, and told without its insides
            response = _own_fault(request)
        if access_log.isEnabledFor(logging.DEBUG):
            access_log.debug("%s %s %r %d", request.remote, request.method, request.path, response.status)
        return response

    return middleware


def _refusal(request: web.Request, exc: Exception) -> web.StreamResponse:
    """What the client is told, in the form of the dialect that owns the route."""
    if isinstance(exc, web.HTTPException):
        return _routing(request, exc)
    if not isinstance(exc, SyncError):
        exc = BadRequest("the request's body is broken")
    if request.task.done() or request.transport is None:
        raise ConnectionResetError
    return render(request, exc)


def render(request: web.Request, exc: SyncError) -> web.Response:
    """*exc* as an answer."""
    renderer = _renderer(request)
    status = status_of(exc)
    if status == 500:
        log.error("%s %r: %s", request.method, request.path, exc, exc_info=exc)
    response = renderer(status, exc)
    response.headers.update(headers_of(exc))
    return response


def _renderer(request: web.Request) -> Renderer:
    """That of the dialect that owns the route, or such addresses."""
    route = request.app[RENDERERS].get(request.match_info.route)
    if route is not None:
        return route
    prefixes = request.app[PREFIXES].items()
    return next((render for prefix, render in prefixes if request.path.startswith(prefix)), plain_text)


def _routing(request: web.Request, exc: web.HTTPException) -> web.Response:
    if isinstance(exc, web.HTTPMethodNotAllowed):
        return render(request, MethodNotAllowed(", ".join(sorted(exc.allowed_methods))))
    if isinstance(exc, web.HTTPNotFound):
        return render(request, NotFound("there is nothing at this address"))
    return _renderer(request)(exc.status, BadRequest(exc.reason))


def _own_fault(request: web.Request) -> web.Response:
    """Our mistake: the log gets the traceback, the client a number to ask about."""
    number = secrets.token_hex(4)
    log.exception("%s %r failed (%s)", request.method, request.path, number)
    return _renderer(request)(500, SyncError(f"something went wrong here; the server's log has it under {number}"))
