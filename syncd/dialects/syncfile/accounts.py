"""`/v1/userRegister`, `/v1/getAuthID` and `/v1/isAuthAlive` (protocol §2)."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from syncd.core import registration
from syncd.core.passwords import MIN_CHARACTERS
from syncd.dialects.syncfile.access import credentials, holder
from syncd.dialects.syncfile.answers import Code, Refused, told
from syncd.errors import BadName, BadRequest, Busy, Conflict, Forbidden, TooManyAttempts, Unauthenticated
from syncd.web.auth import address_of
from syncd.web.keys import CORE

REFUSED_CHARACTERS = frozenset('\\/:*?"<>|')
MOST_CHARACTERS = 200  # of a name and of an e-mail address


async def register(request: web.Request) -> web.Response:
    """1000 with a new account; checks in the order of §2.1."""
    asked = await credentials(request, Code.BLANK)
    name, password, email = asked.get("username", ""), asked.get("password", ""), asked.get("email", "")
    if not REFUSED_CHARACTERS.isdisjoint(name):
        raise Refused(Code.BAD_NAME)
    if not (name.strip() and password.strip() and email.strip()):
        raise Refused(Code.BLANK)
    if len(name) > MOST_CHARACTERS:
        raise Refused(Code.BAD_NAME, f"username cannot have more than {MOST_CHARACTERS} characters")
    if len(email) > MOST_CHARACTERS or not email.isprintable():
        raise Refused(Code.BLANK, f"an email has at most {MOST_CHARACTERS} characters, all of which can be seen")
    core = request.app[CORE]
    least = 1 if core.config.syncfile.short_passwords else MIN_CHARACTERS
    try:
        await registration.register(core, name, password, address_of(request), email=email, least=least)
    except BadName as exc:
        raise Refused(Code.BAD_NAME, exc.text) from exc
    except Conflict as exc:
        raise Refused(Code.EMAIL_TAKEN if exc.code == "email_exists" else Code.NAME_TAKEN) from exc
    except (BadRequest, Forbidden, TooManyAttempts, Busy) as exc:
        # The protocol has no code for a weak password, for a closed door or for haste; people are shown the words.
        raise Refused(Code.BLANK, exc.text) from exc
    return told(Code.REGISTERED)


async def log_in(request: web.Request) -> web.Response:
    """1010 with a new authid; 1011 for a wrong name, a wrong password, and whoever tries too often."""
    asked = await credentials(request, Code.NOT_LOGGED_IN, authid="")
    name, password = asked.get("username", ""), asked.get("password", "")
    if not name or not password:
        raise Refused(Code.NOT_LOGGED_IN, authid="")
    core = request.app[CORE]
    try:
        proof = await core.accounts.prove(name, password, address_of(request))
        authid = await core.authids.issue(proof.user, proof)
    except (Unauthenticated, BadName) as exc:
        raise Refused(Code.NOT_LOGGED_IN, authid="") from exc
    except (TooManyAttempts, Busy) as exc:
        words = f"auth failure. {exc.text} (next try in {exc.retry_s} seconds)"
        raise Refused(Code.NOT_LOGGED_IN, words, authid="", retry_after=exc.retry_s) from exc
    return told(Code.LOGGED_IN, authid=authid)


async def is_alive(request: web.Request) -> web.Response:
    """1020 with the time of the log-in; 1021 for an authid that is unknown or over."""
    asked = await credentials(request, Code.DEAD, auth_time="")
    found = await holder(request, asked)
    return told(Code.ALIVE, auth_time=f"UTC: {clock_time(found.since.wall_ms)}")


def clock_time(when_ms: int) -> str:
    """`YYYY-MM-DD HH:MM:SS` in UTC, of Unix ms."""
    return f"{datetime.fromtimestamp(when_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}"
