"""Signing in to the web page, and the dashboard (`docs/signin.md`).

    GET  /                       the sign-in page; whoever is signed in goes to /dashboard      entrance
    POST /signin /signout        with a password of this box                                    entrance
    GET  /login/<module>         to another service, to sign in with an account there            elsewhere
    GET  /callback/<module>      and back from it: 303 to /dashboard, or to / with a reason       elsewhere
    GET  /dashboard              keys of apps, devices, linked accounts                         dashboard
    POST /refresh                a new key for an app, shown this once; GET only redirects      dashboard
    POST /dashboard/…            what else its buttons do                                       buttons
    GET  /signin/… /images/…     style, script, pictures                                        assets

HTML made here, by the server; it works without scripts and asks no other host for anything. Log-ins are cookies
(`web/cookies.py`); every POST must come from a page of ours, with the token of the log-in in its form. Bookmarks and
clients of the first SxncD server know `/`, `/dashboard` and `/refresh`.
"""

from __future__ import annotations

from aiohttp import web

from syncd.dialects.dialect import Dialect, by_name
from syncd.errors import SyncError

on = by_name(__name__)


def problem(status: int, exc: SyncError) -> web.Response:
    """An error as a page; loaded when there is one."""
    from syncd.dialects.signin.frame import problem_page

    return problem_page(status, exc)


ROUTES = [
    web.get("/", on("entrance.home")),
    web.post("/signin", on("entrance.sign_in")),
    web.post("/signout", on("entrance.sign_out")),
    web.get("/login/{module}", on("elsewhere.login")),
    web.get("/callback/{module}", on("elsewhere.callback")),
    web.get("/dashboard", on("dashboard.show")),
    web.get("/refresh", on("dashboard.no_refresh")),
    web.post("/refresh", on("dashboard.refresh")),
    web.post("/dashboard/key/revoke", on("buttons.revoke_key")),
    web.post("/dashboard/app-device/forget", on("buttons.forget_app_device")),
    web.post("/dashboard/device/revoke", on("buttons.revoke_device")),
    web.post("/dashboard/account/link", on("elsewhere.link")),
    web.post("/dashboard/account/unlink", on("buttons.unlink")),
    web.post("/dashboard/sessions/end", on("buttons.end_others")),
    web.get("/signin/style.css", on("assets.style")),
    web.get("/signin/page.js", on("assets.script")),
    web.get("/signin/apps.css", on("assets.app_colours")),
    web.get("/signin/logo/{app}", on("assets.logo")),
    web.get("/images/icon.svg", on("assets.icon")),
]

DIALECT = Dialect("signin", ROUTES, problem)
