"""Who is signed in at the web page, and which forms are its own. No other door takes a cookie.

Over TLS, that is for the address in `[server] public_url`, the cookie is `__Host-syncd`, which a browser takes only
from that very host over TLS. For any other name of the box, as it is called at home, it is `syncd`.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from syncd.core.signin.origin import is_own_page, is_public_host
from syncd.core.signin.sessions import WebSession, is_form_of
from syncd.errors import BadRequest, Forbidden, Unauthenticated
from syncd.web.bodies import read_fields
from syncd.web.keys import CORE

SESSION = "syncd"
TICKET = "syncd-ticket"
FORM_BYTES = 8 << 10
FORM_TOKEN = "form_token"


@dataclass(frozen=True, slots=True)
class Form:
    """A form of our own page, sent by somebody who is signed in."""

    session: WebSession
    fields: dict[str, str]

    def text(self, name: str) -> str:
        """A field that must be there; raises BadRequest."""
        found = self.fields.get(name, "")
        if not found:
            raise BadRequest(f"the form lacks {name}")
        return found


def _name(request: web.Request, name: str) -> str:
    public_url = request.app[CORE].config.server.public_url
    return f"__Host-{name}" if is_public_host(request.headers.get("Host", ""), public_url) else name


def cookie_of(request: web.Request, name: str) -> str | None:
    """The cookie that the browser has from us; None without one."""
    return request.cookies.get(_name(request, name))


def put_cookie(request: web.Request, response: web.StreamResponse, name: str, value: str, max_age_s: int) -> None:
    """Have the browser keep *value* for that long; 0 seconds forget it. Scripts never see it, nor do other sites."""
    full = _name(request, name)
    secure = full != name or request.headers.get("Origin", "").startswith("https://")
    response.set_cookie(full, value, path="/", max_age=max_age_s, httponly=True, samesite="Lax", secure=secure)


async def session_of(request: web.Request) -> WebSession | None:
    """Who is signed in; None for nobody."""
    cookie = cookie_of(request, SESSION)
    return await request.app[CORE].signin.sessions.find(cookie) if cookie is not None else None


async def own_form(request: web.Request) -> dict[str, str]:
    """The fields of a form; raises Forbidden unless a page of ours sent it, BadRequest."""
    headers, public_url = request.headers, request.app[CORE].config.server.public_url
    origin, fetch_site = headers.get("Origin"), headers.get("Sec-Fetch-Site")
    if not is_own_page(origin, fetch_site, headers.get("Host", ""), public_url):
        raise Forbidden("this form was not sent from a page of this server; open the page itself, and try again")
    return await read_fields(request, FORM_BYTES)


async def signed_form(request: web.Request) -> Form:
    """As own_form, from somebody who is signed in and got that form; raises Unauthenticated, Forbidden."""
    fields = await own_form(request)
    session = await session_of(request)
    if session is None:
        raise Unauthenticated("you are signed out by now; sign in again")
    if not is_form_of(session, fields.get(FORM_TOKEN, "")):
        raise Forbidden("this form belongs to another log-in; go back, load the page again, and try once more")
    return Form(session, fields)
