"""The sign-in page, signing in with a password of this box, and signing out."""

from __future__ import annotations

from aiohttp import web

from syncd.core.proof import Proof
from syncd.core.signin.services import title_of
from syncd.core.signin.sessions import ABSOLUTE_MS
from syncd.dialects.signin.frame import go, small
from syncd.dialects.signin.html import Markup, el, joined
from syncd.dialects.signin.words import FAILED
from syncd.errors import BadName, Busy, TooManyAttempts, Unauthenticated
from syncd.model import User
from syncd.web.auth import address_of
from syncd.web.cookies import SESSION, cookie_of, own_form, put_cookie, session_of, signed_form
from syncd.web.keys import CORE


async def home(request: web.Request) -> web.Response:
    """200 with the sign-in page; 303 to the dashboard for somebody who is signed in. `why` is a word of FAILED."""
    if await session_of(request) is not None:
        return go("/dashboard")
    return sign_in_page(request, FAILED.get(request.query.get("why", ""), ""))


async def sign_in(request: web.Request) -> web.Response:
    """303 to the dashboard; 401 or 429 with the page again, and the name as it was typed."""
    fields = await own_form(request)
    name, password = fields.get("user", ""), fields.get("password", "")
    try:
        proof = await request.app[CORE].accounts.prove(name, password, address_of(request))
        return await welcome(request, proof.user, proof=proof)
    except (Unauthenticated, BadName):
        return sign_in_page(request, FAILED["wrong"], name, status=401)
    except (TooManyAttempts, Busy) as exc:
        text = f"Too many attempts. Wait {exc.retry_s} seconds, then try again."
        return sign_in_page(request, text, name, status=429, retry_s=exc.retry_s)


async def welcome(
    request: web.Request, user: User, place: str = "/dashboard", proof: Proof | None = None
) -> web.Response:
    """A new log-in for *user*, whoever was signed in before; on to *place*. Raises Unauthenticated as *proof*."""
    cookie = await request.app[CORE].signin.sessions.begin(user, cookie_of(request, SESSION), proof)
    response = go(place)
    put_cookie(request, response, SESSION, cookie, ABSOLUTE_MS // 1000)
    return response


async def sign_out(request: web.Request) -> web.Response:
    """303 to the sign-in page; the cookie is dead at once. Also for somebody who is signed out already."""
    try:
        form = await signed_form(request)
    except Unauthenticated:
        return go("/")
    await request.app[CORE].signin.sessions.end(form.session)
    response = go("/")
    put_cookie(request, response, SESSION, "", 0)
    return response


def sign_in_page(
    request: web.Request, wrong: str = "", name: str = "", *, status: int = 200, retry_s: int | None = None
) -> web.Response:
    """The sign-in page, with what went wrong before."""
    response = small(
        "Sign in",
        el("h1", "Sign in to syncd"),
        el("p", wrong, class_="wrong", role="alert") if wrong else None,
        _services(request),
        _password_form(name),
        status=status,
    )
    if retry_s is not None:
        response.headers["Retry-After"] = str(retry_s)
    return response


def _services(request: web.Request) -> Markup | None:
    """A button for each service of the configuration."""
    modules = request.app[CORE].signin.modules
    if not modules:
        return None
    buttons = (el("a", title_of(one), href=f"/login/{name}", class_="button") for name, one in modules.items())
    return joined(el("div", *buttons, class_="services"), el("p", "or with a password", class_="or"))


def _password_form(name: str) -> Markup:
    user = el(
        "input",
        id="user",
        name="user",
        value=name,
        autocomplete="username",
        autocapitalize="none",
        spellcheck="false",
        maxlength="255",
        required=True,
        autofocus=not name,
    )
    password = el(
        "input",
        id="password",
        name="password",
        type="password",
        autocomplete="current-password",
        maxlength="256",
        required=True,
        autofocus=bool(name),
    )
    return el(
        "form",
        joined(el("label", "User name", for_="user"), user),
        joined(el("label", "Password", for_="password"), password),
        el("button", "Sign in", type="submit", class_="main"),
        method="post",
        action="/signin",
    )
