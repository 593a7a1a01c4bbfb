"""GitHub: OAuth 2 with PKCE, and an interface of its own. The id of an account is for ever, its login is not."""

from __future__ import annotations

from urllib.parse import urlencode

from syncd.core.signin.failure import SignInFailed, Why
from syncd.core.signin.outgoing import Outgoing, object_in, parsed, text_of
from syncd.core.signin.profile import Profile
from syncd.core.signin.tickets import Ticket
from syncd.modules import GithubSection


class Github:
    """GitHub, or an Enterprise server of somebody's own."""

    def __init__(self, section: GithubSection, callback: str) -> None:
        self._section = section
        self._callback = callback
        # E-mail addresses are asked for only where they decide who may come in.
        self._wants_emails = any("@" in one for one in section.allow)

    async def begin(self, ticket: Ticket, out: Outgoing) -> str:
        """The address at GitHub to which the browser goes."""
        query = {
            "client_id": self._section.client_id,
            "redirect_uri": self._callback,
            "state": ticket.state,
            "code_challenge": ticket.challenge,
            "code_challenge_method": "S256",
            "scope": "user:email" if self._wants_emails else "",
        }
        return f"{self._section.url}/login/oauth/authorize?{urlencode({k: v for k, v in query.items() if v})}"

    async def finish(self, ticket: Ticket, code: str, issuer: str | None, secret: str, out: Outgoing) -> Profile:
        """Who came back with *code*; raises SignInFailed."""
        section = self._section
        if issuer not in (None, section.url, f"{section.url}/login/oauth"):
            raise SignInFailed(Why.STALE, f"the answer is not from {section.url}")
        fields = {
            "client_id": section.client_id,
            "client_secret": secret,
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": ticket.verifier,
        }
        url = f"{section.url}/login/oauth/access_token"
        token = text_of(object_in(await out.post(url, fields, {}), "tokens"), "access_token")
        if not token:  # an error comes with status 200 here
            raise SignInFailed(Why.SERVICE, "tokens: none was given out")
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        user = object_in(await out.get(f"{section.api_url}/user", headers), "user")
        number, login = user.get("id"), text_of(user, "login")
        if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
            raise SignInFailed(Why.SERVICE, "user: no id")
        names = tuple(name for name in (login, text_of(user, "name")) if name)
        emails = await self._emails(headers, out) if self._wants_emails else ()
        return Profile(section.url, str(number), names, emails)

    async def _emails(self, headers: dict[str, str], out: Outgoing) -> tuple[str, ...]:
        """The verified ones; none when GitHub does not tell."""
        found = parsed(await out.get(f"{self._section.api_url}/user/emails", headers), "emails")
        if not isinstance(found, list):
            raise SignInFailed(Why.SERVICE, "emails: no list")
        rows = [one for one in found if isinstance(one, dict) and one.get("verified") is True]
        return tuple(email for one in rows if (email := text_of(one, "email")))
