"""To another service and back: signing in with an account there, and linking one."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from aiohttp import web

from syncd.core.signin.failure import SignInFailed, Why
from syncd.core.signin.profile import Profile
from syncd.core.signin.services import Answer, title_of
from syncd.core.signin.tickets import GOOD_FOR_S, Ticket
from syncd.dialects.signin.entrance import welcome
from syncd.dialects.signin.frame import HEADERS, go, small
from syncd.dialects.signin.html import el
from syncd.errors import Conflict, NotFound, Unauthenticated, VolumeUnavailable
from syncd.model import User
from syncd.web.cookies import TICKET, cookie_of, put_cookie, session_of, signed_form
from syncd.web.keys import CORE
from syncd.web.outgoing import Asking

log = logging.getLogger(__name__)

AGAIN = "again"  # sent on once already: a proxy that hides the name it was called by must not make a circle


def _module(request: web.Request, name: str) -> str:
    """*name*, if it is a module that is on; raises NotFound."""
    if name not in request.app[CORE].signin.modules:
        raise NotFound("there is no such way to sign in here")
    return name


async def login(request: web.Request) -> web.Response:
    """302 to the service, with a ticket in a cookie; 303 to the sign-in page when that cannot be."""
    core, name = request.app[CORE], _module(request, request.match_info["module"])
    if not _is_at_public_url(request) and AGAIN not in request.query:
        return go(f"{core.config.server.public_url}/login/{name}?{AGAIN}")
    try:
        async with Asking() as out:
            place, ticket = await core.signin.begin(name, out)
    except SignInFailed as exc:
        return _failed("/", name, exc)
    response = web.Response(status=302, headers={**HEADERS, "Location": place})
    put_cookie(request, response, TICKET, ticket, GOOD_FOR_S)
    return response


def _is_at_public_url(request: web.Request) -> bool:
    """Services send people back to `public_url`: the cookie has to be of that host."""
    public = urlsplit(request.app[CORE].config.server.public_url).netloc.lower()
    return request.headers.get("Host", "").lower() == public


async def link(request: web.Request) -> web.Response:
    """A page that goes on to the service, to link the account that somebody has there.

    Not a redirect: `form-action 'self'` holds for where a form is redirected to as well.
    """
    try:
        form = await signed_form(request)
    except Unauthenticated:
        return go("/?why=signed-out")
    core, name = request.app[CORE], _module(request, form.text("module"))
    if not _is_at_public_url(request):
        return go("/dashboard?why=elsewhere")
    try:
        async with Asking() as out:
            place, ticket = await core.signin.begin(name, out, form.session.digest)
    except SignInFailed as exc:
        return _failed("/dashboard", name, exc)
    title = title_of(core.signin.modules[name])
    response = small(
        "Link an account",
        el("h1", "Link an account"),
        el("p", f"You go on to {title}, and come back here when you have signed in there."),
        el("p", el("a", f"Go on to {title}", href=place, class_="button", rel="noreferrer")),
        head=el("meta", http_equiv="refresh", content=f"0; url={place}"),
    )
    put_cookie(request, response, TICKET, ticket, GOOD_FOR_S)
    return response


async def callback(request: web.Request) -> web.Response:
    """Back from the service: 303 to the dashboard, signed in; or to where it began, with a reason of FAILED."""
    name, query = _module(request, request.match_info["module"]), request.query
    answer = Answer(query.get("state"), query.get("code"), query.get("iss"), query.get("error"))
    place = "/"
    try:
        async with Asking() as out:
            ticket, profile = await request.app[CORE].signin.finish(name, answer, cookie_of(request, TICKET) or "", out)
        place = "/dashboard" if ticket.session else "/"
        response = await _arrived(request, name, ticket, profile)
    except SignInFailed as exc:
        response = _failed(place, name, exc)
    put_cookie(request, response, TICKET, "", 0)
    return response


async def _arrived(request: web.Request, name: str, ticket: Ticket, profile: Profile) -> web.Response:
    if ticket.session:
        return await _linked(request, ticket, profile)
    return await welcome(request, await _entered(request, name, profile))


async def _linked(request: web.Request, ticket: Ticket, profile: Profile) -> web.Response:
    """Link the account to whoever asked for it, if they are still signed in, with that same log-in."""
    session = await session_of(request)
    if session is None or session.digest.hex() != ticket.session:
        raise SignInFailed(Why.STALE, "who wanted to link is not signed in any more")
    try:
        await request.app[CORE].signin.identities.link(session.user, profile)
    except Conflict as exc:
        raise SignInFailed(Why.TAKEN, f"subject {profile.subject!r} of {profile.issuer}") from exc
    return go("/dashboard?done=linked")


async def _entered(request: web.Request, name: str, profile: Profile) -> User:
    core = request.app[CORE]
    module = core.signin.modules[name]

    def is_free(home: str) -> bool:
        with core.use() as mount:
            return not mount.root.is_taken((home,))

    try:
        return await core.signin.identities.enter(profile, module.allow, module.create, is_free)
    except VolumeUnavailable as exc:
        raise SignInFailed(Why.FULL, "the disk is not there, so nobody can be added") from exc


def _failed(place: str, name: str, exc: SignInFailed) -> web.Response:
    """Back to *place* with the reason; the log gets the detail, in which there is no code, token or secret.

    An answer that nobody asked for is not worth a line: anybody can send one.
    """
    level = logging.DEBUG if exc.why is Why.STALE else logging.WARNING
    log.log(level, "signing in with %s failed (%s): %s", name, exc.why, exc.detail)
    return go(f"{place}?why={exc.why}")
