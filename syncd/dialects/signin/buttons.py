"""What the dashboard's buttons do. Each POST ends in a 303 to the dashboard, which says what was done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from syncd.dialects.signin.frame import go
from syncd.errors import NotFound, Unauthenticated
from syncd.web.cookies import Form, signed_form
from syncd.web.keys import CORE


async def _pressed(request: web.Request, act: Callable[[Form], Awaitable[None]], done: str) -> web.Response:
    """Do what a button says; 303 to the sign-in page for somebody who is signed out by now. Raises as signed_form."""
    try:
        form = await signed_form(request)
    except Unauthenticated:
        return go("/?why=signed-out")
    with suppress(NotFound):  # pressed twice, or done elsewhere: it is as wished
        await act(form)
    return go(f"/dashboard?done={done}")


async def revoke_key(request: web.Request) -> web.Response:
    """The key of `app` is dead."""
    keys = request.app[CORE].keys
    return await _pressed(request, lambda form: keys.revoke(form.session.user, form.text("app")), "key-revoked")


async def forget_app_device(request: web.Request) -> web.Response:
    """`device` is new to `app` at its next call."""
    settings = request.app[CORE].settings

    async def forget(form: Form) -> None:
        await settings.forget_device(form.session.user, form.text("app"), form.text("device"))

    return await _pressed(request, forget, "device-forgotten")


async def revoke_device(request: web.Request) -> web.Response:
    """All keys of the user's phone or computer `device` are dead; 403 for somebody else's."""
    accounts = request.app[CORE].accounts

    async def revoke(form: Form) -> None:
        device = await accounts.device(form.session.user, form.text("device"))
        await accounts.revoke_device(device.id)

    return await _pressed(request, revoke, "device-revoked")


async def unlink(request: web.Request) -> web.Response:
    """The account `issuer`, `subject` is not the user's any more; 409 when nobody could sign in as them then."""
    identities = request.app[CORE].signin.identities

    async def take_away(form: Form) -> None:
        await identities.unlink(form.session.user, form.text("issuer"), form.text("subject"), keep_a_way_in=True)

    return await _pressed(request, take_away, "unlinked")


async def end_others(request: web.Request) -> web.Response:
    """Every other browser of the user is signed out."""
    sessions = request.app[CORE].signin.sessions
    return await _pressed(request, lambda form: sessions.end_others(form.session), "others-ended")
