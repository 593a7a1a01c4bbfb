"""Everything about signing in to the web page, in one place: log-ins, and the services of the configuration."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from syncd.config import Config
from syncd.core.accounts import Accounts
from syncd.core.signin.failure import SignInFailed, Why
from syncd.core.signin.identities import Identities
from syncd.core.signin.outgoing import Outgoing
from syncd.core.signin.profile import Profile
from syncd.core.signin.sessions import WebSessions
from syncd.core.signin.tickets import Ticket, Tickets
from syncd.core.timekeeper import Timekeeper
from syncd.db.database import Database
from syncd.modules import GithubSection, GoogleSection, Module, OidcSection

SECRET_BYTES = 4096
MOST_ASKING = 32


class Service(Protocol):
    """One other service: where the browser goes, and who came back."""

    async def begin(self, ticket: Ticket, out: Outgoing) -> str: ...

    async def finish(self, ticket: Ticket, code: str, issuer: str | None, secret: str, out: Outgoing) -> Profile: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service sent the browser back with; None for what was not in it."""

    state: str | None
    code: str | None
    issuer: str | None
    error: str | None


class SignIn:
    """Log-ins of browsers, and accounts at other services. *config* is that of the start."""

    def __init__(self, db: Database, accounts: Accounts, keeper: Timekeeper, config: Config) -> None:
        self.sessions = WebSessions(db, keeper)
        self.identities = Identities(db, accounts, keeper)
        self.tickets = Tickets(time.monotonic)
        self.modules = config.modules
        self._keeper = keeper
        self._asking = 0
        self._public_url = config.server.public_url

    @cached_property
    def _services(self) -> dict[str, Service]:
        return {name: self._service(name, module) for name, module in self.modules.items()}

    def _service(self, name: str, module: Module) -> Service:
        callback = f"{self._public_url}/callback/{name}"
        if isinstance(module, GithubSection):
            from syncd.core.signin.github import Github

            return Github(module, callback)
        from syncd.core.signin.openid import OpenId

        return OpenId(module, callback, time.monotonic)

    async def begin(self, name: str, out: Outgoing, session: bytes = b"") -> tuple[str, str]:
        """Where the browser goes to sign in with module *name*, and the ticket for its cookie; raises SignInFailed.

        *session* is the hash of the log-in that wants to link an account.
        """
        self._require_time(name)
        ticket, cookie = self.tickets.issue(name, session)
        with self._one_more():
            return await self._services[name].begin(ticket, out), cookie

    async def finish(self, name: str, answer: Answer, cookie: str, out: Outgoing) -> tuple[Ticket, Profile]:
        """Who came back, and the ticket they had; raises SignInFailed. A ticket is good for one attempt."""
        ticket = self.tickets.redeem(cookie, name, answer.state or "")
        if answer.error is not None or not answer.code:
            raise SignInFailed(Why.DENIED, "the service says no")
        self._require_time(name)
        secret = secret_of(self.modules[name])
        with self._one_more():
            return ticket, await self._services[name].finish(ticket, answer.code, answer.issuer, secret, out)

    @contextmanager
    def _one_more(self) -> Iterator[None]:
        """Bounds how many ask a service at once: a slow one must not gather all the connections of the box."""
        if self._asking >= MOST_ASKING:
            raise SignInFailed(Why.SERVICE, f"{MOST_ASKING} log-ins wait for a service already")
        self._asking += 1
        try:
            yield
        finally:
            self._asking -= 1

    def _require_time(self, name: str) -> None:
        """An ID token says until when it is good, which means nothing to a box that does not know how late it is."""
        if not isinstance(self.modules[name], GithubSection) and not self._keeper.is_trusted():
            raise SignInFailed(Why.CLOCK, "the clock of this box is not set yet")


def title_of(module: Module) -> str:
    """What a button for it says."""
    if isinstance(module, OidcSection):
        return module.title or "OpenID Connect"
    return "Google" if isinstance(module, GoogleSection) else "GitHub"


def secret_of(module: Module) -> str:
    """The secret of a module, from its file if it names one; raises SignInFailed when that cannot be read."""
    if not module.client_secret_file:
        return module.client_secret.text
    try:
        with Path(module.client_secret_file).open("rb") as file:
            return file.read(SECRET_BYTES).decode().strip()
    except (OSError, ValueError) as exc:
        raise SignInFailed(Why.SERVICE, f"client_secret_file cannot be read: {type(exc).__name__}") from exc
