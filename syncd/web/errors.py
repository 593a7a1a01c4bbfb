"""One table from what went wrong to a status."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from syncd import errors
from syncd.errors import SyncError


class PreconditionFailed(SyncError):
    """If-Match or If-Unmodified-Since does not hold."""

    code = "precondition_failed"


class Misdirected(SyncError):
    """A Host this box does not answer to: DNS rebinding, or a name missing in `[server] hosts`."""

    code = "misdirected"


class MethodNotAllowed(SyncError):
    """*allowed* are the methods that the address takes."""

    code = "method_not_allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__(f"use {allowed} here")
        self.allowed = allowed


class Unsupported(SyncError):
    """A content coding; bodies are taken as they are."""

    code = "unsupported"


STATUS: dict[type[SyncError], HTTPStatus] = {
    SyncError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.BadRequest: HTTPStatus.BAD_REQUEST,
    errors.NotMedia: HTTPStatus.BAD_REQUEST,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.Expired: HTTPStatus.GONE,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Unsupported: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Misdirected: HTTPStatus.MISDIRECTED_REQUEST,
    errors.TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    errors.TooManySessions: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageFailed: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.VolumeUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.IndexBroken: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageFull: HTTPStatus.INSUFFICIENT_STORAGE,
}


def status_of(exc: SyncError) -> HTTPStatus:
    """The status of the nearest class that has one."""
    return next(STATUS[kind] for kind in type(exc).__mro__ if kind in STATUS)


def headers_of(exc: SyncError) -> dict[str, str]:
    """Retry-After where waiting helps, WWW-Authenticate where a token does, Allow where another method does."""
    if isinstance(exc, MethodNotAllowed):
        return {"Allow": exc.allowed}
    retry_s = getattr(exc, "retry_s", None)
    if retry_s is not None:
        return {"Retry-After": str(retry_s)}
    return {"WWW-Authenticate": "Bearer"} if isinstance(exc, errors.Unauthenticated) else {}


def plain_text(status: int, exc: SyncError) -> web.Response:
    """The answer of a route whose dialect has no form of its own."""
    return web.Response(status=status, text=f"{exc.text}\n", headers={"X-Content-Type-Options": "nosniff"})
