"""What all pages have in common: headers that let nothing in, the frame, and errors as a page."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from syncd.dialects.signin.html import Child, document, el
from syncd.errors import SyncError

# Nothing is loaded but our own style, script and pictures, no form goes elsewhere, nobody may put this into a frame.
# `same-origin`, not `no-referrer`: with the latter browsers say "Origin: null" of our own forms (Fetch §3.2).
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "clipboard-write=(self)",
    "Cache-Control": "no-store",
}


def page(title: str, *body: Child, status: int = 200, head: Child = None) -> web.Response:
    """A page as an answer."""
    return web.Response(
        status=status, text=document(title, *body, head=head), content_type="text/html", headers=HEADERS
    )


def go(place: str) -> web.Response:
    """Send the browser to *place*, an address of ours, with a GET."""
    return web.Response(status=303, headers={**HEADERS, "Location": place})


def small(title: str, *content: Child, status: int = 200, head: Child = None) -> web.Response:
    """A page with one thing on it, in the middle."""
    logo = el("img", src="/images/icon.svg", alt="", width="56", height="56")
    return page(f"{title} · syncd", el("main", logo, *content, class_="small"), status=status, head=head)


def problem_page(status: int, exc: SyncError) -> web.Response:
    """*exc* for a person, with the way back."""
    return small(
        HTTPStatus(status).phrase,
        el("h1", "That did not work"),
        el("p", exc.text[:1].upper() + exc.text[1:] + "."),
        el("p", el("a", "Back to the start", href="/", class_="button")),
        status=status,
    )
