"""`/dashboard`, and making keys: the one page on which a key is ever seen."""

from __future__ import annotations

from aiohttp import web

from syncd.core.signin.services import title_of
from syncd.core.signin.sessions import WebSession
from syncd.dialects.signin import cards
from syncd.dialects.signin.cards import AppCard, View
from syncd.dialects.signin.frame import go, page
from syncd.dialects.signin.html import el
from syncd.dialects.signin.words import DONE, FAILED
from syncd.errors import NotFound, Unauthenticated
from syncd.web.cookies import session_of, signed_form
from syncd.web.keys import CORE


async def show(request: web.Request) -> web.Response:
    """200 for somebody who is signed in, else 303 to the sign-in page."""
    session = await session_of(request)
    if session is None:
        return go("/")
    done, why = request.query.get("done", ""), request.query.get("why", "")
    return _page(await _view(request, session), DONE.get(done, ""), FAILED.get(why, ""))


async def no_refresh(request: web.Request) -> web.Response:
    """A GET changes nothing: 303 to the dashboard, or to the sign-in page."""
    return go("/dashboard" if await session_of(request) is not None else "/")


async def refresh(request: web.Request) -> web.Response:
    """A new key for `app`, seen in this answer alone; the old one is dead. 303 to `/` when signed out, 404: no app."""
    try:
        form = await signed_form(request)
    except Unauthenticated:
        return go("/?why=signed-out")
    core, app = request.app[CORE], form.text("app")
    if core.config.app(app) is None:
        raise NotFound("there is no such app here")
    key = await core.keys.rotate(form.session.user, app)
    return _page(await _view(request, form.session, app, key))


async def _view(request: web.Request, session: WebSession, fresh_app: str = "", fresh_key: str = "") -> View:
    core, user = request.app[CORE], session.user
    keys = {one.app: one for one in await core.keys.of(user)}
    apps = [
        AppCard(
            section,
            keys.get(section.name),
            tuple(await core.settings.devices(user, section.name)),
            fresh_key if section.name == fresh_app else "",
        )
        for section in core.config.apps
    ]
    return View(
        user=user,
        form_token=session.form_token,
        apps=tuple(apps),
        devices=tuple(await core.accounts.devices(user)),
        accounts=tuple(await core.signin.identities.of(user)),
        services=tuple((name, title_of(one)) for name, one in core.signin.modules.items()),
        others=await core.signin.sessions.others(session),
        now_ms=core.keeper.now_ms,
    )


def _page(view: View, done: str = "", wrong: str = "") -> web.Response:
    return page(
        "Dashboard · syncd",
        cards.header(view),
        el(
            "main",
            el("p", done, class_="done", role="status") if done else None,
            el("p", wrong, class_="wrong", role="alert") if wrong else None,
            cards.apps(view),
            cards.devices(view),
            cards.accounts(view),
            cards.sessions(view),
        ),
        el("p", class_="toast", role="status", aria_live="polite", id="toast"),
        head=cards.head(),
    )
